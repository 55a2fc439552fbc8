// Programs that read standard input and write standard output, against tests. The expected outputs stay here: what runs in the sandbox
// gets the input and nothing else.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "grading/code/output_compare.h"
#include "grading/code/program.h"
#include "sandbox/client.h"

namespace reprise::grading::code {

enum class CodeVerdictKind { accepted, wrong_answer, time_limit, memory_limit, output_limit, runtime_error, compile_error, judge_error };
const char* to_string(CodeVerdictKind kind);

struct CodeVerdict {
  CodeVerdictKind kind = CodeVerdictKind::judge_error;
  int failing_test = -1;  // counted from 0
  std::string message;
  double cpu_seconds = 0;          // of the slowest test
  int64_t peak_memory_bytes = 0;   // of the largest
  std::vector<std::string> layers;  // that were in force
  bool clock_decided = false;      // a time limit on the wall clock: worth asking again alone
};

struct StdinTest {
  std::string input, output;
};

struct JudgeLimits {
  double cpu_seconds = 6;  // of a test
  int64_t memory_bytes = 1LL << 30;
  OutputRule rule = OutputRule::lines;
};

class StdinJudge {
 public:
  explicit StdinJudge(std::vector<std::string> required = {}) : required_(std::move(required)) {}
  // Stops at the first test that fails. A fault of ours is judge_error, never a wrong answer.
  CodeVerdict judge(const Program& program, const std::vector<StdinTest>& tests, const JudgeLimits& limits);

 private:
  // The compiled program, or a verdict.
  const std::string* compiled(const std::string& source, CodeVerdict& verdict);

  sandbox::Client client_;
  std::vector<std::string> required_;
  std::map<std::string, std::string> compiled_;  // by source
};

}  // namespace reprise::grading::code
