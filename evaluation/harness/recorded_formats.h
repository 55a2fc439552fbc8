// Generations that other harnesses recorded, as rows of our own recorded form (recorded.h):
//   lm-eval    samples_TASK_DATE.jsonl of lm-evaluation-harness (--log_samples), with the results_DATE.json beside it
//   lighteval  details_TASK_DATE.parquet of lighteval: of 0.10 and later, of 0.7 to 0.9, and of 0.6 and before, whose columns are Python's repr
//   open-r1    OpenR1-Math-220k and its like, CodeForces-CoTs, generate_reasoning.py's JSON Lines, the data sets of open_r1.generate
//   plain      JSON Lines or Parquet with the fields that the options name
// What a file does not state stays unstated; nothing is guessed. Field by field: docs/formats.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "data/problem.h"
#include "evaluation/harness/published.h"
#include "evaluation/harness/task_names.h"

namespace reprise::evaluation {

enum class RecordedFormat { lm_eval, lighteval, open_r1, plain };
const char* name_of(RecordedFormat format);  // "lm-eval", "lighteval", "open-r1", "plain"

struct ForeignOptions {
  std::string format;     // a name of above; "" by the file's content
  std::string benchmark;  // "" by the task's name
  std::string model;      // "" as the file or the results beside it say
  std::string metric;     // whose value is the harness's verdict on a sample; "" as task_names.h says
  bool own_ids = false;   // keep the file's own ids of problems, even where the benchmark's data is there
  // Of plain files, as paths of keys ("extra.question"); completion_field may hold a list.
  std::string problem_field, completion_field, answer_field, id_field, correct_field;
};

// One sample. to_json() is a line of the recorded form, with what only this file tells beside it.
struct ForeignRow {
  std::string model, benchmark;
  std::string problem;                    // the benchmark's own id, or the file's where is_matched is false
  bool is_matched = false;
  int64_t sample = 0;                     // from 0 within its problem
  std::optional<std::string> completion;  // none: only a verdict was recorded (choices by log-probability)
  std::string answer;                     // of such a one: the letter chosen
  std::optional<bool> correct;            // the harness's own verdict on this sample
  std::string correct_by;                 // and the metric that says so
  std::optional<int64_t> num_tokens;
  std::optional<bool> finished;
  std::optional<std::string> reasoning;   // where the harness keeps it apart from the completion
  std::string gold;                       // the reference as the file has it; "" where it has none
  std::string prompt;                     // as the model saw it, or as much of it as was recorded
  std::map<std::string, double> metrics;  // of the problem's samples together, by the harness's names ("exact_match,strict-match")
  Protocol protocol;                      // condition_names() that are stated, no others
  std::string harness, harness_version, task, document;
};

// {"model", "benchmark", "problem", "sample", "completion", "num_tokens", "finished", "harness": {...}, "protocol": {...}, "prompt"}.
// "correct" stands only where there is no completion: with one, the verdict is ours to find, and theirs is harness.correct.
// "gold" stands where the problem is not matched: then only the file knows the answer.
nlohmann::json to_json(const ForeignRow& row);

struct ForeignSummary {
  RecordedFormat format = RecordedFormat::plain;
  std::string harness_version, task, benchmark, model;  // "" where not stated, or not the same in all rows
  std::string results_file;                             // that was read for the run's conditions; "" where there is none
  int64_t num_documents = 0, num_samples = 0, num_missing = 0;  // missing: a place for a generation with nothing in it
  int64_t num_by_id = 0, num_by_text = 0, num_by_likeness = 0, num_unmatched = 0;
  int64_t num_verdicts = 0;
};

// By the keys of the first row. Throws Error: nothing that is known (the keys are named), or our own form already.
RecordedFormat recognize_recording(const std::filesystem::path& file, const ForeignOptions& options);

// The problems of a benchmark in the importer's order, or null where its data is not there.
using ProblemsOf = std::function<const std::vector<data::Problem>*(const std::string& benchmark)>;

// Reads the file twice: once to see that every document is a problem of the benchmark, then row by row into `row`. Memory is
// bounded by the number of documents, not by their generations. Throws Error: a row without what its format has; no benchmark
// or model known; documents that match no problem, how many and the first; two documents for one problem.
ForeignSummary read_foreign_recording(const std::filesystem::path& file, const ForeignOptions& options, const std::vector<TaskName>& names, const ProblemsOf& problems_of,
                                      const std::function<void(const ForeignRow&)>& row);

}  // namespace reprise::evaluation
