// lm-evaluation-harness 0.4: samples_TASK_DATE.jsonl, one line a document and filter; `resps` holds the generations as they came, before any
// filter. Until 0.4.4 `arguments` was a list of lists and the names of metrics were not listed.
#include <set>

#include "base/error.h"
#include "base/strings.h"
#include "evaluation/harness/foreign_document.h"

namespace reprise::evaluation {
namespace {

using nlohmann::json;

// "2026-11-26T10-00-00.000000" behind the last '_' of a name without its extension.
std::string date_of(const std::string& stem) {
  const size_t mark = stem.rfind('_');
  return mark == std::string::npos || stem.find('T', mark) == std::string::npos ? "" : stem.substr(mark + 1);
}

struct Request {
  const json* context = nullptr;
  const json* second = nullptr;  // what the generation ends at and how it is drawn; of a choice, the option
};

std::vector<Request> requests_of(const json& row) {
  std::vector<Request> out;
  const json* arguments = part(row, "arguments");
  if (!arguments || (!arguments->is_object() && !arguments->is_array())) throw Error("lacks 'arguments'");
  for (const json& one : *arguments) {
    Request request;
    if (one.is_object()) {
      request = {part(one, "arg_0"), part(one, "arg_1")};
    } else if (one.is_array() && !one.empty()) {
      request = {&one[0], one.size() > 1 ? &one[1] : nullptr};
    }
    if (!request.context) throw Error("has arguments without a prompt");
    out.push_back(request);
  }
  if (out.empty()) throw Error("has no arguments");
  return out;
}

void read_settings(const json& settings, Protocol& protocol) {
  const json* sample = part(settings, "do_sample");
  const auto temperature = number_of(part(settings, "temperature"));
  if (sample && sample->is_boolean() && !sample->get<bool>()) protocol["temperature"] = "0";
  else if (temperature) protocol["temperature"] = condition_text(*temperature);
  if (const auto top_p = number_of(part(settings, "top_p"))) protocol["top_p"] = condition_text(*top_p);
  for (const char* key : {"max_gen_toks", "max_new_tokens", "max_tokens"}) {
    if (const auto most = number_of(part(settings, key)); most && !protocol.contains("max_completion_length")) protocol["max_completion_length"] = condition_text(*most);
  }
}

// "-1.25" of ["-1.25", "False"]: log-probabilities are written as texts.
std::optional<double> log_probability(const json& response) {
  const json* value = response.is_array() && !response.empty() ? &response[0] : &response;
  while (value->is_array() && !value->empty()) value = &(*value)[0];
  if (value->is_number()) return value->get<double>();
  return value->is_string() ? parse_double(value->get<std::string>()) : std::nullopt;
}

void read_metrics(const json& row, ForeignDocument& out) {
  const std::string filter = plain_text(part(row, "filter"));
  const auto put = [&](const std::string& name, const json* value) {
    if (const auto number = number_of(value)) out.metrics[filter.empty() || filter == "none" ? name : name + "," + filter] = *number;
  };
  if (const json* names = part(row, "metrics"); names && names->is_array()) {
    for (const json& name : *names) {
      if (name.is_string()) put(name.get<std::string>(), part(row, name.get<std::string>().c_str()));
    }
    return;
  }
  static const std::set<std::string> others = {"doc_id", "doc", "target", "arguments", "resps", "filtered_resps", "filter", "doc_hash", "prompt_hash", "target_hash"};
  for (const auto& [name, value] : row.items()) {
    if (!others.contains(name)) put(name, &value);
  }
}

// Generations of one request, several where the task repeats it; or, of options, one log-probability a request.
void read_responses(const json& row, const std::vector<Request>& requests, ForeignDocument& out) {
  const json* responses = part(row, "resps");
  if (!responses || !responses->is_array() || responses->empty()) throw Error("lacks 'resps'");
  if (requests[0].second && requests[0].second->is_object()) {
    if (responses->size() != 1 || !(*responses)[0].is_array()) throw Error("has generations of " + std::to_string(responses->size()) + " requests, where one is wanted");
    for (const json& response : (*responses)[0]) {
      if (response.is_string()) out.samples.push_back({.text = response.get<std::string>()});
      else ++out.num_missing;
    }
    read_settings(*requests[0].second, out.protocol);
    out.protocol["num_generations"] = std::to_string((*responses)[0].size());
    return;
  }
  if (!requests[0].second) throw Error("holds no generation but the log-probability of a text", "", "there is nothing to grade in it");
  std::vector<double> values;
  for (const json& response : *responses) {
    const auto value = log_probability(response);
    if (!value) throw Error("has a response that is neither text nor a log-probability");
    values.push_back(*value);
  }
  out.samples.push_back({.answer = letter_of_greatest(values)});
  // The reference is the right option's number.
  if (const auto right = parse_int(out.gold); right && *right >= 0 && *right < 26) out.gold = static_cast<char>('A' + *right);
}

}  // namespace

ForeignDocument read_lm_eval_row(const json& row) {
  ForeignDocument out;
  out.key = plain_text(part(row, "doc_id"));
  if (out.key.empty()) throw Error("lacks 'doc_id'");
  const std::vector<Request> requests = requests_of(row);
  out.prompt = requests[0].context->is_string() ? requests[0].context->get<std::string>() : requests[0].context->dump();
  if (const json* document = part(row, "doc"); document && document->is_object()) {
    out.texts = problem_texts(*document);
    for (const char* key : {"task_id", "unique_id", "question_id", "problem_id", "id"}) {
      if (out.id.empty()) out.id = plain_text(part(*document, key));
    }
  }
  out.texts.push_back(out.prompt);
  out.gold = plain_text(part(row, "target"));
  if (const size_t mark = out.gold.rfind("####"); mark != std::string::npos) out.gold = std::string(trim(std::string_view(out.gold).substr(mark + 4)));  // GSM8K
  read_metrics(row, out);
  read_responses(row, requests, out);
  return out;
}

std::string lm_eval_task_of(const std::filesystem::path& file) {
  std::string stem = file.filename().string();
  for (const char* ending : {".gz", ".jsonl", ".json", ".parquet"}) {
    if (stem.ends_with(ending)) stem.resize(stem.size() - std::string_view(ending).size());
  }
  if (!stem.starts_with("samples_")) return "";
  const std::string date = date_of(stem);
  return date.empty() ? stem.substr(8) : stem.substr(8, stem.size() - 8 - date.size() - 1);
}

ForeignRun read_lm_eval_run(const std::filesystem::path& file, const std::string& task) {
  ForeignRun run;
  std::string stem = file.filename().string();
  stem = stem.substr(0, stem.rfind(".json"));
  const std::string date = date_of(stem);
  if (date.empty()) return run;
  // results_DATE.json, or NAME_DATE.json where --output_path was a file.
  std::vector<std::filesystem::path> candidates;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(file.has_parent_path() ? file.parent_path() : ".", ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.ends_with("_" + date + ".json")) candidates.push_back(entry.path());
  }
  if (candidates.size() != 1) return run;
  const json results = read_results(candidates[0]).value_or(json::object());
  run.results_file = candidates[0].string();
  run.model = plain_text(part(results, "model_name"));
  run.harness_version = plain_text(part(results, "lm_eval_version"));
  if (const json* shots = part(results, "n-shot"); shots && part(*shots, task.c_str())) run.protocol["num_shots"] = plain_text(part(*shots, task.c_str()));
  const auto instruction = results.find("system_instruction");
  if (instruction != results.end() && (instruction->is_null() || instruction->is_string())) run.protocol["system_prompt"] = instruction->is_string() ? instruction->get<std::string>() : "";
  if (const json* configs = part(results, "configs"); configs && part(*configs, task.c_str())) {
    const json& config = *part(*configs, task.c_str());
    const std::string test = plain_text(part(config, "test_split")), validation = plain_text(part(config, "validation_split"));
    if (!test.empty() || !validation.empty()) run.protocol["split"] = test.empty() ? validation : test;
    if (!run.protocol.contains("num_shots") && part(config, "num_fewshot")) run.protocol["num_shots"] = plain_text(part(config, "num_fewshot"));
  }
  return run;
}

}  // namespace reprise::evaluation
