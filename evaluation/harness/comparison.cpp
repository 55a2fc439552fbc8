// Paired and two-way comparisons. All randomness is a Philox stream named by the seed, so that the same runs
// give the same report.
#include "evaluation/harness/comparison.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/random.h"
#include "base/strings.h"
#include "evaluation/harness/special_functions.h"

namespace reprise::evaluation {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Linear interpolation between order statistics. `values` is sorted.
double sorted_quantile(const std::vector<double>& values, double probability) {
  const double place = std::clamp(probability, 0.0, 1.0) * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - static_cast<double>(below)) * (values[above] - values[below]);
}

bool same_problems(const std::vector<SeedValues>& seeds) {
  return std::all_of(seeds.begin(), seeds.end(),
                     [&](const SeedValues& seed) { return seed.problem_ids == seeds[0].problem_ids; });
}

}  // namespace

Interval bca_interval(const std::vector<double>& values, uint64_t seed, int64_t num_resamples,
                      double confidence) {
  const size_t n = values.size();
  if (n < 2) return {-kInfinity, kInfinity};
  const double center = mean(values);
  RandomStream stream({seed, name_number("bca_interval")});
  std::vector<double> means(static_cast<size_t>(num_resamples));
  double below = 0;
  for (double& resampled : means) {
    double sum = 0;
    for (size_t i = 0; i < n; ++i) sum += values[stream.below(n)];
    resampled = sum / static_cast<double>(n);
    below += resampled < center ? 1 : resampled == center ? 0.5 : 0;
  }
  std::sort(means.begin(), means.end());
  if (means.front() == means.back()) return {means.front(), means.back()};
  const double bias = normal_quantile(
      std::clamp(below / static_cast<double>(num_resamples), 1e-6, 1 - 1e-6));
  // The jackknife of a mean leaves (center - x_i) / (n - 1): acceleration is its skewness over six.
  double squares = 0, cubes = 0;
  for (const double value : values) {
    const double pull = value - center;
    squares += pull * pull;
    cubes += pull * pull * pull;
  }
  const double acceleration = cubes / (6 * std::pow(squares, 1.5));
  const auto adjusted = [&](double probability) {
    const double z = bias + normal_quantile(probability);
    return normal_cdf(bias + z / (1 - acceleration * z));
  };
  return {sorted_quantile(means, adjusted(0.5 - 0.5 * confidence)),
          sorted_quantile(means, adjusted(0.5 + 0.5 * confidence))};
}

Interval crossed_bootstrap(const std::vector<std::vector<double>>& table, uint64_t seed,
                           int64_t num_resamples, double confidence) {
  const size_t num_seeds = table.size(), num_problems = table[0].size();
  RandomStream stream({seed, name_number("crossed_bootstrap")});
  std::vector<double> means(static_cast<size_t>(num_resamples));
  std::vector<size_t> times(num_seeds);
  for (double& resampled : means) {
    std::fill(times.begin(), times.end(), 0);
    for (size_t s = 0; s < num_seeds; ++s) ++times[stream.below(num_seeds)];
    double sum = 0;
    for (size_t i = 0; i < num_problems; ++i) {
      const size_t problem = stream.below(num_problems);
      for (size_t s = 0; s < num_seeds; ++s) sum += static_cast<double>(times[s]) * table[s][problem];
    }
    resampled = sum / static_cast<double>(num_seeds * num_problems);
  }
  std::sort(means.begin(), means.end());
  return {sorted_quantile(means, 0.5 - 0.5 * confidence), sorted_quantile(means, 0.5 + 0.5 * confidence)};
}

