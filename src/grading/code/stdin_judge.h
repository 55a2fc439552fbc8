// Programs that read standard input and write standard output, against tests. The expected outputs stay here: what runs in the sandbox
// gets the input and nothing else.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "grading/code/output_compare.h"
#include "grading/code/program.h"
#include "grading/code/verdict.h"
#include "sandbox/client.h"

namespace reprise::grading::code {

struct StdinTest {
  std::string input, output;
};

struct JudgeLimits {
  double cpu_seconds = 6;  // of a test
  int64_t memory_bytes = 1LL << 30;
  OutputRule rule = OutputRule::lines;
  // A program that decides instead of a rule; it runs in a sandbox of its own with the answer, which the candidate never meets. C++: by testlib's
  // convention (input, output, answer; exit 0 accepts). Python: as open-r1/codeforces has them (input, answer, output; prints the share of points).
  std::string checker;
};

class StdinJudge {
 public:
  explicit StdinJudge(std::vector<std::string> required = {}) : required_(std::move(required)) {}
  // Stops at the first test that fails. A fault of ours is judge_error, never a wrong answer.
  CodeVerdict judge(const Program& program, const std::vector<StdinTest>& tests, const JudgeLimits& limits);

 private:
  // The compiled program, or nothing and a verdict.
  std::optional<std::string> compiled(const std::string& source, CodeVerdict& verdict);
  // What the checker says; accepted or another verdict.
  void check(const StdinTest& test, const std::string& output, const std::string& checker, CodeVerdict& verdict);

  sandbox::Client client_;
  std::vector<std::string> required_;
  std::map<std::string, std::string> compiled_;  // by source
  std::optional<bool> warm_;                     // Python programs are forks of a warm one where nothing else can fork
};

}  // namespace reprise::grading::code
