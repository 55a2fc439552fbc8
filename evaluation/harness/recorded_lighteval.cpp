// lighteval: details_TASK_DATE.parquet, one row a document, all of its samples in it. Since 0.10 the row is {doc, metric, model_response};
// before, it is flat (full_prompt, predictions, gold, metrics, ...), and until 0.6 each of the flat columns is the text of Python's repr.
#include <algorithm>

#include "base/error.h"
#include "base/strings.h"
#include "evaluation/harness/foreign_document.h"
#include "evaluation/harness/python_literal.h"

namespace reprise::evaluation {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

void read_metrics(const json* metrics, ForeignDocument& out) {
  if (!metrics || !metrics->is_object()) return;
  for (const auto& [name, value] : metrics->items()) {
    if (const auto number = number_of(&value)) out.metrics[name] = *number;
  }
}

// The choices at gold_index, which is a number or a list of them.
std::string gold_of(const json* choices, const json* index) {
  if (!choices || !choices->is_array() || !index) return "";
  const json* one = index->is_array() && !index->empty() ? &(*index)[0] : index;
  if (!one->is_number_integer() || one->get<int64_t>() < 0 || one->get<int64_t>() >= static_cast<int64_t>(choices->size())) return "";
  std::string out = plain_text(&(*choices)[one->get<size_t>()]);
  if (const size_t mark = out.rfind("####"); mark != std::string::npos) out = out.substr(mark + 4);  // GSM8K's whole solution
  return std::string(trim(out));
}

// Token ids of each sample, however deep the list of them stands: [[1, 2], [3]] and [[[1, 2], [3]]].
void read_token_counts(const json* tokens, ForeignDocument& out) {
  while (tokens && tokens->is_array() && tokens->size() == 1 && (*tokens)[0].is_array() && !(*tokens)[0].empty() && (*tokens)[0][0].is_array()) tokens = &(*tokens)[0];
  if (!tokens || !tokens->is_array() || tokens->size() != out.samples.size()) return;
  for (size_t i = 0; i < out.samples.size(); ++i) {
    const json& ids = (*tokens)[i];
    if (ids.is_array() && !ids.empty() && ids[0].is_number()) out.samples[i].num_tokens = static_cast<int64_t>(ids.size());
  }
}

void read_texts(const json& texts, ForeignDocument& out) {
  for (const json& text : texts) {
    if (text.is_string()) out.samples.push_back({.text = text.get<std::string>()});
    else if (text.is_null()) ++out.num_missing;
    else throw Error("has a generation that is no text");
  }
}

// Only log-probabilities of the choices were asked for. The reference becomes a letter, as the answer is one.
void read_choice(const json* log_probabilities, const json* gold_index, ForeignDocument& out) {
  std::vector<double> values;
  if (log_probabilities && log_probabilities->is_array()) {
    for (const json& value : *log_probabilities) {
      const json* one = value.is_array() && !value.empty() ? &value[0] : &value;
      if (!one->is_number()) throw Error("has a log-probability that is no number");
      values.push_back(one->get<double>());
    }
  }
  if (values.empty()) throw Error("holds neither a generation nor log-probabilities of choices");
  out.samples.push_back({.answer = letter_of_greatest(values)});
  const json* index = gold_index && gold_index->is_array() && gold_index->size() == 1 ? &(*gold_index)[0] : gold_index;
  if (index && index->is_number_integer() && index->get<int64_t>() >= 0 && index->get<int64_t>() < 26) out.gold = static_cast<char>('A' + index->get<int64_t>());
}

ForeignDocument read_nested(const json& row) {
  ForeignDocument out;
  const json *doc = part(row, "doc"), *response = part(row, "model_response");
  if (!doc->is_object() || !response->is_object()) throw Error("has a 'doc' or a 'model_response' that is no group");
  std::string shots;
  out.task = bare_lighteval_task(plain_text(part(*doc, "task_name")), shots);
  if (!shots.empty()) out.protocol["num_shots"] = shots;
  out.key = plain_text(part(*doc, "id"));
  for (const char* key : {"original_query", "query"}) {
    if (const json* text = part(*doc, key); text && text->is_string() && !text->get_ref<const std::string&>().empty()) out.texts.push_back(text->get<std::string>());
  }
  out.gold = gold_of(part(*doc, "choices"), part(*doc, "gold_index"));
  const json* input = part(*response, "input");
  out.prompt = !input ? plain_text(part(*doc, "query")) : input->is_string() ? input->get<std::string>() : input->dump();
  read_metrics(part(row, "metric"), out);
  const json* texts = part(*response, "text");
  if (texts && texts->is_array() && !texts->empty()) {
    read_texts(*texts, out);
    out.protocol["num_generations"] = std::to_string(texts->size());
    read_token_counts(part(*response, "output_tokens"), out);
    const json* reasonings = part(*response, "reasonings");
    if (reasonings && reasonings->is_array() && reasonings->size() == out.samples.size()) {
      for (size_t i = 0; i < out.samples.size(); ++i) {
        if ((*reasonings)[i].is_string()) out.samples[i].reasoning = (*reasonings)[i].get<std::string>();
      }
    }
    if (const json* size = part(*doc, "generation_size"); size && size->is_number_integer()) out.protocol["max_completion_length"] = plain_text(size);
  } else {
    read_choice(part(*response, "logprobs"), part(*doc, "gold_index"), out);
  }
  return out;
}

// A flat column: as it is, or read out of Python's repr.
json flat(const json& row, const char* key) {
  const json* value = part(row, key);
  if (!value) return nullptr;
  if (!value->is_string()) return *value;
  const auto parsed = parse_python_literal(value->get_ref<const std::string&>());
  return parsed ? *parsed : json();
}

ForeignDocument read_flat(const json& row) {
  ForeignDocument out;
  out.prompt = plain_text(part(row, "full_prompt"));
  for (const char* key : {"example", "full_prompt"}) {
    if (const json* text = part(row, key); text && text->is_string()) out.texts.push_back(text->get<std::string>());
  }
  const json gold = flat(row, "gold"), choices = flat(row, "choices"), gold_index = flat(row, "gold_index");
  out.gold = plain_text(&gold);
  if (out.gold.empty()) out.gold = gold_of(&choices, &gold_index);
  if (const size_t mark = out.gold.rfind("####"); mark != std::string::npos) out.gold = std::string(trim(std::string_view(out.gold).substr(mark + 4)));
  const json metrics = flat(row, "metrics");
  read_metrics(&metrics, out);
  const json shots = flat(row, "num_effective_few_shots");
  if (shots.is_number_integer() && shots.get<int64_t>() >= 0) out.protocol["num_shots"] = shots.dump();
  const json predictions = flat(row, "predictions");
  if (!predictions.is_array()) throw Error("has 'predictions' that are no list", "", "it is a list, or what Python's repr makes of one");
  if (!predictions.empty() && (predictions[0].is_string() || predictions[0].is_null())) {
    read_texts(predictions, out);
    out.protocol["num_generations"] = std::to_string(predictions.size());
    const json tokens = flat(row, "cont_tokens");
    read_token_counts(&tokens, out);
  } else {
    read_choice(&predictions, &gold_index, out);
  }
  return out;
}

// "details_TASK_DATE.parquet" -> {TASK, DATE}.
std::pair<std::string, std::string> name_parts(const fs::path& file) {
  const std::string stem = file.stem().string();
  const size_t mark = stem.rfind('_');
  if (!stem.starts_with("details_") || mark < 8) return {};
  return {stem.substr(8, mark - 8), stem.substr(mark + 1)};
}

// Where lighteval and its repositories on the hub put the results of a run, as seen from its details.
std::vector<fs::path> results_of(const fs::path& file, const std::string& date) {
  const std::string name = "results_" + date + ".json";
  const fs::path folder = file.has_parent_path() ? file.parent_path() : ".";
  std::vector<fs::path> out = {folder / name, folder.parent_path() / name};
  // OUTPUT/details/MODEL/DATE/details_... and OUTPUT/results/MODEL/results_...
  fs::path model;
  for (fs::path at = folder.parent_path(); at.has_filename() && at != at.parent_path(); at = at.parent_path()) {
    if (at.filename() == "details") {
      out.push_back(at.parent_path() / "results" / model / name);
      break;
    }
    model = model.empty() ? at.filename() : at.filename() / model;
  }
  return out;
}

}  // namespace

