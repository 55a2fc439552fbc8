// What an evaluation leaves behind: one row per sampled answer, in stages/NN-name/samples.jsonl. Every figure
// of the report is computed from these rows again, never from a stored average, so a report can be redone
// years later with other statistics. Example of a line:
//   {"problem_id":"chain-81","sample_index":0,"level":4,"language":"en","verdict":"correct","extracted":"7",
//    "format_ok":true,"language_mixed":false,"num_tokens":26,"finished":true,"completion":"<think> ..."}
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "grading/verdict.h"

namespace reprise::evaluation {

struct EvaluationSample {
  std::string problem_id;
  int64_t sample_index = 0;  // 0 .. k-1
  int64_t level = 0;         // the problem's difficulty, 0 = not given
  std::string language;      // of the prompt, "" = unknown
  grading::VerdictKind verdict = grading::VerdictKind::no_answer;
  std::string extracted;        // the answer as the grader found it, "" with no_answer
  bool format_ok = false;       // think and answer tags as the recipe asks
  bool language_mixed = false;  // at least one word of another language than the prompt's
  int64_t num_tokens = 0;       // sampled, the stop token included
  bool finished = true;         // false: cut off at the token limit
  std::string completion;       // decoded text
  std::string prompt;           // for people, optional: the problem's text
  std::string answer;           // for people, optional: the reference answer
  std::string reason;           // for people, optional: why the grader decided so

  bool correct() const { return verdict == grading::VerdictKind::correct; }
};

// Writes the rows sorted by (problem_id, sample_index), atomically. Text that is not UTF-8 is written with
// U+FFFD in place of the broken bytes. Throws Error on a repeated (problem, sample) or a full disk.
void write_samples(const std::filesystem::path& path, std::vector<EvaluationSample> samples);

// Reads and checks every row: keys, types, ranges, order, repeats. Throws Error naming the line.
std::vector<EvaluationSample> read_samples(const std::filesystem::path& path);

// "correct", "incorrect", "unverifiable", "no_answer": as in the file.
const char* verdict_name(grading::VerdictKind kind);

}  // namespace reprise::evaluation
