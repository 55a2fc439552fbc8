// Scores of recorded samples: which of them are right, nothing about how they came to be. One row per model and benchmark, one list of samples per
// problem; every figure is divided by the samples that are there. Metrics, errors and intervals of each, and what its bounds are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "evaluation/harness/statistics.h"
#include "grading/verdict.h"

namespace reprise::evaluation {

struct ScoredSample {
  int64_t index = 0;
  grading::VerdictKind verdict = grading::VerdictKind::incorrect;
  std::string answer;           // as its class of equal answers; "" where none is known: no vote
  int64_t num_tokens = -1;      // -1: not recorded
  std::optional<bool> finished;
  std::optional<bool> looped;   // ends in a repetition
  std::optional<bool> mixed;    // has a word of another language than the problem's
  std::string completion, reason;  // for people; "" where not recorded

  bool correct() const { return verdict == grading::VerdictKind::correct; }
};

struct ScoredProblem {
  std::string id;
  std::string prompt, reference;  // for people; "" where not known
  std::vector<ScoredSample> samples;  // by index
};

struct ScoredSet {
  std::string model, benchmark;
  std::vector<ScoredProblem> problems;  // by id
  bool has_answers = false;             // votes can be counted

  int64_t num_generations() const;      // the least number of samples of a problem
  int64_t most_generations() const;
  int64_t num_samples() const;
};

struct Score {
  std::string metric;
  double value = 0;
  int64_t num_problems = 0, num_generations = 0;
  bool is_share = true;
  std::optional<double> error_fixed;       // problems fixed, draws vary; absent with one sample a problem
  std::optional<Interval> interval_fixed;  // 95 %
  std::optional<double> error_problems;    // problems as a sample; absent with one problem
  std::optional<Interval> interval_problems;
  std::optional<Interval> bca;             // of problems as a sample, beside the one that decides; scores_of alone fills it: it takes 4,000 resamples
  std::vector<double> by_problem;          // the values of which `value` is the mean, in the set's order
  std::string fixed_method, problems_method;
};

// pass@1; pass@2, 4, ... up to k and cons@k where they mean something; mean_tokens; the shares that explain a score (no_answer, unverifiable, truncated, loop,
// language_mixed) where they were recorded. Throws Error for an empty set.
std::vector<Score> scores_of(const ScoredSet& set);
// One of them. Throws Error where it cannot be had: pass@k beyond the samples, cons@k without answers.
Score score_of(const ScoredSet& set, const std::string& metric);
// pass@1 where those that could not be verified, were cut off or gave no answer counted like the others: value and how many are left out.
struct Bound {
  std::string name;  // "unverifiable as the others"
  double value = 0;
  int64_t num_left_out = 0;
};
std::vector<Bound> bounds_of(const ScoredSet& set);

// The share of correct samples of each problem.
std::vector<double> pass_rates(const ScoredSet& set);

// cons@j over all subsets of j of the samples of each problem, exactly, for j = 1, 2, 4, ... and k.
std::vector<std::pair<int64_t, double>> cons_curve(const ScoredSet& set);
// Expected majority over a random subset of `size` samples without replacement; ties are shared. counts: samples of each class of equal
// answers, of which `correct` (an index, -1 for none) is right; `silent`: samples without an answer, which do not vote.
double expected_majority(const std::vector<int64_t>& counts, int64_t correct, int64_t silent, int64_t size);
// Share of samples that are right within a budget of tokens; a point for each of `budgets`. Empty without lengths.
std::vector<std::pair<int64_t, double>> budget_curve(const ScoredSet& set);

// Standard error of the mean of per-problem pass rates, problems fixed: sqrt(sum p (1 - p) / (k - 1)) / n. Absent where some k is 1.
std::optional<double> fixed_error(const std::vector<std::pair<int64_t, int64_t>>& correct_of);

}  // namespace reprise::evaluation
