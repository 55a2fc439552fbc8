// Published data sets as problems, read from the files that their publishers ship.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "config/checker.h"
#include "config/field.h"
#include "data/problem.h"

namespace reprise::datasets {

struct ImporterConfig {
  std::string importer;
  std::string path;
  std::string split = "all";
  int64_t size = 0;
  bool skip_bad_rows = false;
  std::string prompt_field = "prompt", answer_field = "answer", solution_field, level_field, id_field, language_field;
  std::string grader = "math";
  std::string option_order = "simple_evals";
  std::string password;
  std::string first_date, last_date;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("importer", importer, "The format of the file.",
            one_of({"gsm8k", "math", "math500", "aime", "amc23", "minerva", "olympiadbench", "deepscaler", "verl", "knights_and_knaves", "reasoning_gym",
                    "humaneval", "mbpp", "codeforces", "code_contests", "apps", "livecodebench", "mmlu", "mmlu_pro", "gpqa_diamond", "ifeval", "jsonl"}));
    v.file("path", path, "The file as published, plain or gzip (mmlu: an archive of CSV files, or one of them; gpqa_diamond: the authors' dataset.zip, or gpqa_diamond.csv).", required());
    v.field("split", split, "all, or one of three parts: mbpp and mmlu have their own, others are cut by a hash of the id: train (7/8), validation, test (1/16 each).",
            one_of({"all", "train", "validation", "test"}));
    v.field("size", size, "Rows taken from the front; 0 takes all.", at_least(0));
    v.field("skip_bad_rows", skip_bad_rows, "Leave rows out that do not fit, and count them; otherwise the first one is an error.");
    v.field("prompt_field", prompt_field, "jsonl: where the question stands, as a path of keys (extra.question).");
    v.field("answer_field", answer_field, "jsonl: where the reference answer stands; empty for texts to imitate, which have a solution only.");
    v.field("solution_field", solution_field, "jsonl: where the reference solution stands; empty for none.");
    v.field("level_field", level_field, "jsonl: where the difficulty stands; empty for none.");
    v.field("id_field", id_field, "jsonl: where the id stands; empty numbers the rows.");
    v.field("language_field", language_field, "jsonl: where the language stands; empty for none.");
    v.field("grader", grader, "jsonl: the rule that decides answers; none: no rule does (writing, a reward model's business).", one_of({"math", "number", "exact", "choice", "countdown", "knights_knaves", "none"}));
    v.field("option_order", option_order, "gpqa_diamond: the order of a question's options. simple_evals: as openai/simple-evals draws it for its first pass over the file (Python's random.Random(0)); rotated: the file's own, the right one first, begun at a place that a hash of the id gives.",
            one_of({"simple_evals", "rotated"}));
    v.field("password", password, "gpqa_diamond: the archive's; empty for the one that the authors publish.");
    v.field("first_date", first_date, "livecodebench: contests from this day on (2024-08-01); a score of LiveCodeBench is one of a window of dates.");
    v.field("last_date", last_date, "livecodebench: contests up to this day, which counts too.");
  }

  void check(config::Checker& c) const {
    for (const auto& [key, date] : {std::pair("first_date", first_date), std::pair("last_date", last_date)}) {
      if (date.empty()) continue;
      if (importer != "livecodebench") c.problem(key, "has no effect on the importer " + importer, "only livecodebench's rows have a date");
      else if (!is_day(date)) c.problem(key, "is no day", "for example 2024-08-01");
    }
    if (!first_date.empty() && !last_date.empty() && last_date < first_date) c.problem("last_date", "lies before first_date", "");
  }
  // YYYY-MM-DD, which compares as text.
  static bool is_day(const std::string& text);
};

struct Imported {
  std::vector<data::Problem> problems;
  int64_t num_bad_rows = 0;
  std::vector<std::string> bad_rows;  // the first few: "file:12: lacks 'question'"
  std::string source_sha256;
};

// Throws Error: file:line and what is wrong with the first bad row (unless skip_bad_rows), two rows of one id.
Imported import_problems(const ImporterConfig& config);
std::vector<std::string> importer_names();

}  // namespace reprise::datasets
