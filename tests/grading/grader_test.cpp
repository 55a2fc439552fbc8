// What each grader says of completions, right, wrong, cut off and absurd.
#include "grading/grader.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/random.h"

namespace reprise::grading {
namespace {

data::Problem problem(const std::string& grader, const std::string& answer, const std::string& metadata = "") {
  data::Problem p;
  p.id = "p";
  p.grader = grader;
  p.answer = answer;
  p.metadata = metadata;
  return p;
}

std::string kind(const data::Problem& p, const std::string& completion, bool opened = false) { return to_string(grade({p, completion, opened, true}).kind); }

TEST(Grader, ReadsTheAnswerBehindTheThinkingOnly) {
  const auto p = problem("number", "72");
  EXPECT_EQ(kind(p, "<think>it is 72</think><answer>72</answer>"), "correct");
  EXPECT_EQ(kind(p, "<think>it is 72</think><answer>71</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "<think>it is 72"), "no_answer");
  EXPECT_EQ(kind(p, "it is 72", true), "no_answer");  // the template opened the thinking, and it never ended
  EXPECT_EQ(kind(p, "it is 71</think> so 72", true), "correct");
}

TEST(Grader, NumberIsTheGsm8kRule) {
  const auto p = problem("number", "1,080");
  EXPECT_EQ(kind(p, "First 12. Then\n#### 1080"), "correct");
  EXPECT_EQ(kind(p, "\\boxed{1080} and 3 apples"), "correct");
  EXPECT_EQ(kind(p, "The total is $1,080.00."), "correct");
  EXPECT_EQ(kind(p, "The total is 1080 of 3"), "incorrect");
  EXPECT_EQ(kind(p, "the answer is $\\boxed 1080$."), "correct");  // two of MATH's own solutions are written so
  EXPECT_EQ(kind(p, "nothing"), "no_answer");
  EXPECT_EQ(kind(problem("number", "-3"), "x = -3"), "correct");
  EXPECT_EQ(kind(problem("number", "0.5"), "\\boxed{\\frac{1}{2}}"), "correct");
}

TEST(Grader, MathIsTheMathGrader) {
  EXPECT_EQ(kind(problem("math", "\\frac{3}{4}"), "\\boxed{0.75}"), "correct");
  EXPECT_EQ(kind(problem("math", "\\frac{3}{4}"), "\\boxed{\\frac{4}{3}}"), "incorrect");
  EXPECT_EQ(kind(problem("math", "\\left( 3, \\frac{\\pi}{2} \\right)"), "so it is \\boxed{(3,\\dfrac{\\pi}{2})}."), "correct");
  EXPECT_EQ(kind(problem("math", "2\\sqrt{3}"), "\\boxed{\\sqrt{12}}"), "correct");
}

TEST(Grader, CodeRunsTheProgramInTheSandbox) {
  const auto p = problem("code", "", R"({"kind": "stdin", "inputs": ["1 2\n", "5 6"], "outputs": ["3\n", "11\n"]})");
  EXPECT_EQ(kind(p, "<think>hm</think>```python\nprint(sum(map(int, input().split())))\n```"), "correct");
  EXPECT_EQ(kind(p, "```python\nprint(3)\n```"), "incorrect");
  EXPECT_EQ(kind(p, "```python\nimport os\nos._exit(0)\n```"), "incorrect");
  EXPECT_EQ(kind(p, "<think>never ends"), "no_answer");
  EXPECT_THROW(kind(problem("code", "", R"({"kind": "python_tests"})"), "x"), Error);
}

TEST(Grader, ExactWantsTheBlock) {
  const auto p = problem("exact", "7");
  EXPECT_EQ(kind(p, "<think>a</think><answer> 7\n</answer>"), "correct");
  EXPECT_EQ(kind(p, "<think>a</think><answer>7 7</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "7"), "no_answer");
}

TEST(Grader, ChoiceTakesTheLastLetterAlone) {
  const auto p = problem("choice", "B");
  EXPECT_EQ(kind(p, "Answer: B"), "correct");
  EXPECT_EQ(kind(p, "A is wrong, so (B)."), "correct");
  EXPECT_EQ(kind(p, "\\boxed{C}, not B"), "incorrect");
  EXPECT_EQ(kind(p, "I do not know"), "no_answer");
}

TEST(Grader, CountdownUsesEachNumberOnce) {
  const auto p = problem("countdown", "24", R"({"numbers": [4, 6, 8, 2], "target": 24})");
  EXPECT_EQ(kind(p, "<answer>(8 - 2) * 4 * 6 / 6</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "<answer>6 * (8 - 4) / 2 + 12 - 12</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "<answer>8 / 2 * 6 * 4 / 4</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "<answer>(8 × 6) ÷ 2 + 4 − 4</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "<answer>(4 + 8) * (6 - 2) = 48</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "<answer>4 * (8 - 2) * 6</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "<answer>(6 / 2) * (4 + 8) - 12</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "<answer>(6 - 2) * 8 - 4 - 4</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "<answer>6 * 4 * (8 / 2 - 3)</answer>"), "incorrect");
  const auto q = problem("countdown", "24", R"({"numbers": [1, 5, 5, 5], "target": 24})");
  EXPECT_EQ(kind(q, "<answer>5 * (5 - 1 / 5) = 24</answer>"), "correct");  // through a fraction, exactly
  EXPECT_EQ(kind(q, "<answer>5 * (5 - 1 / 5) ** 1</answer>"), "incorrect");
  EXPECT_EQ(kind(q, "<answer>" + std::string(10000, '(') + "</answer>"), "incorrect");
  EXPECT_EQ(kind(q, "<answer>5 / (5 - 5) + 1</answer>"), "incorrect");
  EXPECT_EQ(kind(problem("countdown", "24"), "<answer>24</answer>"), "unverifiable");
}

TEST(Grader, KnightsAndKnavesWantsEveryone) {
  const auto p = problem("knights_knaves", "", R"({"names": ["Zoey", "Oliver"], "solution": [false, true]})");
  EXPECT_EQ(kind(p, "<answer>(1) Zoey is a knave (2) Oliver is a knight</answer>"), "correct");
  EXPECT_EQ(kind(p, "<answer>Oliver is a knight.</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "<answer>Zoey is a knave, Oliver is a knight, Oliver is a knave</answer>"), "incorrect");
  EXPECT_EQ(kind(p, "<answer>who knows</answer>"), "no_answer");
  const auto names = problem("knights_knaves", "", R"({"names": ["Ella", "Isabella"], "solution": [true, false], "a_knight": "a sage", "a_knave": "a fool"})");
  EXPECT_EQ(kind(names, "<answer>Isabella is a fool, Ella is a sage</answer>"), "correct");  // one name ends in the other
  for (const char* metadata : {"", "[]", "{\"names\": 3, \"solution\": 3}", "{\"names\": [1], \"solution\": [true]}", "{\"names\": [\"a\"], \"solution\": [\"x\"]}"}) {
    EXPECT_EQ(kind(problem("knights_knaves", "", metadata), "Zoey is a knave"), "unverifiable") << metadata;
  }
}

TEST(Grader, NamesTheRecipesFault) { EXPECT_THROW(grade({problem("numbr", "3"), "3"}), Error); }

// Every completion gets a verdict, whatever it is made of.
TEST(Grader, IsTotal) {
  RandomStream draw({2026, 5});
  const char* parts[] = {"<think>", "</think>", "<answer>", "</answer>", "\\boxed{", "}", "{", "####", "-", ".", ",", "/", "12", "7", "$", "%", "\\frac", "is a knight", "a ", "(", ")", "=", "\xff", "\n", "A", "answer is", "*"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (uint64_t i = draw.below(30); i > 0; --i) text += parts[draw.below(std::size(parts))];
    for (const std::string& name : grader_names()) {
      if (name == "code") continue;  // runs programs: tests/e2e/judge.py
      const auto p = problem(name, "7", R"({"numbers": [7], "target": 7, "names": ["a"], "solution": [true]})");
      const Verdict verdict = grade({p, text, round % 2 == 0, true});
      EXPECT_FALSE(verdict.reason.empty()) << name << ": " << text;
    }
  }
}

}  // namespace
}  // namespace reprise::grading
