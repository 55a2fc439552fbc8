// The publishers' rows.
#include "grading/code/problem.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "grading/code/livecodebench.h"

namespace reprise::grading::code {
namespace {

using nlohmann::json;

std::string text_of(const json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::string required(const json& row, const char* key) {
  if (!row.contains(key) || row[key].is_null()) throw Error(std::string("has no \"") + key + "\"");
  return text_of(row[key]);
}

// Tests as [{"input", "output"}] or {"inputs": [...], "outputs": [...]}, also as JSON in a text (APPS: "input_output").
std::vector<StdinTest> stdin_tests(json tests) {
  if (tests.is_string()) tests = json::parse(tests.get<std::string>(), nullptr, false);
  std::vector<StdinTest> out;
  if (tests.is_array()) {
    for (const auto& test : tests) {
      if (!test.is_object() || !test.contains("input") || !test.contains("output")) throw Error("has a test without input or output");
      out.push_back({text_of(test["input"]), text_of(test["output"])});
    }
  } else if (tests.is_object() && tests.contains("inputs") && tests.contains("outputs") && tests["inputs"].size() == tests["outputs"].size()) {
    for (size_t i = 0; i < tests["inputs"].size(); ++i) out.push_back({text_of(tests["inputs"][i]), text_of(tests["outputs"][i])});
  }
  if (out.empty()) throw Error("has no tests that can be read", "", "[{\"input\", \"output\"}] or {\"inputs\": [...], \"outputs\": [...]}");
  return out;
}

// Calls of a function, arguments one JSON value a line (LiveCodeBench), six seconds each (its default).
constexpr double kFunctionSeconds = 6, kMostFunctionSeconds = 600;
PythonTests functional(const std::string& function, const std::vector<StdinTest>& tests) {
  PythonTests out;
  out.kind = "functional";
  json list = json::array();
  for (const StdinTest& test : tests) list.push_back({{"input", test.input}, {"output", test.output}});
  out.problem = json{{"fn_name", function}, {"tests", list}}.dump();
  out.method = function;
  out.cpu_seconds_per_test = kFunctionSeconds;
  out.cpu_seconds = std::min(kMostFunctionSeconds, (kFunctionSeconds + 1) * static_cast<double>(tests.size()) + 5);
  return out;
}

// APPS's functional problems have arguments as a list and the value in a list of one.
std::vector<StdinTest> apps_calls(const json& tests) {
  std::vector<StdinTest> out;
  for (size_t i = 0; i < tests.at("inputs").size(); ++i) {
    const json& arguments = tests["inputs"][i];
    const json& value = tests.at("outputs").at(i);
    std::string lines;
    for (const json& argument : arguments) lines += argument.dump() + "\n";
    out.push_back({lines, (value.is_array() && value.size() == 1 ? value[0] : value).dump()});
  }
  return out;
}

// The fenced block that satisfies `wanted`, the last of them; nothing without fences.
template <class Wanted>
std::optional<std::string> fenced(std::string_view text, const Wanted& wanted) {
  std::optional<std::string> out;
  size_t open = std::string_view::npos;
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (trim(text.substr(at, end - at)).starts_with("```")) {
      if (open == std::string_view::npos) {
        open = std::min(end + 1, text.size());
      } else {
        if (wanted(text.substr(open, at - open))) out = std::string(text.substr(open, at - open));
        open = std::string_view::npos;
      }
    }
    at = end + 1;
  }
  if (open != std::string_view::npos && wanted(text.substr(open))) out = std::string(text.substr(open));
  return out;
}

std::string_view behind_thinking(std::string_view text) {
  if (const size_t closes = text.rfind("</think>"); closes != std::string_view::npos) return text.substr(closes + 8);
  return text.find("<think>") != std::string_view::npos ? std::string_view() : text;
}

}  // namespace

const std::vector<std::string>& code_benchmarks() {
  static const std::vector<std::string> names = {"humaneval", "humaneval_plus", "mbpp", "mbpp_plus", "livecodebench", "stdin"};
  return names;
}

CodeProblem code_problem(const std::string& benchmark, const json& row, const std::string& text) {
  CodeProblem out;
  out.benchmark = benchmark;
  if (benchmark == "humaneval" || benchmark == "humaneval_plus" || benchmark == "mbpp_plus") {
    out.id = required(row, "task_id");
    out.prompt = required(row, "prompt");
    out.entry_point = required(row, "entry_point");
    required(row, "canonical_solution");
    const std::vector<const char*> tests = benchmark == "humaneval" ? std::vector<const char*>{"test"} : std::vector<const char*>{"base_input", "plus_input", "atol"};
    for (const char* key : tests) required(row, key);
    out.python = tests_of_benchmark(benchmark, text);
  } else if (benchmark == "mbpp") {
    out.id = required(row, "task_id");
    if (!row.contains("test_list") || !row["test_list"].is_array() || row["test_list"].empty()) throw Error("has no \"test_list\"");
    out.prompt = required(row, row.contains("text") ? "text" : "prompt");
    required(row, "code");
    out.python = tests_of_benchmark(benchmark, text);
  } else if (benchmark == "livecodebench") {
    out.id = required(row, "question_id");
    const LiveCodeBenchTests tests = livecodebench_tests(row);
    out.prelude = kLiveCodeBenchPrelude;
    out.limits.cpu_seconds = kFunctionSeconds;
    out.date = row.value("contest_date", "");
    out.difficulty = row.value("difficulty", "");
    out.erratum = livecodebench_erratum(out.id, row.value("question_title", ""));
    if (tests.function.empty()) out.tests = tests.tests;
    else out.python = functional(tests.function, tests.tests);
  } else if (benchmark == "stdin") {
    for (const char* key : {"task_id", "problem_id", "question_id", "id"}) {
      if (out.id.empty() && row.contains(key) && !row[key].is_null()) out.id = text_of(row[key]);
    }
    const json* tests = nullptr;
    for (const char* key : {"tests", "input_output", "official_tests"}) {
      if (tests == nullptr && row.contains(key)) tests = &row[key];
    }
    if (tests == nullptr) throw Error("has no \"tests\"");
    const json calls = tests->is_string() ? json::parse(tests->get<std::string>(), nullptr, false) : *tests;
    if (calls.is_object() && calls.contains("fn_name") && calls["fn_name"].is_string()) out.python = functional(calls["fn_name"].get<std::string>(), apps_calls(calls));
    else out.tests = stdin_tests(calls);
    for (const char* key : {"checker", "generated_checker"}) {
      if (out.limits.checker.empty() && row.contains(key) && row[key].is_string()) out.limits.checker = row[key].get<std::string>();
    }
    if (row.contains("time_limit") && row["time_limit"].is_number()) out.limits.cpu_seconds = row["time_limit"].get<double>();
    if (row.contains("memory_limit") && row["memory_limit"].is_number()) out.limits.memory_bytes = static_cast<int64_t>(row["memory_limit"].get<double>() * 1048576);
    if (!(out.limits.cpu_seconds > 0) || out.limits.cpu_seconds > 3600 || out.limits.memory_bytes < 1 << 20) throw Error("has a limit that is none (time_limit in seconds, memory_limit in MB)");
  } else {
    throw Error("benchmark '" + benchmark + "' is not known", "", join(code_benchmarks(), ", "));
  }
  return out;
}

Program program_of_solution(const CodeProblem& problem, std::string solution) {
  if (problem.python) return {problem.prelude + std::move(solution), Language::python};
  Program out = program_from_source(std::move(solution));
  if (out.language == Language::python) out.source = problem.prelude + out.source;
  return out;
}

Program program_of_completion(const CodeProblem& problem, std::string_view completion) {
  const auto any = [](std::string_view) { return true; };
  if (problem.benchmark == "humaneval" || problem.benchmark == "humaneval_plus") {
    const std::string_view text = behind_thinking(completion);
    if (text.empty() && !completion.empty()) return {};
    const std::string definition = "def " + problem.entry_point;
    const auto whole = fenced(text, [&](std::string_view block) { return block.find(definition) != std::string_view::npos; });
    if (whole) {
      // What stands in the prompt before the function (imports, helpers) is there for it too.
      const size_t at = problem.prompt.rfind(definition);
      return {problem.prompt.substr(0, at == std::string::npos ? 0 : at) + "\n" + *whole, Language::python};
    }
    if (const auto body = fenced(text, any)) return {problem.prompt + *body, Language::python};
    return {problem.prompt + std::string(text), Language::python};
  }
  if (problem.benchmark == "mbpp" || problem.benchmark == "mbpp_plus") {
    std::string_view text = behind_thinking(completion);
    if (const auto block = fenced(text, any)) return {*block, Language::python};
    if (const size_t begin = text.rfind("[BEGIN]"); begin != std::string_view::npos) text.remove_prefix(begin + 7);
    return {std::string(text.substr(0, text.find("[DONE]"))), Language::python};
  }
  Program out = program_of(completion);
  if (out.source.empty()) return out;
  if (problem.python) out.language = Language::python;
  if (out.language == Language::python) out.source = problem.prelude + out.source;
  return out;
}

}  // namespace reprise::grading::code
