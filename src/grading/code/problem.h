// A programming problem as its publisher wrote it, and the program that a benchmark's rule takes from a completion.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "grading/code/program.h"
#include "grading/code/python_judge.h"
#include "grading/code/stdin_judge.h"

namespace reprise::grading::code {

struct CodeProblem {
  std::string id, benchmark;
  std::vector<StdinTest> tests;        // of programs that read standard input
  std::optional<PythonTests> python;   // of functions
  JudgeLimits limits;                  // of `tests`
  std::string prompt, entry_point;     // of HumanEval's kind: what a completion continues
  std::string prelude;                 // in front of every Python program
  std::string date;                    // of the contest, "2024-08-01...", where the publisher tells it
  std::string difficulty;
  std::string erratum;                 // what is known to be wrong with it
};

// humaneval, humaneval_plus, mbpp, mbpp_plus, livecodebench, stdin.
const std::vector<std::string>& code_benchmarks();
// `row` as parsed, `text` the same row as it stands in the file. Throws Error naming what is missing; the caller adds where.
CodeProblem code_problem(const std::string& benchmark, const nlohmann::json& row, const std::string& text);

// HumanEval's completions continue the prompt, unless a fenced block has the function itself; MBPP's stand between [BEGIN] and [DONE] or in the last
// fenced block; the others' in the last fenced block. "" where there is none.
Program program_of_completion(const CodeProblem& problem, std::string_view completion);
// A whole program, as EvalPlus's tools write it.
Program program_of_solution(const CodeProblem& problem, std::string solution);

}  // namespace reprise::grading::code