Interval two_way_interval(const std::vector<std::vector<double>>& table, double confidence) {
  const auto num_seeds = static_cast<double>(table.size());
  const auto num_problems = static_cast<double>(table[0].size());
  std::vector<double> seed_means, problem_means;
  for (const auto& row : table) seed_means.push_back(mean(row));
  for (size_t i = 0; i < table[0].size(); ++i) {
    double sum = 0;
    for (const auto& row : table) sum += row[i];
    problem_means.push_back(sum / num_seeds);
  }
  const double center = mean(seed_means);
  double residual = 0;
  for (size_t s = 0; s < table.size(); ++s) {
    for (size_t i = 0; i < table[s].size(); ++i) {
      const double left = table[s][i] - seed_means[s] - problem_means[i] + center;
      residual += left * left;
    }
  }
  const double freedom_seeds = num_seeds - 1, freedom_problems = num_problems - 1;
  const double freedom_residual = freedom_seeds * freedom_problems;
  // Each mean square's share of the grand mean's variance.
  const double cells = num_seeds * num_problems;
  const double seeds = num_problems * sample_variance(seed_means) / cells;
  const double problems = num_seeds * sample_variance(problem_means) / cells;
  const double rest = residual / freedom_residual / cells;
  const double variance = std::max({seeds + problems - rest, seeds, problems});
  const double spread = seeds * seeds / freedom_seeds + problems * problems / freedom_problems +
                        rest * rest / freedom_residual;
  const double freedom = spread > 0 ? std::max(1.0, variance * variance / spread) : 1;
  const double reach = student_t_quantile(0.5 + 0.5 * confidence, freedom) * std::sqrt(variance);
  return {center - reach, center + reach};
}

Spread spread_over_problems_and_seeds(const std::vector<SeedValues>& seeds, double span,
                                      uint64_t bootstrap_seed) {
  Spread spread;
  size_t least = seeds[0].values.size();
  std::vector<double> all;
  for (const SeedValues& seed : seeds) {
    spread.by_seed.push_back(mean(seed.values));
    least = std::min(least, seed.values.size());
    all.insert(all.end(), seed.values.begin(), seed.values.end());
  }
  spread.num_problems = static_cast<int64_t>(least);
  spread.estimate = mean(spread.by_seed);
  spread.seed_means = t_interval(spread.by_seed);
  const std::string count = std::to_string(least) + " problems";
  const auto [lowest, highest] = std::minmax_element(all.begin(), all.end());
  if (seeds.size() == 1) {
    spread.interval = t_interval(seeds[0].values);
    spread.bootstrap = bca_interval(seeds[0].values, bootstrap_seed);
    spread.method = "t over " + count + ", one seed";
  } else if (same_problems(seeds) && least >= 2) {
    std::vector<std::vector<double>> table;
    for (const SeedValues& seed : seeds) table.push_back(seed.values);
    spread.interval = two_way_interval(table);
    spread.bootstrap = crossed_bootstrap(table, bootstrap_seed);
    spread.method = "two-way t over " + std::to_string(seeds.size()) + " seeds and " + count;
  } else {
    spread.interval = spread.seed_means;
    spread.bootstrap = bca_interval(spread.by_seed, bootstrap_seed);
    spread.method = "t over " + std::to_string(seeds.size()) + " seeds, each with problems of its own";
  }
  if (*lowest == *highest && least >= 1) {
    const double reach = span * (1 - std::pow(0.025, 1.0 / static_cast<double>(least)));
    spread.interval = {spread.estimate - reach, spread.estimate + reach};
    spread.method += " (nothing varied: what " + count + " without an exception leave open)";
  }
  return spread;
}

SeedValues paired_differences(const std::vector<ProblemOutcomes>& a, const std::vector<ProblemOutcomes>& b,
                              const std::string& metric_a, const std::string& metric_b) {
  const std::vector<double> values_a = metric_by_problem(a, metric_a);
  const std::vector<double> values_b = metric_by_problem(b, metric_b);
  SeedValues differences;
  if (a.size() != b.size()) {
    throw Error("evaluations of " + std::to_string(a.size()) + " and " + std::to_string(b.size()) +
                    " problems cannot be compared", "", "give both stages the same dataset_name and num_problems");
  }
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].problem_id != b[i].problem_id) {
      throw Error("evaluations of different problems ('" + a[i].problem_id + "', '" + b[i].problem_id +
                      "') cannot be compared", "", "give both stages the same dataset_name and num_problems");
    }
    differences.problem_ids.push_back(a[i].problem_id);
    differences.values.push_back(values_a[i] - values_b[i]);
  }
  return differences;
}

}  // namespace reprise::evaluation
