// Scores, errors and intervals of recorded samples against SciPy, statsmodels, enumeration and simulation.
#include "evaluation/harness/scores.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/random.h"
#include "evaluation/harness/paired.h"
#include "support/test_data.h"

namespace reprise::evaluation {
namespace {

using grading::VerdictKind;

// tests/golden/make_scores_golden.py
const nlohmann::json& golden() {
  static const nlohmann::json read = nlohmann::json::parse(read_file(testing::source_folder() / "tests/golden/scores.json"));
  return read;
}

ScoredSet set_of(const std::vector<std::vector<int>>& correct) {
  ScoredSet set{.model = "m", .benchmark = "b"};
  for (size_t i = 0; i < correct.size(); ++i) {
    ScoredProblem problem{.id = std::to_string(i)};
    for (size_t j = 0; j < correct[i].size(); ++j) problem.samples.push_back({.index = static_cast<int64_t>(j), .verdict = correct[i][j] ? VerdictKind::correct : VerdictKind::incorrect});
    set.problems.push_back(std::move(problem));
  }
  return set;
}

TEST(Scores, EqualScipyAndStatsmodelsAndHumanEval) {
  int checked = 0;
  for (const auto& one : golden()["sets"]) {
    const ScoredSet set = set_of(one["correct"].get<std::vector<std::vector<int>>>());
    const Score score = score_of(set, "pass@1");
    EXPECT_NEAR(score.value, one["value"].get<double>(), 1e-12);
    EXPECT_NEAR(score.error_problems.value(), one["se_problems"].get<double>(), 1e-12);
    EXPECT_NEAR(score.interval_problems->low, one["ci_problems"][0].get<double>(), 1e-9);
    EXPECT_NEAR(score.interval_problems->high, one["ci_problems"][1].get<double>(), 1e-9);
    EXPECT_EQ(score.error_fixed.has_value(), one.contains("se_fixed"));
    if (score.error_fixed) {
      EXPECT_NEAR(*score.error_fixed, one["se_fixed"].get<double>(), 1e-12);
    }
    for (const auto& [k, value] : one["pass"].items()) {
      EXPECT_NEAR(score_of(set, "pass@" + k).value, value.get<double>(), 1e-12) << k;
      ++checked;
    }
  }
  EXPECT_EQ(checked, 16);
}

TEST(Scores, RefuseWhatCannotBeHad) {
  const ScoredSet set = set_of({{1, 0}, {0, 1}});
  EXPECT_THROW(score_of(set, "pass@3"), Error);
  EXPECT_THROW(score_of(set, "cons@k"), Error);  // no answers were recorded
  EXPECT_THROW(scores_of({.model = "m", .benchmark = "b"}), Error);
}

// Every subset of `size`, by brute force.
double majority_by_enumeration(const std::vector<int>& votes, int correct, int64_t size) {
  double sum = 0, subsets = 0;
  for (unsigned bits = 0; bits < 1u << votes.size(); ++bits) {
    if (__builtin_popcount(bits) != size) continue;
    std::map<int, int> counts;
    for (size_t i = 0; i < votes.size(); ++i) {
      if (bits >> i & 1 && votes[i] >= 0) ++counts[votes[i]];
    }
    ++subsets;
    int most = 0, tied = 0;
    for (const auto& [name, count] : counts) most = std::max(most, count);
    for (const auto& [name, count] : counts) tied += count == most;
    if (most > 0 && counts.contains(correct) && counts[correct] == most) sum += 1.0 / tied;
  }
  return sum / subsets;
}

TEST(Scores, AMajorityOverSubsetsIsThatOfAllSubsets) {
  const std::vector<std::vector<int>> cases = {{0, 0, 1, 1, 2, -1, 0, 1}, {0, 1, 2, 3, 4}, {-1, -1, 0}, {1, 1, 1, 0, 0, 0, 2, 2, 2, -1}, {1, 1, 1}};
  for (const auto& votes : cases) {
    std::map<int, int64_t> counts;
    int64_t silent = 0;
    for (const int vote : votes) vote < 0 ? ++silent : ++counts[vote];
    std::vector<int64_t> list;
    int64_t correct = -1;
    for (const auto& [name, count] : counts) {
      if (name == 0) correct = static_cast<int64_t>(list.size());
      list.push_back(count);
    }
    for (int64_t size = 1; size <= static_cast<int64_t>(votes.size()); ++size) {
      EXPECT_NEAR(expected_majority(list, correct, silent, size), majority_by_enumeration(votes, 0, size), 1e-12) << size;
    }
  }
}

TEST(Scores, BoundsLeaveOutWhatCannotBeJudged) {
  ScoredSet set = set_of({{1, 0, 1, 1}, {0, 0, 1, 0}});
  set.problems[0].samples[1].verdict = VerdictKind::unverifiable;
  const auto bounds = bounds_of(set);
  ASSERT_FALSE(bounds.empty());
  EXPECT_EQ(bounds[0].num_left_out, 1);
  EXPECT_NEAR(bounds[0].value, (1.0 + 0.25) / 2, 1e-12);
  EXPECT_NEAR(score_of(set, "pass@1").value, (0.75 + 0.25) / 2, 1e-12);
}

TEST(Paired, SignFlipAndHolmEqualTheOracles) {
  for (const auto& one : golden()["sign_flip"]) {
    const SignFlip test = sign_flip_test(one["differences"].get<std::vector<double>>());
    EXPECT_TRUE(test.exact);
    EXPECT_NEAR(test.p, one["p"].get<double>(), 1e-12);
  }
  const auto adjusted = holm(golden()["holm"]["p"].get<std::vector<double>>());
  for (size_t i = 0; i < adjusted.size(); ++i) EXPECT_NEAR(adjusted[i], golden()["holm"]["adjusted"][i].get<double>(), 1e-12);
  EXPECT_EQ(sign_flip_test({0, 0, 0}).p, 1);
}

TEST(Paired, SeesWhatSeparateIntervalsDoNot) {
  // B is right where A is, and on three problems more.
  std::vector<std::vector<int>> a, b;
  for (int i = 0; i < 60; ++i) {
    a.push_back({i % 2, i % 2});
    b.push_back({i % 2 || i < 16, i % 2 || i < 16});
  }
  const auto pair = compare_paired(set_of(b), set_of(a), "pass@1");
  EXPECT_NEAR(pair.difference, 8.0 / 60, 1e-12);
  EXPECT_LT(pair.test.p, 0.01);
  EXPECT_GT(pair.interval.low, 0);
  ScoredSet fewer = set_of(a);
  fewer.problems.pop_back();
  EXPECT_THROW(compare_paired(set_of(b), fewer, "pass@1"), Error);
}

// Draws from populations of problems: a pass rate each.
double beta_rate(RandomStream& stream, int a, int b) {
  // A Beta(a, b) of whole numbers is the a-th smallest of a + b - 1 uniforms.
  std::vector<double> u(static_cast<size_t>(a + b - 1));
  for (double& x : u) x = stream.uniform();
  std::nth_element(u.begin(), u.begin() + (a - 1), u.end());
  return u[static_cast<size_t>(a - 1)];
}

struct Population {
  const char* name;
  double mean;
  double (*rate)(RandomStream&);
  bool theory_holds;  // at n = 30 too
};

const Population kPopulations[] = {
    {"Beta(2,2)", 0.5, [](RandomStream& s) { return beta_rate(s, 2, 2); }, true},
    {"uniform", 0.5, [](RandomStream& s) { return s.uniform(); }, true},
    {"Beta(5,1)", 5.0 / 6, [](RandomStream& s) { return beta_rate(s, 5, 1); }, true},
    {"solved or not", 0.5, [](RandomStream& s) { return s.uniform() < 0.5 ? 0.05 : 0.95; }, true},
    {"almost all solved", 0.95 * 0.99 + 0.05 * 0.02, [](RandomStream& s) { return s.uniform() < 0.95 ? 0.99 : 0.02; }, false}};

TEST(Scores, IntervalsCoverWhatTheySay) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "2,000 benchmarks are too many under sanitizers";
#endif
  struct Shape {
    int problems, samples;
  };
  constexpr int kBenchmarks = 2000;
  std::printf("coverage of 95 %% intervals over %d benchmarks: population, n, k, problems as a sample, fixed problems\n", kBenchmarks);
  for (const Population& population : kPopulations) {
    for (const Shape shape : {Shape{30, 64}, Shape{500, 4}, Shape{198, 8}, Shape{164, 1}}) {
      RandomStream stream({17, static_cast<uint64_t>(shape.problems)});
      int covered = 0, covered_fixed = 0;
      for (int i = 0; i < kBenchmarks; ++i) {
        std::vector<std::vector<int>> correct;
        double fixed_mean = 0;
        for (int p = 0; p < shape.problems; ++p) {
          const double rate = population.rate(stream);
          fixed_mean += rate / shape.problems;
          correct.emplace_back();
          for (int k = 0; k < shape.samples; ++k) correct.back().push_back(stream.uniform() < rate);
        }
        const Score score = score_of(set_of(correct), "pass@1");
        covered += score.interval_problems->low <= population.mean && population.mean <= score.interval_problems->high;
        if (score.interval_fixed) covered_fixed += score.interval_fixed->low <= fixed_mean && fixed_mean <= score.interval_fixed->high;
        EXPECT_EQ(score.interval_fixed.has_value(), shape.samples > 1);
      }
      const double share = covered / double{kBenchmarks}, share_fixed = covered_fixed / double{kBenchmarks};
      std::printf("  %-18s %4d %3d  %.4f  ", population.name, shape.problems, shape.samples, share);
      std::printf(shape.samples > 1 ? "%.4f\n" : "-\n", share_fixed);
      if (population.theory_holds) {
        EXPECT_TRUE(share >= 0.93 && share <= 0.97) << population.name << " n " << shape.problems << ": " << share;
        if (shape.samples > 1) {
          EXPECT_TRUE(share_fixed >= 0.93 && share_fixed <= 0.97) << population.name << " n " << shape.problems << ": " << share_fixed;
        }
      }
    }
  }
}

}  // namespace
}  // namespace reprise::evaluation
