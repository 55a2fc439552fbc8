// Programming tasks. What the judge needs is the metadata: `kind` is "python_tests" (tests in Python, with the benchmark that they are of and
// the publisher's own row) or "stdin" (inputs and the outputs they must give).
#include "base/error.h"
#include "base/strings.h"
#include "datasets/importers/row.h"
#include "grading/code/livecodebench.h"
#include "grading/code/problem.h"

namespace reprise::datasets {
namespace {

data::Problem code_problem(json metadata, const char* kind) {
  data::Problem p;
  metadata["kind"] = kind;
  p.metadata = metadata.dump();
  p.grader = "code";
  p.language = "en";
  return p;
}

// Two lists of texts of one length, at least one of each.
void require_tests(const json& inputs, const json& outputs) {
  if (!inputs.is_array() || !outputs.is_array() || inputs.empty() || inputs.size() != outputs.size()) throw BadRow{"lacks inputs and outputs of one length"};
}

}  // namespace

namespace {

// The row as it stands in its file is what the judge works from: its numbers may be larger than any reader's but Python's.
data::Problem judged_by_code(const json& row, const char* benchmark) {
  const std::string text = required_text(row, kRowText);
  try {
    grading::code::code_problem(benchmark, row, text);
  } catch (const Error& fault) {
    throw BadRow{fault.what()};
  }
  data::Problem p = code_problem({{"benchmark", benchmark}, {"row", text}}, "python_tests");
  p.id = required_text(row, "task_id");
  return p;
}

}  // namespace

data::Problem humaneval(const json& row, const ImporterConfig&) {
  data::Problem p = judged_by_code(row, find(row, "plus_input") ? "humaneval_plus" : "humaneval");
  p.prompt = required_text(row, "prompt");
  p.solution = p.prompt + required_text(row, "canonical_solution");
  return p;
}

data::Problem mbpp(const json& row, const ImporterConfig&) {
  const bool plus = find(row, "plus_input") != nullptr;
  data::Problem p = judged_by_code(row, plus ? "mbpp_plus" : "mbpp");
  if (!plus) p.id = "Mbpp/" + p.id;
  p.prompt = required_text(row, find(row, "text") ? "text" : "prompt");
  p.solution = required_text(row, find(row, "code") ? "code" : "canonical_solution");
  return p;
}

data::Problem stdin_tests(const json& row, const ImporterConfig&) {
  const json* tests = find(row, "tests") ? find(row, "tests") : find(row, "input_output");
  if (!tests) throw BadRow{"lacks 'tests'"};
  json parsed;  // APPS publishes its tests as JSON in a text
  if (tests->is_string()) {
    parsed = json::parse(tests->get<std::string>(), nullptr, false);
    tests = &parsed;
  }
  if (!tests->is_array() && !(tests->is_object() && tests->contains("inputs") && tests->contains("outputs"))) throw BadRow{"has no tests that can be read"};
  json metadata = parts_of(row, {"starter_code", "metadata"});
  json& inputs = metadata["inputs"] = json::array();
  json& outputs = metadata["outputs"] = json::array();
  if (tests->is_array()) {
    for (const json& test : *tests) {
      inputs.push_back(test.at("input").get<std::string>());
      outputs.push_back(test.at("output").get<std::string>());
    }
  } else {
    inputs = tests->at("inputs");
    outputs = tests->at("outputs");
    if (tests->contains("fn_name")) metadata["fn_name"] = tests->at("fn_name");
  }
  require_tests(inputs, outputs);
  data::Problem p = code_problem(std::move(metadata), "stdin");
  p.id = optional_text(row, "problem_id");
  p.prompt = required_text(row, find(row, "question") ? "question" : "problem");
  if (const json* solutions = find(row, "solutions"); solutions && solutions->is_array() && !solutions->empty()) p.solution = text_of((*solutions)[0]);
  return p;
}

data::Problem livecodebench(const json& row, const ImporterConfig&) {
  json metadata = parts_of(row, {"contest_id", "contest_date", "tests", "platform", "difficulty", "starter_code"});
  // The tests are in the authors' own files; the prompts alone are published elsewhere too.
  if (find(row, "public_test_cases") || find(row, "private_test_cases")) {
    try {
      const grading::code::LiveCodeBenchTests tests = grading::code::livecodebench_tests(row);
      metadata["inputs"] = metadata["outputs"] = json::array();
      for (const grading::code::StdinTest& test : tests.tests) {
        metadata["inputs"].push_back(test.input);
        metadata["outputs"].push_back(test.output);
      }
      if (!tests.function.empty()) metadata["call"] = tests.function;
    } catch (const Error& fault) {
      throw BadRow{fault.what()};
    }
    metadata["livecodebench"] = true;
    const std::string erratum = grading::code::livecodebench_erratum(required_text(row, "question_id"), optional_text(row, "question_title"));
    if (!erratum.empty()) metadata["erratum"] = erratum;
  }
  data::Problem p = code_problem(std::move(metadata), "stdin");
  p.id = required_text(row, "question_id");
  p.prompt = required_text(row, find(row, "prompt") ? "prompt" : "question_content");
  return p;
}

}  // namespace reprise::datasets
