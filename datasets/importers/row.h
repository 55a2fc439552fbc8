// One row of a published file: where a part stands, and what is wrong with it when it does not fit.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "data/problem.h"
#include "datasets/importers/importer.h"

namespace reprise::datasets {

using nlohmann::json;

// A fault of one row, told with its line by the caller.
struct BadRow {
  std::string fault;
};

// The order of a question's options that its reader drew: "options"[i] of the question is the file's [kPermutation][i], the right one being 0.
constexpr const char* kPermutation = "permutation";

// Where a format that needs it finds the row as it stands in its file.
constexpr const char* kRowText = "row as text";

// The part at a path of keys and indices ("prompt.0.content"); null when it is not there or is JSON's null.
const json* find(const json& row, const std::string& path);
// Strings as they are, numbers as they would be written (27.0 -> "27"). Throws BadRow for anything else.
std::string text_of(const json& value);
// Throws BadRow when it is missing or blank.
std::string required_text(const json& row, const std::string& path);
// "" when the path is empty or leads nowhere.
std::string optional_text(const json& row, const std::string& path);
// "Level 3" and 3 are 3; "Level ?" and nothing are 0.
int64_t level_of(const json& row, const std::string& path);
// The named parts of the row, those that are there, as a JSON object.
json parts_of(const json& row, std::initializer_list<const char*> keys);

// The formats, by kind of task. Each turns one row into a problem; an empty id, grader or metadata is filled by the caller.
data::Problem gsm8k(const json& row, const ImporterConfig&);
data::Problem hendrycks_math(const json& row, const ImporterConfig&);
data::Problem math500(const json& row, const ImporterConfig&);
data::Problem contest(const json& row, const ImporterConfig&);  // AIME and AMC, in five publishers' spellings
data::Problem minerva(const json& row, const ImporterConfig&);
data::Problem olympiadbench(const json& row, const ImporterConfig&);
data::Problem deepscaler(const json& row, const ImporterConfig&);
data::Problem verl(const json& row, const ImporterConfig&);

data::Problem knights_and_knaves(const json& row, const ImporterConfig&);
data::Problem reasoning_gym(const json& row, const ImporterConfig&);
data::Problem mmlu(const json& row, const ImporterConfig&);
data::Problem mmlu_pro(const json& row, const ImporterConfig&);
data::Problem gpqa(const json& row, const ImporterConfig&);
data::Problem ifeval(const json& row, const ImporterConfig&);
data::Problem generic(const json& row, const ImporterConfig& config);

data::Problem humaneval(const json& row, const ImporterConfig&);      // and HumanEval+
data::Problem mbpp(const json& row, const ImporterConfig&);           // whole, sanitized, MBPP+
data::Problem stdin_tests(const json& row, const ImporterConfig&);    // Codeforces, CodeContests, APPS
data::Problem livecodebench(const json& row, const ImporterConfig&);  // prompts; the tests are files of their own

}  // namespace reprise::datasets
