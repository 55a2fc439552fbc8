#include "evaluation/harness/import_recording.h"

#include "base/error.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/strings.h"
#include "evaluation/harness/report.h"
#include "io/jsonl.h"

namespace reprise::evaluation {

using nlohmann::json;

namespace {

// A condition as the number that it is, where it is one.
json value_of(const std::string& text) {
  if (const auto whole = parse_int(text)) return *whole;
  if (const auto number = parse_double(text)) return *number;
  return text;
}

// As evaluation_run.cpp writes what it draws under, as far as the file states it.
json facts_of(const ForeignRow& row, bool has_completion, const BenchmarkProblems* problems) {
  json facts = {{"model", {{"name", row.model}}}, {"benchmark", {{"id", row.benchmark}}}};
  facts["engine"] = {{"name", "recorded"}, {"harness", row.harness}};
  if (!row.harness_version.empty()) facts["engine"]["version"] = row.harness_version;
  if (!row.task.empty()) facts["engine"]["task"] = row.task;
  if (!has_completion) facts["engine"]["verdicts_only"] = true;
  if (problems && row.is_matched) facts["benchmark"]["data_sha256"] = problems->data_sha256;
  static const std::pair<const char*, const char*> places[] = {{"temperature", "/sampling/temperature"}, {"top_p", "/sampling/top_p"}, {"max_completion_length", "/sampling/max_completion_length"}, {"num_shots", "/prompt/num_shots"},
                                                               {"system_prompt", "/prompt/system"}, {"prompt_suffix", "/prompt/suffix"}, {"split", "/benchmark/split"}};
  for (const auto& [condition, place] : places) {
    if (const auto found = row.protocol.find(condition); found != row.protocol.end()) facts[json::json_pointer(place)] = std::string(place).starts_with("/prompt/s") ? json(found->second) : value_of(found->second);
  }
  return facts;
}

class Keeper {
 public:
  Keeper(SampleStore& store, BenchmarkLibrary& library) : store_(store), library_(library) {}

  void keep(const ForeignRow& row, ImportSummary& summary) {
    const bool has_completion = row.completion.has_value();
    if (!has_completion && !row.correct) throw Error("a sample of problem '" + row.problem + "' has neither a completion nor a verdict", row.benchmark, "");
    const std::string protocol = store_.add_protocol(facts_of(row, has_completion, problems_of(row.benchmark)));
    const std::string prompt = sha256_hex(row.prompt);
    StoredSample sample{.key = sample_key(protocol, prompt, row.problem, row.sample), .protocol = protocol, .problem = row.problem, .index = row.sample, .prompt = prompt};
    sample.completion = row.completion.value_or("");
    sample.reasoning = row.reasoning.value_or("");
    if (row.finished) sample.stop_reason = *row.finished ? "stop" : "length";
    sample.num_tokens = row.num_tokens.value_or(-1);
    json details = json::object();
    if (row.correct) {
      details["recorded_correct"] = *row.correct;
      if (!row.correct_by.empty()) details["recorded_by"] = row.correct_by;
      ++summary.num_verdicts;
    }
    if (!row.answer.empty()) details["recorded_answer"] = row.answer;
    if (!row.gold.empty()) details["gold"] = row.gold;
    if (!row.document.empty()) details["document"] = row.document;
    sample.details = details.dump(-1, ' ', false, json::error_handler_t::replace);
    ++summary.num_samples;
    summary.num_new += store_.add(std::move(sample), row.prompt);
  }

  // Null where its data is not there.
  const BenchmarkProblems* problems_of(const std::string& benchmark) {
    const auto known = problems_.find(benchmark);
    if (known != problems_.end()) return known->second;
    const BenchmarkProblems* found = nullptr;
    try {
      if (library_.find(benchmark)) found = &library_.problems(benchmark);
    } catch (const Error&) {
      // Without the publisher's file the recording's own references serve.
    }
    return problems_[benchmark] = found;
  }

