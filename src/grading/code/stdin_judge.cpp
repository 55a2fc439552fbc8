// One run of the sandbox a test; C++ is compiled once, in the sandbox too.
#include "grading/code/stdin_judge.h"

#include "base/strings.h"

namespace reprise::grading::code {

const char* to_string(CodeVerdictKind kind) {
  switch (kind) {
    case CodeVerdictKind::accepted: return "accepted";
    case CodeVerdictKind::wrong_answer: return "wrong_answer";
    case CodeVerdictKind::time_limit: return "time_limit";
    case CodeVerdictKind::memory_limit: return "memory_limit";
    case CodeVerdictKind::output_limit: return "output_limit";
    case CodeVerdictKind::runtime_error: return "runtime_error";
    case CodeVerdictKind::compile_error: return "compile_error";
    case CodeVerdictKind::judge_error: return "judge_error";
  }
  return "?";
}

namespace {

using sandbox::Ending;

std::string last_line(std::string_view text) {
  text = trim(text);
  const size_t at = text.rfind('\n');
  std::string line(at == std::string_view::npos ? text : text.substr(at + 1));
  return line.size() <= 200 ? line : line.substr(0, 200);
}

}  // namespace

const std::string* StdinJudge::compiled(const std::string& source, CodeVerdict& verdict) {
  if (const auto known = compiled_.find(source); known != compiled_.end()) return &known->second;
  sandbox::Request request;
  request.command = {"/usr/bin/g++", "-O2", "-std=c++17", "-o", "program", "program.cpp"};
  request.files = {{"program.cpp", source}};
  request.collect = "program";
  request.required = required_;
  request.limits = {30, 60, 2LL << 30, 1 << 20, 64LL << 20, 16, 32};
  const sandbox::Result result = client_.run(request);
  if (result.ending == Ending::not_started) {
    verdict.kind = CodeVerdictKind::judge_error;
    verdict.message = "the compiler was not run: " + result.fault;
    return nullptr;
  }
  if (result.ending != Ending::exited || result.exit_code != 0 || result.collected.empty()) {
    verdict.kind = CodeVerdictKind::compile_error;
    const std::string first = result.standard_error.substr(0, 400);
    verdict.message = result.ending == Ending::exited ? first : std::string(sandbox::to_string(result.ending)) + " while compiling";
    return nullptr;
  }
  if (compiled_.size() >= 16) compiled_.clear();
  return &(compiled_[source] = result.collected);
}

CodeVerdict StdinJudge::judge(const Program& program, const std::vector<StdinTest>& tests, const JudgeLimits& limits) {
  CodeVerdict verdict;
  if (trim(program.source).empty()) {
    verdict.kind = CodeVerdictKind::compile_error;
    verdict.message = "the completion has no program";
    return verdict;
  }
  if (tests.empty()) {
    verdict.message = "the problem has no tests";
    return verdict;
  }
  sandbox::Request request;
  request.required = required_;
  request.limits.cpu_seconds = limits.cpu_seconds;
  request.limits.wall_seconds = 3 * limits.cpu_seconds + 5;
  request.limits.memory_bytes = limits.memory_bytes;
  request.limits.output_bytes = 32LL << 20;
  if (program.language == Language::cpp) {
    const std::string* binary = compiled(program.source, verdict);
    if (binary == nullptr) return verdict;
    request.files = {{"program", *binary}};
    request.command = {"./program"};
  } else {
    request.files = {{"program.py", program.source}};
    request.command = {"/usr/bin/python3", "program.py"};
  }
  for (size_t i = 0; i < tests.size(); ++i) {
    request.standard_input = tests[i].input;
    sandbox::Result result = client_.run(request);
    if (result.ending == Ending::not_started) result = client_.run(request);  // once more: it may have been our neighbour
    verdict.failing_test = static_cast<int>(i);
    verdict.cpu_seconds = std::max(verdict.cpu_seconds, result.cpu_seconds);
    verdict.peak_memory_bytes = std::max(verdict.peak_memory_bytes, result.peak_memory_bytes);
    verdict.layers = result.layers;
    const auto failed = [&](CodeVerdictKind kind, std::string message) {
      verdict.kind = kind;
      verdict.message = std::move(message);
      return verdict;
    };
    const bool out_of_memory = result.standard_error.find("MemoryError") != std::string::npos || result.standard_error.find("std::bad_alloc") != std::string::npos;
    switch (result.ending) {
      case Ending::not_started: return failed(CodeVerdictKind::judge_error, result.fault);
      case Ending::cpu_limit: return failed(CodeVerdictKind::time_limit, "more than " + format_fixed(limits.cpu_seconds, 1) + " s of processor time");
      case Ending::wall_limit:
        verdict.clock_decided = true;
        return failed(CodeVerdictKind::time_limit, "more than " + format_fixed(request.limits.wall_seconds, 1) + " s on the clock");
      case Ending::memory_limit: return failed(CodeVerdictKind::memory_limit, "more than " + format_bytes(static_cast<double>(limits.memory_bytes)));
      case Ending::output_limit: return failed(CodeVerdictKind::output_limit, "more than 32 MiB of output");
      case Ending::signalled: return failed(out_of_memory ? CodeVerdictKind::memory_limit : CodeVerdictKind::runtime_error, "ended by signal " + std::to_string(result.signal));
      case Ending::exited: break;
    }
    if (result.exit_code != 0) return failed(out_of_memory ? CodeVerdictKind::memory_limit : CodeVerdictKind::runtime_error, "exit " + std::to_string(result.exit_code) + ": " + last_line(result.standard_error));
    if (const std::string wrong = difference(tests[i].output, result.standard_output, limits.rule); !wrong.empty()) return failed(CodeVerdictKind::wrong_answer, wrong);
  }
  verdict.kind = CodeVerdictKind::accepted;
  verdict.failing_test = -1;
  return verdict;
}

}  // namespace reprise::grading::code
