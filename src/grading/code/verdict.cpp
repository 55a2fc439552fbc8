// Endings to verdicts.
#include "grading/code/verdict.h"

#include <csignal>

#include "base/error.h"
#include "base/strings.h"

namespace reprise::grading::code {
namespace {

constexpr const char* kNames[] = {"accepted", "wrong_answer", "time_limit", "memory_limit", "output_limit", "runtime_error", "compile_error", "forbidden", "judge_error"};

}  // namespace

const char* to_string(CodeVerdictKind kind) { return kNames[static_cast<size_t>(kind)]; }

CodeVerdictKind code_verdict_from(const std::string& word) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (word == kNames[i]) return static_cast<CodeVerdictKind>(i);
  }
  throw Error("'" + word.substr(0, 40) + "' is no verdict");
}

std::string last_line(std::string_view text) {
  text = trim(text);
  const size_t at = text.rfind('\n');
  return std::string((at == std::string_view::npos ? text : text.substr(at + 1)).substr(0, 200));
}

void explain(const sandbox::Result& result, const sandbox::Limits& limits, CodeVerdict& verdict) {
  using sandbox::Ending;
  const auto is = [&](CodeVerdictKind kind, const std::string& message) {
    verdict.kind = kind;
    verdict.message = message;
  };
  const bool out_of_memory = result.standard_error.find("MemoryError") != std::string::npos || result.standard_error.find("std::bad_alloc") != std::string::npos;
  switch (result.ending) {
    case Ending::not_started: return is(CodeVerdictKind::judge_error, result.fault);
    case Ending::cpu_limit: return is(CodeVerdictKind::time_limit, limits.cpu_seconds_per_line > 0 ? "more than " + format_fixed(limits.cpu_seconds_per_line, 1) + " s of processor time for a test, or " + format_fixed(limits.cpu_seconds, 1) + " s in all"
                                                                                                   : "more than " + format_fixed(limits.cpu_seconds, 1) + " s of processor time");
    case Ending::wall_limit:
      verdict.clock_decided = true;
      return is(CodeVerdictKind::time_limit, "more than " + format_fixed(limits.wall_seconds, 1) + " s on the clock");
    case Ending::memory_limit: return is(CodeVerdictKind::memory_limit, "more than " + format_bytes(static_cast<double>(limits.memory_bytes)));
    case Ending::output_limit: return is(CodeVerdictKind::output_limit, "more than " + format_bytes(static_cast<double>(limits.output_bytes)) + " of output");
    case Ending::signalled:
      if (result.signal == SIGSYS) return is(CodeVerdictKind::forbidden, "ended at a system call that no solution needs");
      return is(out_of_memory ? CodeVerdictKind::memory_limit : CodeVerdictKind::runtime_error, "ended by signal " + std::to_string(result.signal));
    case Ending::exited: return is(out_of_memory ? CodeVerdictKind::memory_limit : CodeVerdictKind::runtime_error, "exit " + std::to_string(result.exit_code) + ": " + last_line(result.standard_error));
  }
}

}  // namespace reprise::grading::code