 private:
  SampleStore& store_;
  BenchmarkLibrary& library_;
  std::map<std::string, const BenchmarkProblems*> problems_;
};

std::string told_of(const ForeignSummary& s) {
  std::string out = format_count(s.num_documents) + " documents";
  if (s.num_by_id + s.num_by_text + s.num_by_likeness > 0) out += ", matched with the benchmark's problems: " + format_count(s.num_by_id) + " by id, " + format_count(s.num_by_text) + " by text, " + format_count(s.num_by_likeness) + " by likeness of the text";
  if (s.num_unmatched > 0) out += "; " + format_count(s.num_unmatched) + " keep the file's own ids and answers";
  if (s.num_missing > 0) out += "; " + format_count(s.num_missing) + " places without a generation";
  if (!s.results_file.empty()) out += "; conditions from " + s.results_file;
  return out;
}

// Our own recorded form. Nothing is stated of how its samples were drawn.
bool is_own_form(const std::filesystem::path& file) {
  bool own = false;
  struct Enough {};
  try {
    io::read_json_rows(file, [&](int64_t, const json& row) {
      own = row.contains("model") && row.contains("benchmark") && row.contains("problem") && row.contains("sample");
      throw Enough();
    });
  } catch (const Enough&) {
  }
  return own;
}

std::string text_of(const json& row, const char* key, const std::string& where) {
  const auto found = row.find(key);
  if (found != row.end() && found->is_string()) return found->get<std::string>();
  if (found != row.end() && found->is_number_integer()) return found->dump();
  throw Error(std::string("\"") + key + "\" should be text", where, "see `reprise evaluate recorded --help`");
}

}  // namespace

ImportSummary import_recording(const std::filesystem::path& file, const ForeignOptions& options, BenchmarkLibrary& library, SampleStore& store) {
  ImportSummary summary;
  Keeper keeper(store, library);
  if (options.format.empty() && is_own_form(file)) {
    summary.format = "lines";
    io::read_json_rows(file, [&](int64_t line, const json& in) {
      const std::string where = file.string() + ":" + std::to_string(line);
      ForeignRow row;
      row.model = options.model.empty() ? text_of(in, "model", where) : options.model;
      row.benchmark = options.benchmark.empty() ? text_of(in, "benchmark", where) : options.benchmark;
      row.problem = text_of(in, "problem", where);
      row.harness = "lines";
      if (!in.contains("sample") || !in["sample"].is_number_unsigned()) throw Error("lacks \"sample\"", where, "number the samples of a problem from 0");
      row.sample = in["sample"].get<int64_t>();
      if (in.contains("completion") && in["completion"].is_string()) row.completion = in["completion"].get<std::string>();
      if (in.contains("correct") && in["correct"].is_boolean()) row.correct = in["correct"].get<bool>();
      if (in.contains("answer") && !in["answer"].is_null()) row.answer = text_of(in, "answer", where);
      if (in.contains("gold") && !in["gold"].is_null()) row.gold = text_of(in, "gold", where);
      if (in.contains("num_tokens") && in["num_tokens"].is_number_unsigned()) row.num_tokens = in["num_tokens"].get<int64_t>();
      if (in.contains("finished") && in["finished"].is_boolean()) row.finished = in["finished"].get<bool>();
      if (const auto* problems = keeper.problems_of(row.benchmark); problems && row.gold.empty()) {
        const data::Problem* problem = problems->find(row.problem);
        if (!problem) throw Error("the benchmark '" + row.benchmark + "' has no problem '" + row.problem + "'", where, "record \"gold\" with each line to keep ids of your own");
        row.problem = problem->id;
        row.is_matched = true;
      }
      if (!row.completion && !row.correct) throw Error("has neither \"correct\" nor \"completion\"", where, "record one of them");
      keeper.keep(row, summary);
    });
    summary.told = format_count(summary.num_samples) + " lines";
    return summary;
  }
  const fs::path names = published_folder().parent_path() / "tasks.yaml";
  const ForeignSummary read = read_foreign_recording(file, options, path_exists(names) ? read_task_names(names) : std::vector<TaskName>(), [&](const std::string& benchmark) -> const std::vector<data::Problem>* {
    const auto* problems = keeper.problems_of(benchmark);
    return problems ? &problems->problems : nullptr;
  }, [&](const ForeignRow& row) { keeper.keep(row, summary); });
  summary.format = name_of(read.format);
  summary.model = read.model;
  summary.benchmark = read.benchmark;
  summary.told = told_of(read);
  return summary;
}

}  // namespace reprise::evaluation
