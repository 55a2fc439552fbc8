// Scores of one evaluation and their uncertainty. Every metric is a mean over problems of a per-problem value,
// so one machinery serves all: pass@1 of a problem is its share of correct samples, format its share of
// well-formed ones, cons@k its majority vote. Problems weigh the same whatever their number of samples.
//
// Two standard errors, for two questions:
//   sampling_error  the problems are fixed, only the draws vary: "did we reproduce that number on that set?"
//   problem_error   the problems are themselves a sample: "how good is the model at such problems?"
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/harness/samples.h"

namespace reprise::evaluation {

struct Interval {
  double low = 0, high = 0;
};

// The samples of one problem.
struct ProblemOutcomes {
  std::string problem_id;
  int64_t level = 0;
  std::vector<const EvaluationSample*> samples;  // borrowed, by sample_index
};

// Groups sorted samples by problem. The samples must outlive the result.
std::vector<ProblemOutcomes> group_by_problem(const std::vector<EvaluationSample>& samples);

// Metric names as recipes write them: "pass@1", "cons@k", "pass@4" (any number), "format", "language_mixing",
// "truncated", "no_answer", "mean_length".
bool is_metric(const std::string& name);
std::vector<std::string> metric_names();  // for "did you mean"
// Shares lie in [0, 1] and get intervals cut there; mean_length does not.
bool metric_is_share(const std::string& name);

// One value per problem, in the problems' order. Throws Error for an unknown metric, or pass@k with k larger
// than a problem's number of samples.
std::vector<double> metric_by_problem(const std::vector<ProblemOutcomes>& problems,
                                      const std::string& metric);

// Unbiased pass@k of a problem with num_correct of num_samples right: 1 - C(n-c, k) / C(n, k), as a product
// of ratios, which neither overflows nor cancels (Chen et al. 2021, section 2.1). 1 <= k <= num_samples.
double pass_at_k(int64_t num_samples, int64_t num_correct, int64_t k);

// Majority vote over equal extracted answers. Samples without an answer do not vote; tied answers are drawn
// with equal chance, in expectation; nobody voting is wrong. In [0, 1].
double majority_correct(const ProblemOutcomes& problem);

struct Estimate {
  double value = 0;
  double sampling_error = 0;  // NaN when some problem has a single sample
  double problem_error = 0;   // NaN for one problem
  Interval interval;          // 95 %, problems as a sample
  int64_t num_problems = 0;
};

// Mean, both errors and the interval: t with n - 1 degrees of freedom on the per-problem values. Where those
// do not vary at all, or there is one sample per problem, a share gets Wilson's interval on n problems: a
// standard error of zero on 20 problems out of 20 would be a lie.
Estimate estimate_metric(const std::vector<ProblemOutcomes>& problems, const std::string& metric);

// Wilson's score interval of `successes` (may be fractional) out of n, n > 0.
Interval wilson_interval(double successes, double n, double confidence = 0.95);

double mean(const std::vector<double>& values);
double sample_variance(const std::vector<double>& values);  // n - 1 below the line; NaN for n < 2
// mean +- t_{n-1} sd / sqrt(n). Infinite for n < 2.
Interval t_interval(const std::vector<double>& values, double confidence = 0.95);

// Everything the report's table shows of one evaluation.
struct EvaluationSummary {
  int64_t num_problems = 0, num_samples = 0;
  int64_t num_generations = 0;  // the least number of samples of a problem
  Estimate pass_at_1, majority, format, language_mixing, truncated, no_answer, mean_length;
  struct Level {
    int64_t level = 0;
    int64_t num_problems = 0;
    double pass_at_1 = 0;
    Interval interval;
  };
  std::vector<Level> levels;  // empty when no problem has a level
};

EvaluationSummary summarize(const std::vector<EvaluationSample>& samples);

}  // namespace reprise::evaluation
