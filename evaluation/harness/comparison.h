// Differences between evaluations, within one run and over several runs (seeds).
//
// One run: the same problems on both sides, so the per-problem differences are the sample: t with n - 1
// degrees of freedom (decides), and a BCa bootstrap over problems beside it.
//
// Several runs: x[seed][problem] is a two-way table. A claim must hold for other seeds AND other problems, so
// both are random: with mean squares of seeds (S), problems (P) and what is left (E) of the balanced table,
//     variance of the grand mean = (MS_S + MS_P - MS_E) / (num_seeds * num_problems),
// never less than MS_S's or MS_P's share alone, and Satterthwaite's degrees of freedom, never less than 1. A
// percentile bootstrap that resamples seeds and problems is given beside it, but does not decide: with five
// seeds it covers too little (the test suite measures both). When runs have different problems, problems are
// nested in seeds and t over the seeds' means covers both.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluation/harness/statistics.h"

namespace reprise::evaluation {

// A 95 % interval and how it was made.
struct Spread {
  double estimate = 0;
  Interval interval;                 // decides
  Interval bootstrap;                // for comparison
  Interval seed_means;               // t over the seeds' means; infinite with one seed
  std::vector<double> by_seed;       // one mean a seed
  int64_t num_problems = 0;          // per seed, the least
  std::string method;                // in words, for the report
};

// Per-problem values of several seeds; the ids tell whether the problems are the same. At least one seed, at
// least one problem in each. span: the width of the values' range (1 for shares, 2 for their differences),
// used only where nothing varies: then the interval reaches span * (1 - 0.025^(1/n)) to both sides (what n
// problems without an exception leave open). 0 leaves a constant table with a zero interval.
struct SeedValues {
  std::vector<std::string> problem_ids;
  std::vector<double> values;
};
Spread spread_over_problems_and_seeds(const std::vector<SeedValues>& seeds, double span,
                                      uint64_t bootstrap_seed = 1);

// Per-problem differences a - b of a metric. Throws Error when the problems are not the same.
SeedValues paired_differences(const std::vector<ProblemOutcomes>& a, const std::vector<ProblemOutcomes>& b,
                              const std::string& metric_a, const std::string& metric_b);

// BCa interval of the mean (Efron 1987), own random stream. n >= 2, else infinite.
Interval bca_interval(const std::vector<double>& values, uint64_t seed, int64_t num_resamples = 4000,
                      double confidence = 0.95);
// Percentile interval resampling seeds, and within each resample the problems (the same ones in every seed).
Interval crossed_bootstrap(const std::vector<std::vector<double>>& table, uint64_t seed,
                           int64_t num_resamples = 4000, double confidence = 0.95);
// The deciding interval for a balanced table [seed][problem] of at least 2 x 2.
Interval two_way_interval(const std::vector<std::vector<double>>& table, double confidence = 0.95);

}  // namespace reprise::evaluation
