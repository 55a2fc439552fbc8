// The tables of own cases, and what must hold of every verdict: symmetry, bounded work, a reason.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/files.h"
#include "base/strings.h"
#include "grading/math/math_grader.h"
#include "grading/math/math_verify.h"
#include "grading/math/parser.h"
#include "grading/published_rules.h"

namespace reprise::grading::math {
namespace {

std::vector<std::vector<std::string>> table(const std::string& name) {
  std::vector<std::vector<std::string>> rows;
  for (const std::string& line : split(read_file(std::string(REPRISE_SOURCE_DIR) + "/tests/grading/" + name), '\n')) {
    if (!line.empty() && line[0] != '#') rows.push_back(split(line, '\t'));
  }
  return rows;
}

MathVerdict bare(const std::string& reference, const std::string& answer) {
  static Workspace workspace;
  MathOptions options;
  options.bare = true;
  return grade_math(reference, answer, workspace, options);
}

TEST(MathEqual, DecidesTheTableOfCases) {
  const auto rows = table("math_cases.tsv");
  EXPECT_GT(rows.size(), 300u);
  for (const auto& row : rows) {
    ASSERT_EQ(row.size(), 3u) << row[0];
    const MathVerdict v = bare(row[0], row[1]);
    EXPECT_EQ(to_string(v.verdict), row[2]) << row[0] << " | " << row[1] << ": " << to_string(v.status) << ", " << v.reason;
    EXPECT_FALSE(v.reason.empty());
  }
}

TEST(MathEqual, IsSymmetricAndReflexive) {
  for (const auto& row : table("math_cases.tsv")) {
    EXPECT_EQ(to_string(bare(row[1], row[0]).verdict), row[2]) << row[1] << " | " << row[0];
    if (row[2] == "correct") {
      for (int side : {0, 1}) EXPECT_EQ(to_string(bare(row[side], row[side]).verdict), std::string("correct")) << row[side];
    }
  }
}

TEST(MathExtract, FindsTheAnswersOfTheTable) {
  for (const auto& row : table("extraction_cases.tsv")) {
    ASSERT_EQ(row.size(), 4u) << row[0];
    static Workspace workspace;
    const std::string completion = replace_all(replace_all(row[0], "\\n#", "\n#"), "\\\\", "\\");
    const MathVerdict v = grade_math(row[1], completion, workspace);
    EXPECT_EQ(to_string(v.verdict), row[2]) << row[0] << ": " << v.extracted << ", " << v.reason;
    EXPECT_EQ(v.extracted, row[3]) << row[0];
  }
}

TEST(MathEqual, TellsHowItKnows) {
  EXPECT_EQ(bare("\\sqrt{5+2\\sqrt6}", "\\sqrt2+\\sqrt3").status, Status::proved_equal);
  EXPECT_EQ(bare("2^{n+1}", "2\\cdot 2^n").status, Status::numerically_equal);
  EXPECT_GE(bare("2^{n+1}", "2\\cdot 2^n").bits, 200);
  EXPECT_EQ(bare("\\pi", "\\frac{22}{7}").status, Status::proved_different);
  EXPECT_EQ(bare("5", "\\foo").status, Status::unparsable);
  EXPECT_EQ(bare("5", "").status, Status::no_answer);
}

TEST(MathEqual, TinyAndHugeNumbersAreToldApart) {
  EXPECT_EQ(bare("10^{-1000}", "10^{-1001}").status, Status::proved_different);
  EXPECT_EQ(bare("\\sqrt2 \\cdot 10^{-1000}", "\\sqrt2 \\cdot 10^{-1001}").status, Status::proved_different);
  EXPECT_EQ(bare("10^{100000}", "10^{100000}+1").status, Status::proved_different);
  EXPECT_NE(bare("9^{9^9}", "9^{9^9}+1").verdict, VerdictKind::correct);
  EXPECT_EQ(bare("\\pi+10^{-200}", "\\pi").status, Status::proved_different);
}

TEST(MathEqual, ThreadsDoNotTouchEachOther) {
  const auto rows = table("math_cases.tsv");
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Workspace workspace;
      MathOptions options;
      options.bare = true;
      for (size_t i = 0; i < rows.size(); ++i) {
        const auto& row = rows[(i * 7 + static_cast<size_t>(t) * 31) % rows.size()];
        if (to_string(grade_math(row[0], row[1], workspace, options).verdict) != row[2]) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(MathEqual, EndsOnHostileInput) {
  const std::string deep(50000, '('), braces(10 << 20, '{'), roots = [] {
    std::string text = "2";
    for (int i = 0; i < 60; ++i) text = "\\sqrt{2+" + text + "}";
    return text;
  }();
  std::string fractions = "1";
  for (int i = 0; i < 500; ++i) fractions = "\\frac{1}{1+" + fractions + "}";
  std::string sum = "\\sqrt2";
  for (int i = 3; i < 400; ++i) sum += "+\\sqrt{" + std::to_string(i) + "}";
  std::string powers = "x";
  for (int i = 0; i < 40; ++i) powers = "(" + powers + "+1)^{9}";
  for (const std::string& hostile : {std::string("9^{9^{9^9}}"), std::string("9^9^9^9"), std::string("(10^{10})!"), std::string("\\binom{10^9}{10^8}"), std::string("e^{e^{e^{e^{10}}}}"), deep, braces, roots, fractions, sum, powers,
                                     std::string(20000, '9'), std::string(19000, '\\'), std::string("\\frac").append(deep), "10^{" + std::string(3000, '9') + "}", std::string("\\sin(10^{10^{10}})"),
                                     std::string("0^{-1}"), std::string("\\log 0"), std::string("0^0"), std::string("1/(1-1)")}) {
    const MathVerdict v = bare("5", hostile), w = bare(hostile, "x+\\sqrt5");
    EXPECT_NE(v.verdict, VerdictKind::correct) << hostile.substr(0, 40);
    EXPECT_NE(w.verdict, VerdictKind::correct) << hostile.substr(0, 40);
  }
}

TEST(MathParser, SaysWhereItFailed) {
  EXPECT_EQ(parse_answer("x + ").fault, "after 'x +': an operand is missing");
  EXPECT_NE(parse_answer("\\foo{1}").fault.find("\\foo"), std::string::npos);
  EXPECT_NE(parse_answer(std::string(30000, '1')).fault.find("bytes"), std::string::npos);
  EXPECT_NE(parse_answer(std::string(500, '(') + "1").fault.find("inside one another"), std::string::npos);
}

TEST(MathParser, ReadsMixedNumbersProductsAndUnitsApart) {
  const auto read = [](const std::string& text) {
    const Parsed parsed = parse_answer(text);
    return parsed.expression ? to_text(*parsed.expression) : parsed.fault;
  };
  EXPECT_EQ(read("2\\frac13"), "2 + 1/3");
  EXPECT_EQ(read("2\\frac{a}{3}"), "2*a/3");
  EXPECT_EQ(read("2x^{10}y"), "2*x^10*y");
  EXPECT_EQ(read("\\sin^2 2x \\cos y"), "sin(2*x)^2*cos(y)");
  EXPECT_EQ(read("5\\text{ cm}^2"), "5 [cm^2]");
  EXPECT_EQ(read("1,234,567"), "1234567");
  EXPECT_EQ(read("(1,234)"), "(1, 234)");
  EXPECT_EQ(read("x=1\\text{ or }2"), "(x = 1), 2");
  EXPECT_EQ(read("|x-|y||"), "abs(x - abs(y))");
  EXPECT_EQ(read("-x^2"), "-x^2");
}

// Math-Verify's own decisions, quirks included. The few that differ are listed here, with who is right in docs/grading.md.
TEST(MathVerifyMode, DecidesAsMathVerify) {
  static Workspace workspace;
  std::string differ;
  int count = 0, equal = 0;
  for (const auto& row : table("math_verify_cases.tsv")) {
    ASSERT_EQ(row.size(), 3u) << row[0];
    const MathVerdict v = grade_as_math_verify(row[0], row[1], workspace, false);
    ++count;
    if ((v.verdict == VerdictKind::correct) == (row[2] == "True")) ++equal;
    else differ += row[0] + " | " + row[1] + ": Math-Verify says " + row[2] + ", here " + v.reason + "\n";
  }
  EXPECT_GT(count, 180);
  EXPECT_GE(equal, count * 97 / 100) << differ;
}

TEST(PublishedRules, Gsm8kComparesTheTextBehindTheHashes) {
  EXPECT_EQ(grade_gsm8k("18", "so\n#### 18").kind, VerdictKind::correct);
  EXPECT_EQ(grade_gsm8k("1234", "#### 1,234").kind, VerdictKind::correct);
  EXPECT_EQ(grade_gsm8k("she has 5\n#### 5", "A: 5").kind, VerdictKind::correct);
  EXPECT_EQ(grade_gsm8k("18", "#### 18.0").kind, VerdictKind::incorrect);  // its rule compares texts
  EXPECT_EQ(grade_gsm8k("18", "the answer is 18").kind, VerdictKind::no_answer);
}

TEST(PublishedRules, HendrycksComparesOneSpelling) {
  EXPECT_EQ(grade_hendrycks_math("\\frac{1}{2}", "\\boxed{0.5}").kind, VerdictKind::correct);
  EXPECT_EQ(grade_hendrycks_math("\\frac{3}{4}", "\\boxed{3/4}").kind, VerdictKind::correct);
  EXPECT_EQ(grade_hendrycks_math("\\frac{1}{4}", "\\boxed{0.25}").kind, VerdictKind::incorrect);  // it knows 0.5 only
  EXPECT_EQ(grade_hendrycks_math("5", "\\boxed{x = 5}").kind, VerdictKind::correct);
  EXPECT_EQ(grade_hendrycks_math("5", "\\boxed{5\\text{ cm}}").kind, VerdictKind::correct);
  EXPECT_EQ(grade_hendrycks_math("\\sqrt{3}", "\\fbox{\\sqrt3}").kind, VerdictKind::correct);
  EXPECT_EQ(hendrycks_spelling("\\left(\\dfrac12, .5\\right)"), "(\\frac{1}{2},0.5)");
  EXPECT_EQ(grade_hendrycks_math("5", "5").kind, VerdictKind::no_answer);
}

TEST(PublishedRules, MinervaReadsItsSentence) {
  EXPECT_EQ(grade_minerva("\\frac{1}{2}", "Final Answer: The final answer is $\\frac12$. I hope it is correct.").kind, VerdictKind::correct);
  EXPECT_EQ(grade_minerva("0.25", "The final answer is 1/4. I hope it is correct.").kind, VerdictKind::correct);
  EXPECT_EQ(grade_minerva("1000", "The final answer is 1,000 dollars. I hope it is correct.").kind, VerdictKind::correct);
  EXPECT_EQ(grade_minerva("5", "The final answer is 6. I hope it is correct.").kind, VerdictKind::incorrect);
  EXPECT_EQ(minerva_spelling("x = \\text{5} units"), "5");
}

TEST(PublishedRules, AimeWantsAWholeNumberUpTo999) {
  EXPECT_EQ(grade_aime("073", "\\boxed{73}").kind, VerdictKind::correct);
  EXPECT_EQ(grade_aime("336^\\circ", "\\boxed{336}").kind, VerdictKind::correct);
  EXPECT_EQ(grade_aime("73", "\\boxed{73.5}").kind, VerdictKind::incorrect);
  EXPECT_EQ(grade_aime("73", "\\boxed{1073}").kind, VerdictKind::incorrect);
  EXPECT_EQ(grade_aime("1073", "\\boxed{73}").kind, VerdictKind::unverifiable);
}

}  // namespace
}  // namespace reprise::grading::math
