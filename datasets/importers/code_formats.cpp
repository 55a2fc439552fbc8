// Programming tasks. What the judge needs is the metadata: `kind` is "python_tests" (a test program around an entry point),
// "python_asserts" (a list of assertions) or "stdin" (inputs and the outputs they must give).
#include "base/strings.h"
#include "datasets/importers/row.h"

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

data::Problem humaneval(const json& row, const ImporterConfig&) {
  required_text(row, "test");
  data::Problem p = code_problem(parts_of(row, {"entry_point", "test", "contract", "base_input", "plus_input", "atol"}), "python_tests");
  p.id = required_text(row, "task_id");
  p.prompt = required_text(row, "prompt");
  p.solution = p.prompt + required_text(row, "canonical_solution");
  return p;
}

data::Problem mbpp(const json& row, const ImporterConfig&) {
  const bool plus = find(row, "assertion") != nullptr;  // MBPP+ has one text of assertions
  const json* tests = find(row, "test_list");
  if (!plus && (!tests || !tests->is_array() || tests->empty())) throw BadRow{"lacks 'test_list'"};
  data::Problem p = code_problem(parts_of(row, {"test_list", "test_setup_code", "test_imports", "challenge_test_list", "assertion", "entry_point", "contract",
                                                "base_input", "plus_input", "atol"}), "python_asserts");
  p.id = required_text(row, "task_id");
  if (!plus) p.id = "Mbpp/" + p.id;
  p.prompt = required_text(row, find(row, "text") ? "text" : "prompt");
  p.solution = required_text(row, find(row, "code") ? "code" : "canonical_solution");
  return p;
}

data::Problem stdin_tests(const json& row, const ImporterConfig&) {
  const json* tests = find(row, "tests") ? find(row, "tests") : find(row, "input_output");
  if (!tests) throw BadRow{"lacks 'tests'"};
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
  data::Problem p = code_problem(parts_of(row, {"contest_id", "contest_date", "tests", "platform", "difficulty", "starter_code"}), "stdin");
  p.id = required_text(row, "question_id");
  p.prompt = required_text(row, find(row, "prompt") ? "prompt" : "question_content");
  return p;
}

}  // namespace reprise::datasets
