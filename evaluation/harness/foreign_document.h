// What one row of another harness's file says about one problem, whatever the harness: the formats' readers fill it,
// recorded_formats.cpp makes rows of it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "evaluation/harness/published.h"
#include "evaluation/harness/recorded_formats.h"

namespace reprise::evaluation {

struct ForeignSample {
  std::optional<std::string> text, reasoning;
  std::string answer;
  std::optional<bool> correct;
  std::string correct_by;
  std::optional<int64_t> num_tokens;
  std::optional<bool> finished;
};

struct ForeignDocument {
  std::string task, key;           // key: what names the document in its file; "" for the row's number
  bool key_is_id = true;           // otherwise it is made of the problem's text
  bool has_more_samples = false;   // a further row of this key brings more samples; otherwise the same ones under another filter
  std::string id;                  // one that may be the benchmark's own
  std::vector<std::string> texts;  // where the problem's text may stand, the likeliest first
  std::string gold, prompt, model;
  std::vector<ForeignSample> samples;
  int64_t num_missing = 0;
  std::map<std::string, double> metrics;
  Protocol protocol;
};

// What the results file beside says about the whole run.
struct ForeignRun {
  std::string results_file, model, harness_version;
  Protocol protocol;
  std::optional<int64_t> max_tokens;  // of a generation
};

// Readers of a row. They throw Error with the fault alone; the caller adds the place.
ForeignDocument read_lm_eval_row(const nlohmann::json& row);
ForeignDocument read_lighteval_row(const nlohmann::json& row);
ForeignDocument read_open_r1_row(const nlohmann::json& row);
ForeignDocument read_plain_row(const nlohmann::json& row, const ForeignOptions& options);

// The task that a file's name tells ("samples_gsm8k_2026-..." and "details_lighteval|gsm8k|5_2026-..."), "" where it tells none.
std::string lm_eval_task_of(const std::filesystem::path& file);
std::string lighteval_task_of(const std::filesystem::path& file);
// "lighteval|math_500|0|0", "math_500|0": the task alone; `shots` becomes its number of examples, "" where it is not told.
std::string bare_lighteval_task(const std::string& name, std::string& shots);

ForeignRun read_lm_eval_run(const std::filesystem::path& file, const std::string& task);
ForeignRun read_lighteval_run(const std::filesystem::path& file, const std::string& task);

// ---- for the readers ----

// Null where the key is not there or is null.
const nlohmann::json* part(const nlohmann::json& object, const char* key);
// Text as it is, whole numbers and reals as written, lists of one text as that text; "" for anything else and for null.
std::string plain_text(const nlohmann::json* value);
// A number, or a truth value as 0 or 1.
std::optional<double> number_of(const nlohmann::json* value);
// 0.6 -> "0.6", 32768.0 -> "32768".
std::string condition_text(double value);
// The problem's text where a document of any data set may have it, under the names that data sets use; of questions with options
// both together first.
std::vector<std::string> problem_texts(const nlohmann::json& document);
// The text without spaces, tabs and line ends.
std::string without_blanks(std::string_view text);
// "stop" and the like: true; "length": false.
std::optional<bool> finished_by(const std::string& reason);
// A JSON file of at most 256 MiB; nullopt where it is not there or is none.
std::optional<nlohmann::json> read_results(const std::filesystem::path& file);
// "A", "B", ... of the greatest number.
std::string letter_of_greatest(const std::vector<double>& values);

}  // namespace reprise::evaluation
