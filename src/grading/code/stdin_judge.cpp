// One run of the sandbox a test; C++ is compiled once, in the sandbox too.
#include "grading/code/stdin_judge.h"

#include <algorithm>

#include "base/strings.h"

namespace reprise::grading::code {

using sandbox::Ending;

std::optional<std::string> StdinJudge::compiled(const std::string& source, CodeVerdict& verdict) {
  if (const auto known = compiled_.find(source); known != compiled_.end()) return known->second;
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
    return std::nullopt;
  }
  if (result.ending != Ending::exited || result.exit_code != 0 || result.collected.empty()) {
    verdict.kind = CodeVerdictKind::compile_error;
    const std::string first = result.standard_error.substr(0, 400);
    verdict.message = result.ending == Ending::exited ? first : std::string(sandbox::to_string(result.ending)) + " while compiling";
    return std::nullopt;
  }
  if (compiled_.size() >= 16) compiled_.clear();
  return compiled_[source] = result.collected;
}

void StdinJudge::check(const StdinTest& test, const std::string& output, const std::string& checker, CodeVerdict& verdict) {
  const Program program = program_from_source(checker);
  sandbox::Request request;
  request.required = required_;
  request.files = {{"input.txt", test.input}, {"output.txt", output}, {"answer.txt", test.output}};
  if (program.language == Language::cpp) {
    CodeVerdict of_checker;
    const std::optional<std::string> binary = compiled(checker, of_checker);
    if (!binary) {
      verdict.kind = CodeVerdictKind::judge_error;
      verdict.message = "the checker: " + of_checker.message;
      return;
    }
    request.files.emplace_back("checker", *binary);
    request.command = {"./checker", "input.txt", "output.txt", "answer.txt"};
  } else {
    request.files.emplace_back("checker.py", checker);
    request.command = {"/usr/bin/python3", "checker.py", "input.txt", "answer.txt", "output.txt"};
  }
  const sandbox::Result result = client_.run(request);
  const std::string said = last_line(result.standard_error.empty() ? result.standard_output : result.standard_error);
  std::optional<bool> right;
  if (result.ending == Ending::exited && program.language == Language::cpp && result.exit_code <= 2) right = result.exit_code == 0;
  if (result.ending == Ending::exited && program.language == Language::python && result.exit_code == 0) {
    if (const auto share = parse_double(trim(result.standard_output))) right = *share >= 1;
  }
  verdict.kind = !right ? CodeVerdictKind::judge_error : *right ? CodeVerdictKind::accepted : CodeVerdictKind::wrong_answer;
  verdict.message = right && *right ? "" : (right ? "the checker: " : "the checker failed: ") + (said.empty() ? std::string(to_string(result.ending)) : said);
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
    const std::optional<std::string> binary = compiled(program.source, verdict);
    if (!binary) return verdict;
    request.files = {{"program", *binary}};
    request.command = {"./program"};
  } else {
    request.files = {{"program.py", program.source}};
    request.command = {"/usr/bin/python3", "program.py"};
    if (!warm_) {
      const auto layers = client_.probe();
      warm_ = std::find(layers.begin(), layers.end(), "seccomp") != layers.end();
    }
    request.warm = *warm_;
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
    if (result.ending != Ending::exited || result.exit_code != 0) {
      explain(result, request.limits, verdict);
      return verdict;
    }
    if (!limits.checker.empty()) {
      check(tests[i], result.standard_output, limits.checker, verdict);
      if (verdict.kind != CodeVerdictKind::accepted) return verdict;
      continue;
    }
    if (const std::string wrong = difference(tests[i].output, result.standard_output, limits.rule); !wrong.empty()) return failed(CodeVerdictKind::wrong_answer, wrong);
  }
  verdict.kind = CodeVerdictKind::accepted;
  verdict.failing_test = -1;
  return verdict;
}

}  // namespace reprise::grading::code
