// The rule that says "reproduced": each of its verdicts, what it does over many draws, and the registry it is held against.
#include "evaluation/harness/verdict.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/random.h"
#include "evaluation/harness/benchmark.h"
#include "evaluation/harness/paired.h"
#include "support/test_data.h"

namespace reprise::evaluation {
namespace {

const Registry& registry() {
  static const Registry read = read_published_folder(testing::source_folder() / "evaluation/published");
  return read;
}

OwnNumber ours(const PublishedNumber& published, double value, double error) {
  OwnNumber own{.model = published.model, .benchmark = published.benchmark, .metric = published.metric, .num_generations = 64};
  own.estimate = {.value = value, .sampling_error = error, .num_problems = published.num_problems};
  for (const std::string& name : condition_names()) own.protocol[name] = kAssumed;
  own.protocol["num_generations"] = "64";
  return own;
}

const PublishedNumber& aime() { return *registry().find("r1-v1-t5-r1-distill-qwen-7b-aime24-p1"); }

TEST(Verdict, FollowsItsRule) {
  EXPECT_EQ(compare(ours(aime(), 0.556, 0.005), aime()).verdict, "reproduced");
  EXPECT_EQ(compare(ours(aime(), 0.600, 0.005), aime()).verdict, "differs");
  EXPECT_EQ(compare(ours(aime(), 0.575, 0.012), aime()).verdict, "inconclusive");
  // Significant, and still within the margin: the first comes first, and both are told.
  const auto both = compare(ours(aime(), 0.570, 0.002), aime());
  EXPECT_EQ(both.verdict, "reproduced");
  EXPECT_NE(both.reasons.back().find("significantly"), std::string::npos);
}

TEST(Verdict, NamesEveryCondition) {
  OwnNumber own = ours(aime(), 0.555, 0.005);
  own.protocol["temperature"] = "1.0";
  own.protocol["max_completion_length"] = "8192";
  const auto mismatch = compare(own, aime());
  EXPECT_EQ(mismatch.verdict, "protocol mismatch");
  EXPECT_EQ(mismatch.differences.size(), 2u);
  own = ours(aime(), 0.555, 0.005);
  own.protocol["temperature"] = "0.60";
  EXPECT_EQ(compare(own, aime()).verdict, "reproduced");
  own.estimate.num_problems = 29;
  EXPECT_EQ(compare(own, aime()).verdict, "protocol mismatch");
  own = ours(aime(), 0.555, 0.005);
  own.best_of = 4;
  EXPECT_EQ(compare(own, aime()).verdict, "not comparable");
  own = ours(aime(), 0.555, 0.005);
  own.model = "another";
  EXPECT_EQ(compare(own, aime()).verdict, "not comparable");
}

// Two printings of one score, told apart by what we measured: no verdict hangs on which of them is right.
TEST(Verdict, IsAConflictWhereTheSourcesDecideIt) {
  Registry two;
  two.numbers = {aime(), aime()};
  two.numbers[1].id = "another-printing";
  two.numbers[1].value = 0.40;
  for (auto& number : two.numbers) number.conflicts = {"c"};
  two.conflicts = {{"c", "two printings"}};
  const OwnNumber own = ours(two.numbers[0], 0.556, 0.005);
  EXPECT_EQ(compare(own, two.numbers[0]).verdict, "reproduced");
  const auto decided = compare(own, two.numbers[0], two);
  EXPECT_EQ(decided.verdict, "source conflict");
  EXPECT_NE(decided.reasons.back().find("40.0"), std::string::npos);
  two.numbers[1].value = 0.556;  // the verdict is the same under both
  EXPECT_EQ(compare(own, two.numbers[0], two).verdict, "reproduced");
}

int64_t drawn(RandomStream& stream, double rate, int64_t k) {
  int64_t right = 0;
  for (int64_t i = 0; i < k; ++i) right += stream.uniform() < rate;
  return right;
}

// The planner's k: "reproduced" in at least 80 % at a true difference of 0, in at most 5 % at one of the margin.
TEST(Verdict, KeepsThePlannersPromise) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "8,000 benchmarks are too many under sanitizers";
#endif
  constexpr int kProblems = 198, kTheirs = 64, kRuns = 4000;
  constexpr double kMargin = 0.02;
  RandomStream stream({23});
  std::vector<double> rates;
  double average = 0, variance = 0;
  for (int i = 0; i < kProblems; ++i) {
    rates.push_back(stream.uniform());
    average += rates.back() / kProblems;
    variance += rates.back() * (1 - rates.back()) / kProblems;
  }
  const PlanQuestion question{.num_problems = kProblems, .variance = variance, .their_num_generations = kTheirs, .rounding = 0.0005, .margin = kMargin};
  const PlanAnswer plan = plan_samples(question);
  ASSERT_GT(plan.num_generations, 1);
  EXPECT_LT(power_of_equivalence(question, plan.num_generations - 2), 0.81);
  PublishedNumber published = *registry().find("r1-v1-t5-r1-distill-qwen-7b-gpqa-diamond-p1");
  ASSERT_EQ(published.num_problems, kProblems);
  for (const double apart : {0.0, kMargin}) {
    int reproduced = 0;
    for (int run = 0; run < kRuns; ++run) {
      int64_t theirs = 0;
      std::vector<std::pair<int64_t, int64_t>> correct_of;
      double value = 0;
      for (const double rate : rates) {
        theirs += drawn(stream, rate, kTheirs);
        correct_of.emplace_back(drawn(stream, rate * (1 - apart / average), plan.num_generations), plan.num_generations);
        value += static_cast<double>(correct_of.back().first) / static_cast<double>(plan.num_generations) / kProblems;
      }
      published.value = std::round(1000.0 * static_cast<double>(theirs) / (kProblems * kTheirs)) / 1000;
      OwnNumber own = ours(published, value, fixed_error(correct_of).value());
      own.num_generations = plan.num_generations;
      reproduced += compare(own, published, kMargin).verdict == "reproduced";
    }
    std::printf("true difference %.2f, k %lld: reproduced in %.3f of %d\n", apart, static_cast<long long>(plan.num_generations), reproduced / double{kRuns}, kRuns);
    if (apart == 0) {
      EXPECT_GE(reproduced, 0.8 * kRuns);
    } else {
      EXPECT_LE(reproduced, 0.05 * kRuns);
    }
  }
}

TEST(Registry, PrintsWhatItsCountsCanGive) {
  int checked = 0;
  for (const auto& number : registry().numbers) {
    const auto fits = is_representable(number);
    if (!fits) continue;
    ++checked;
    // What cannot come out of n problems and k samples is not believed: the row says so.
    if (!*fits) {
      EXPECT_FALSE(number.conflicts.empty() && number.note.empty()) << number.id << " " << printed_value(number);
    }
  }
  EXPECT_GT(checked, 50);
}

TEST(Registry, ConflictsHaveTwoSides) {
  for (const auto& conflict : registry().conflicts) {
    int rows = 0;
    for (const auto& number : registry().numbers) rows += std::count(number.conflicts.begin(), number.conflicts.end(), conflict.id);
    EXPECT_GE(rows, 1) << conflict.id;
  }
}

TEST(Registry, EachBenchmarkHasItsFile) {
  std::set<std::string> known;
  for (const auto& benchmark : read_benchmarks(testing::source_folder() / "evaluation/benchmarks")) {
    known.insert(benchmark.id);
    for (const auto& number : registry().numbers) {
      if (number.benchmark == benchmark.id && benchmark.num_problems && number.num_problems) {
        EXPECT_EQ(number.num_problems, benchmark.num_problems) << number.id;
      }
    }
  }
  for (const auto& number : registry().numbers) EXPECT_TRUE(known.contains(number.benchmark)) << number.id << ": " << number.benchmark;
}

// open-r1's own table, as if it were ours: the rule's verdicts, none is prescribed.
TEST(Registry, AnotherReproductionGoesThroughTheRule) {
  std::map<std::string, int> count;
  for (const auto& held : registry().numbers) {
    if (!held.id.starts_with("open-r1-r1-distill")) continue;
    for (const auto& published : registry().numbers) {
      if (!published.id.starts_with("r1-v1-t5-") || published.model != held.model || published.benchmark != held.benchmark || published.metric != held.metric) continue;
      const auto one = compare(as_own(held), published, registry());
      ++count[one.verdict];
      if (!one.comparable) continue;
      EXPECT_TRUE(one.error_is_bound) << held.id;
      const double half = 1.6448536 * one.error + published.rounding;
      if (one.verdict == "reproduced") {
        EXPECT_LT(std::abs(one.difference) + half, one.margin) << held.id;
      }
      if (one.verdict == "differs") {
        EXPECT_GT(std::abs(one.difference), 1.9599639 * one.error + published.rounding) << held.id;
      }
    }
  }
  int rows = 0;
  for (const auto& [verdict, times] : count) rows += times;
  EXPECT_GE(rows, 18);
}

}  // namespace
}  // namespace reprise::evaluation
