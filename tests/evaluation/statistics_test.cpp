// Scores against enumeration, distribution functions against SciPy, intervals against simulation.
#include "evaluation/harness/statistics.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "base/strings.h"
#include "evaluation/harness/comparison.h"
#include "evaluation/harness/special_functions.h"
#include "support/test_data.h"

namespace reprise::evaluation {
namespace {

using grading::VerdictKind;

EvaluationSample sample(const std::string& id, int64_t index, const std::string& answer, bool correct) {
  EvaluationSample made;
  made.problem_id = id;
  made.sample_index = index;
  made.extracted = answer;
  made.verdict = answer.empty() ? VerdictKind::no_answer : correct ? VerdictKind::correct : VerdictKind::incorrect;
  made.num_tokens = 10 + index;
  return made;
}

TEST(Distributions, EqualScipy) {
  // tests/golden/make_statistics_golden.py
  const std::string table = read_file(testing::source_folder() / "tests/golden/statistics.tsv");
  int checked = 0;
  for (const std::string& line : split(table, '\n')) {
    if (line.empty()) continue;
    const auto cells = split(line, '\t');
    std::vector<double> x;
    for (const std::string& number : split(cells[1], ',')) x.push_back(*parse_double(number));
    const double expected = *parse_double(cells[2]);
    double got = std::nan("");
    if (cells[0] == "normal_quantile") got = normal_quantile(x[0]);
    if (cells[0] == "normal_cdf") got = normal_cdf(x[0]);
    if (cells[0] == "student_t_quantile") got = student_t_quantile(x[0], x[1]);
    if (cells[0] == "student_t_cdf") got = student_t_cdf(x[0], x[1]);
    if (cells[0] == "incomplete_beta") got = incomplete_beta(x[0], x[1], x[2]);
    if (cells[0] == "wilson_low") got = wilson_interval(x[0], x[1]).low;
    if (cells[0] == "wilson_high") got = wilson_interval(x[0], x[1]).high;
    if (cells[0] == "t_low") got = t_interval(x).low;
    if (cells[0] == "t_high") got = t_interval(x).high;
    EXPECT_NEAR(got, expected, 1e-9 * std::max(std::abs(expected), 1e-6) + 1e-16) << line;
    ++checked;
  }
  EXPECT_GT(checked, 100);
}

TEST(PassAtK, EqualsTheShareOfSubsetsWithACorrectSample) {
  for (int n = 1; n <= 9; ++n) {
    for (int c = 0; c <= n; ++c) {
      for (int k = 1; k <= n; ++k) {
        int subsets = 0, lucky = 0;
        for (unsigned set = 0; set < (1u << n); ++set) {
          if (__builtin_popcount(set) != k) continue;
          ++subsets;
          lucky += (set & ((1u << c) - 1)) != 0;
        }
        EXPECT_NEAR(pass_at_k(n, c, k), static_cast<double>(lucky) / subsets, 1e-12) << n << " " << c << " " << k;
      }
    }
  }
}

TEST(PassAtK, StaysFiniteForThousandsOfSamples) {
  EXPECT_NEAR(pass_at_k(100'000, 1, 50'000), 0.5, 1e-9);
}

// Every order of the votes: the first answer to have the most votes wins, which breaks ties at random.
double majority_by_enumeration(const std::vector<EvaluationSample>& samples) {
  std::vector<std::string> answers;
  std::map<std::string, int> votes;
  std::map<std::string, bool> right;
  int most = 0;
  for (const auto& one : samples) {
    if (one.extracted.empty()) continue;
    most = std::max(most, ++votes[one.extracted]);
    right[one.extracted] = one.correct();
  }
  double chance = 0;
  int tied = 0;
  for (const auto& [answer, count] : votes) {
    if (count == most) {
      ++tied;
      chance += right[answer];
    }
  }
  return tied ? chance / tied : 0;
}

TEST(MajorityVote, EqualsEnumerationOfAllAnswersOfFourSamples) {
  const std::string answers[] = {"", "7", "8", "9"};
  for (int code = 0; code < 256; ++code) {
    std::vector<EvaluationSample> samples;
    for (int i = 0; i < 4; ++i) {
      const std::string& answer = answers[(code >> (2 * i)) & 3];
      samples.push_back(sample("p", i, answer, answer == "7"));
    }
    EXPECT_DOUBLE_EQ(majority_correct(group_by_problem(samples)[0]), majority_by_enumeration(samples)) << code;
  }
}

TEST(MajorityVote, SpacesAroundAnAnswerDoNotSplitItsVotes) {
  std::vector<EvaluationSample> samples = {sample("p", 0, "7", true), sample("p", 1, " 7 ", true), sample("p", 2, "8", false),
                                           sample("p", 3, "9", false)};
  EXPECT_EQ(majority_correct(group_by_problem(samples)[0]), 1);
}

TEST(Estimate, AllCorrectDoesNotHaveAZeroInterval) {
  std::vector<EvaluationSample> samples;
  for (int p = 0; p < 20; ++p) {
    for (int k = 0; k < 4; ++k) samples.push_back(sample("p" + std::to_string(100 + p), k, "7", true));
  }
  const Estimate estimate = estimate_metric(group_by_problem(samples), "pass@1");
  EXPECT_EQ(estimate.value, 1);
  EXPECT_NEAR(estimate.interval.low, wilson_interval(20, 20).low, 1e-12);
  EXPECT_EQ(estimate.interval.high, 1);
}

TEST(Estimate, SamplingErrorIsTheFixedSetFormula) {
  // Two problems, k = 4, p = 1/4 and 1/2: sqrt(sum p(1-p)/(k-1)) / n.
  std::vector<EvaluationSample> samples;
  for (int k = 0; k < 4; ++k) samples.push_back(sample("a", k, "7", k < 1));
  for (int k = 0; k < 4; ++k) samples.push_back(sample("b", k, "7", k < 2));
  const Estimate estimate = estimate_metric(group_by_problem(samples), "pass@1");
  EXPECT_DOUBLE_EQ(estimate.value, 0.375);
  EXPECT_NEAR(estimate.sampling_error, std::sqrt(0.1875 / 3 + 0.25 / 3) / 2, 1e-15);
  EXPECT_NEAR(estimate.problem_error, 0.125, 1e-15);
}

TEST(Estimate, RefusesAMetricItDoesNotKnowAndAKThatIsTooLarge) {
  const std::vector<EvaluationSample> samples = {sample("a", 0, "7", true)};
  EXPECT_THROW(estimate_metric(group_by_problem(samples), "pas@1"), Error);
  EXPECT_THROW(estimate_metric(group_by_problem(samples), "pass@2"), Error);
  EXPECT_THROW(estimate_metric({}, "pass@1"), Error);
}

TEST(Pairing, RefusesDifferentProblems) {
  const std::vector<EvaluationSample> a = {sample("a", 0, "7", true)}, b = {sample("b", 0, "7", true)};
  EXPECT_THROW(paired_differences(group_by_problem(a), group_by_problem(b), "pass@1", "pass@1"), Error);
}

// Five seeds that truly differ, 40 shared problems that truly differ: how often do the intervals hold the
// true mean? The two-way t must; the percentile bootstrap, shown beside it, is known to fall short.
TEST(TwoWayInterval, CoversSeedsAndProblemsWhereTheBootstrapDoesNot) {
  constexpr int kTrials = 600, kSeeds = 5, kProblems = 40;
  int covered = 0, covered_by_bootstrap = 0;
  for (uint64_t trial = 0; trial < kTrials; ++trial) {
    RandomStream stream({77, trial});
    std::vector<double> problem(kProblems);
    for (double& value : problem) value = 0.3 * stream.normal();
    std::vector<std::vector<double>> table;
    for (int s = 0; s < kSeeds; ++s) {
      const double seed = 0.1 * stream.normal();
      std::vector<double> row;
      for (int p = 0; p < kProblems; ++p) row.push_back(seed + problem[static_cast<size_t>(p)] + 0.2 * stream.normal());
      table.push_back(row);
    }
    const Interval two_way = two_way_interval(table), bootstrap = crossed_bootstrap(table, trial, 300);
    covered += two_way.low <= 0 && two_way.high >= 0;
    covered_by_bootstrap += bootstrap.low <= 0 && bootstrap.high >= 0;
  }
  RecordProperty("two_way", covered);
  RecordProperty("bootstrap", covered_by_bootstrap);
  EXPECT_GE(covered, 0.93 * kTrials);
  EXPECT_LE(covered, 0.99 * kTrials);
  EXPECT_LT(covered_by_bootstrap, covered);
}

TEST(Bca, IsRepeatableAndNearTheTIntervalOfSymmetricData) {
  RandomStream stream({3});
  std::vector<double> values;
  for (int i = 0; i < 200; ++i) values.push_back(stream.normal());
  const Interval first = bca_interval(values, 1), again = bca_interval(values, 1), t = t_interval(values);
  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
  EXPECT_NEAR(first.low, t.low, 0.02);
  EXPECT_NEAR(first.high, t.high, 0.02);
}

}  // namespace
}  // namespace reprise::evaluation
