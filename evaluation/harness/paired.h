// Two models on the same problems, and how many samples a question needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/harness/scores.h"
#include "evaluation/harness/statistics.h"

namespace reprise::evaluation {

// Two-sided sign-flip permutation test of a mean of zero: the share of sign patterns whose |sum| is at least the one seen. Exact up to 20 differences that
// are not zero; beyond, by 99,999 random patterns and the one seen. 1 where all are zero.
struct SignFlip {
  double p = 1;
  bool exact = true;
};
SignFlip sign_flip_test(const std::vector<double>& differences, uint64_t seed = 1);

// Holm's adjusted p-values (1979), in the order given.
std::vector<double> holm(const std::vector<double>& p);

struct PairedComparison {
  std::string benchmark, metric, model_a, model_b;
  int64_t num_problems = 0;
  double value_a = 0, value_b = 0, difference = 0;  // a - b
  double error = 0;                                 // of the difference, problems as a sample
  std::optional<double> error_fixed;                // problems fixed
  Interval interval, bca;                           // 95 %
  SignFlip test;
  double adjusted_p = 1;
  double minimum_detectable = 0;  // the difference found with 80 % power at 5 % by a t test on as many problems
};
// Throws Error where the problems are not the same.
PairedComparison compare_paired(const ScoredSet& a, const ScoredSet& b, const std::string& metric);

// Which k answers "did I reproduce that number?": the least k for which two sides of the same score are told equal within the margin with the power asked for.
struct PlanQuestion {
  int64_t num_problems = 0;
  double variance = 0.25;  // mean over problems of p (1 - p): at most m (1 - m) at a mean score m
  std::optional<double> their_error;             // of the published number
  std::optional<int64_t> their_num_generations;  // else its number of samples; else as many as ours
  double rounding = 0, margin = 0.03, power = 0.8;
};
struct PlanAnswer {
  int64_t num_generations = 0;  // 0: no number of samples is enough
  double error_ours = 0, error_theirs = 0, power = 0;
  double best_power = 0;        // with ever so many samples
};
double power_of_equivalence(const PlanQuestion& question, int64_t num_generations);
// With a point of power to spare.
PlanAnswer plan_samples(const PlanQuestion& question, int64_t most = 1 << 20);

}  // namespace reprise::evaluation