ForeignDocument read_lighteval_row(const json& row) { return part(row, "model_response") && part(row, "doc") ? read_nested(row) : read_flat(row); }

std::string bare_lighteval_task(const std::string& name, std::string& shots) {
  // suite|task|shots|0, suite|task|shots, task|shots, task
  const std::vector<std::string> parts = split(name, '|');
  shots = parts.size() > 1 ? parts[parts.size() > 2 ? 2 : 1] : "";
  return parts[parts.size() > 2 ? 1 : 0];
}

std::string lighteval_task_of(const fs::path& file) {
  std::string shots;
  return bare_lighteval_task(name_parts(file).first, shots);
}

ForeignRun read_lighteval_run(const fs::path& file, const std::string& task) {
  ForeignRun run;
  const auto [full_task, date] = name_parts(file);
  if (date.empty()) return run;
  std::optional<json> results;
  for (const fs::path& candidate : results_of(file, date)) {
    if (results) break;
    results = read_results(candidate);
    if (results) run.results_file = candidate.string();
  }
  if (!results) return run;
  const json empty = json::object();
  const json& general = part(*results, "config_general") ? *part(*results, "config_general") : empty;
  const json& model = part(general, "model_config") ? *part(general, "model_config") : empty;
  run.model = plain_text(part(general, "model_name"));
  const std::string sha = plain_text(part(general, "lighteval_sha"));
  run.harness_version = sha == "?" ? "" : sha;
  const json* settings = part(model, "generation_parameters") ? part(model, "generation_parameters") : part(general, "generation_parameters");
  if (settings) {
    if (const auto temperature = number_of(part(*settings, "temperature"))) run.protocol["temperature"] = condition_text(*temperature);
    if (const auto top_p = number_of(part(*settings, "top_p"))) run.protocol["top_p"] = condition_text(*top_p);
    if (const auto most = number_of(part(*settings, "max_new_tokens"))) run.max_tokens = static_cast<int64_t>(std::clamp(*most, 0.0, 1e15));
  }
  if (const auto system = model.find("system_prompt"); system != model.end() && (system->is_null() || system->is_string())) run.protocol["system_prompt"] = system->is_string() ? system->get<std::string>() : "";
  if (const json* configs = part(*results, "config_tasks"); configs && configs->is_object()) {
    std::string shots;
    for (const auto& [name, config] : configs->items()) {
      if (bare_lighteval_task(name, shots) != task) continue;
      if (const std::string split = plain_text(part(config, "evaluation_splits")); !split.empty()) run.protocol["split"] = split;
      if (const auto size = number_of(part(config, "generation_size")); size && !run.max_tokens) run.max_tokens = static_cast<int64_t>(std::clamp(*size, 0.0, 1e15));
    }
  }
  if (run.max_tokens) run.protocol["max_completion_length"] = std::to_string(*run.max_tokens);
  return run;
}

}  // namespace reprise::evaluation
