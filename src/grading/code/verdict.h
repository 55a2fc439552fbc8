// What a judge says of a program.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/request.h"

namespace reprise::grading::code {

enum class CodeVerdictKind { accepted, wrong_answer, time_limit, memory_limit, output_limit, runtime_error, compile_error, forbidden, judge_error };
const char* to_string(CodeVerdictKind kind);
// Throws Error for a word that is none.
CodeVerdictKind code_verdict_from(const std::string& word);

struct CodeVerdict {
  CodeVerdictKind kind = CodeVerdictKind::judge_error;
  int failing_test = -1;  // counted from 0
  std::string message;
  double cpu_seconds = 0;          // of the slowest test; of all tests together where they share a process
  int64_t peak_memory_bytes = 0;   // of the largest
  std::vector<std::string> layers;  // that were in force
  bool clock_decided = false;      // a time limit on the wall clock: worth asking again alone
};

// Of what a program wrote, at most 200 bytes.
std::string last_line(std::string_view text);
// How a run that was no success is called: limits, signals, exit codes, faults of ours. `limits` are those that it ran under.
void explain(const sandbox::Result& result, const sandbox::Limits& limits, CodeVerdict& verdict);

}  // namespace reprise::grading::code
