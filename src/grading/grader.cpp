// The graders, by name. Each is total and its work bounded: a model cannot make one throw or hang.
#include "grading/grader.h"

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/strings.h"
#include "grading/choice.h"
#include "grading/code/code_judge.h"
#include "grading/code/verdict_record.h"
#include "grading/extract.h"
#include "grading/instructions/ifeval.h"
#include "grading/math/math_grader.h"
#include "grading/math/math_verify.h"
#include "grading/published_choices.h"
#include "grading/published_rules.h"
#include "grading/puzzles.h"
#include "grading/rational.h"
#include "io/jsonl.h"
#include "text/think_tags.h"

namespace reprise::grading {
namespace {

using data::Problem;

Verdict decided(bool correct, std::string extracted, std::string reason) {
  return {correct ? VerdictKind::correct : VerdictKind::incorrect, std::move(extracted), std::move(reason)};
}

std::string folded(std::string_view text) {
  std::string out;
  for (const std::string& word : split(replace_all(replace_all(std::string(text), "\n", " "), "\t", " "), ' ')) {
    if (word.empty()) continue;
    if (!out.empty()) out += ' ';
    out += word;
  }
  return out;
}

// The <answer> block and nothing else: the miniature's rule, and that of R1-Zero's template.
Verdict grade_exact(const Problem& problem, const std::string& answer) {
  const std::string found = folded(answer), expected = folded(problem.answer);
  return decided(found == expected, found, "'" + found + "' against '" + expected + "'");
}

// GSM8K's published rule (Cobbe et al. 2021: the number behind "####"), applied to the last number that the text gives.
Verdict grade_number(const Problem& problem, const std::string& answer) {
  const auto expected = parse_number(problem.answer);
  const std::string found = last_number(answer);
  if (found.empty()) return {VerdictKind::no_answer, "", "no number in the answer"};
  const auto value = parse_number(found);
  if (!expected || !value) return {VerdictKind::unverifiable, found, "not a plain number"};
  return decided(*value == *expected, found, found + " against " + problem.answer + ", as exact numbers");
}

// Mathematics (grading/math): whatever the answer's form. One workspace a thread.
Verdict grade_math(const Problem& problem, const std::string& answer) {
  thread_local math::Workspace workspace;
  math::MathVerdict verdict = math::grade_math(problem.answer, answer, workspace);
  return {verdict.verdict, std::move(verdict.extracted), std::string(math::to_string(verdict.status)) + ": " + verdict.reason, verdict.unreadable};
}

// A publisher's own rule (published_rules.h).
template <Verdict (*rule)(std::string_view, std::string_view)>
Verdict grade_by(const Problem& problem, const std::string& answer) {
  return rule(problem.answer, answer);
}

Verdict grade_math_verify(const Problem& problem, const std::string& answer) {
  thread_local math::Workspace workspace;
  math::MathVerdict verdict = math::grade_as_math_verify(problem.answer, answer, workspace, false);
  return {verdict.verdict, std::move(verdict.extracted), std::move(verdict.reason)};
}

// What a problem's metadata says of its tests, in the judge's terms.
code::CodeProblem code_problem_of(const Problem& problem) {
  const auto metadata = nlohmann::json::parse(problem.metadata, nullptr, false);
  const std::string kind = metadata.is_object() ? metadata.value("kind", "") : "";
  if (kind == "python_tests" && metadata.contains("row") && metadata.contains("benchmark")) {
    const std::string row = metadata["row"].get<std::string>();
    // Only its texts are read here; its numbers are Python's to read.
    return code::code_problem(metadata["benchmark"].get<std::string>(), io::parse_json_row(row), row);
  }
  if (kind == "stdin" && metadata.contains("inputs") && metadata.contains("outputs") && metadata["inputs"].size() == metadata["outputs"].size()) {
    nlohmann::json row = {{"tests", {{"inputs", metadata["inputs"]}, {"outputs", metadata["outputs"]}}}};
    if (metadata.contains("fn_name")) row["tests"]["fn_name"] = metadata["fn_name"];
    if (metadata.value("livecodebench", false)) {
      row = {{"question_id", problem.id}, {"public_test_cases", nlohmann::json::array()}};
      const std::string call = metadata.value("call", "");
      for (size_t i = 0; i < metadata["inputs"].size(); ++i) row["public_test_cases"].push_back({{"input", metadata["inputs"][i]}, {"output", metadata["outputs"][i]}, {"testtype", call.empty() ? "stdin" : "functional"}});
      if (!call.empty()) row["metadata"] = {{"func_name", call}};
      return code::code_problem("livecodebench", row, row.dump());
    }
    return code::code_problem("stdin", row, "");
  }
  throw Error("has no tests that a judge can run (kind '" + kind + "')", "problem " + problem.id, "import the benchmark's own file: its tests are missing in this one");
}

// A program against its problem's tests, in the sandbox.
Verdict grade_code(const Problem& problem, const std::string& answer) {
  const code::CodeProblem tests = code_problem_of(problem);
  thread_local code::CodeJudge judge;
  const code::Program program = code::program_of_completion(tests, answer);
  if (program.source.empty()) return {VerdictKind::no_answer, "", "no program"};
  const std::string key = code::verdict_key(problem.metadata, program.source);
  code::CodeVerdict verdict;
  if (const auto kept = code::kept_verdict(key)) {
    verdict = *kept;
  } else {
    verdict = judge.judge(tests, program);
    if (verdict.clock_decided) verdict = judge.judge(tests, program);  // a slow neighbour decides nothing
    code::keep_verdict(key, verdict);
  }
  const std::string where = verdict.failing_test >= 0 ? " at test " + std::to_string(verdict.failing_test + 1) : "";
  const std::string reason = std::string(code::to_string(verdict.kind)) + where + (verdict.message.empty() ? "" : ": " + verdict.message);
  if (verdict.kind == code::CodeVerdictKind::judge_error) return {VerdictKind::unverifiable, program.source, reason};
  return decided(verdict.kind == code::CodeVerdictKind::accepted, program.source, reason);
}

// Tasks of writing: a reward model or a person judges them.
Verdict grade_none(const Problem&, const std::string&) { return {VerdictKind::unverifiable, "", "no rule decides this problem"}; }

using Rule = Verdict (*)(const Problem&, const std::string&);
struct Row {
  const char* name;
  Rule rule;
};
constexpr Row kRules[] = {{"exact", grade_exact},         {"number", grade_number},
                          {"math", grade_math},           {"choice", grade_choice},
                          {"countdown", grade_countdown}, {"knights_knaves", grade_knights_knaves},
                          {"code", grade_code},
                          {"gsm8k", grade_by<grade_gsm8k>}, {"hendrycks_math", grade_by<grade_hendrycks_math>},
                          {"minerva", grade_by<grade_minerva>}, {"aime", grade_by<grade_aime>},
                          {"math_verify", grade_math_verify}, {"ifeval", grade_ifeval_strict}, {"ifeval_loose", grade_ifeval_loose},
                          {"simple_evals", grade_simple_evals}, {"simple_evals_multilingual", grade_simple_evals_multilingual},
                          {"mmlu_pro", grade_mmlu_pro},   {"lm_eval_mmlu_pro", grade_lm_eval_mmlu_pro},
                          {"lm_eval_flexible", grade_lm_eval_flexible}, {kNoGrader, grade_none}};

}  // namespace

std::vector<std::string> grader_names() {
  std::vector<std::string> names;
  for (const Row& row : kRules) names.emplace_back(row.name);
  return names;
}

Verdict grade(const GradingInput& input) {
  for (const Row& row : kRules) {
    if (input.problem.grader != row.name) continue;
    const bool thinks = input.prompt_opened_think || input.completion.find("<think>") != std::string_view::npos;
    const text::TaggedText tags = text::split_think_tags(input.completion, input.prompt_opened_think);
    if (thinks && !tags.thinking_closed) return {VerdictKind::no_answer, "", "the thinking never ended"};
    const bool tagged = tags.thinking_closed || input.completion.find("<answer>") != std::string_view::npos;
    if (row.rule == grade_exact && input.completion.find("<answer>") == std::string_view::npos) {
      return {VerdictKind::no_answer, "", "no <answer> block"};
    }
    return row.rule(input.problem, tagged ? tags.answer : std::string(input.completion));
  }
  throw Error("grader '" + input.problem.grader + "' is not known", "problem " + input.problem.id, "graders: " + join(grader_names(), ", "));
}

}  // namespace reprise::grading
