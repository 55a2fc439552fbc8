#include "evaluation/harness/paired.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "base/strings.h"
#include "evaluation/harness/comparison.h"
#include "evaluation/harness/special_functions.h"

namespace reprise::evaluation {

namespace {

constexpr size_t kExactUpTo = 20;
constexpr int kRandomPatterns = 99'999;

std::vector<double> values_of(const ScoredSet& set, const std::string& metric) {
  if (metric == "pass@1") return pass_rates(set);
  std::vector<double> values;
  for (const ScoredProblem& problem : set.problems) {
    ScoredSet alone{.model = set.model, .benchmark = set.benchmark, .problems = {problem}, .has_answers = set.has_answers};
    values.push_back(score_of(alone, metric).value);
  }
  return values;
}

double error_at(const PlanQuestion& q, double k) { return std::sqrt(q.variance / static_cast<double>(q.num_problems) / k); }

double their_error(const PlanQuestion& q, int64_t k) {
  if (q.their_error) return *q.their_error;
  return error_at(q, static_cast<double>(q.their_num_generations.value_or(k)));
}

// Two one-sided tests with reach z s + r accept where |d| < margin - r - z s; the printed value is off by up to r on top.
double power_with(const PlanQuestion& q, double error) {
  const double room = q.margin - q.rounding - normal_quantile(0.95) * error;
  if (room <= 0) return 0;
  const double spread = std::sqrt(error * error + q.rounding * q.rounding / 3);
  return spread > 0 ? 2 * normal_cdf(room / spread) - 1 : 1;
}

}  // namespace

SignFlip sign_flip_test(const std::vector<double>& differences, uint64_t seed) {
  std::vector<double> d;
  for (const double x : differences) {
    if (x != 0) d.push_back(std::abs(x));
  }
  double seen = 0;
  for (const double x : differences) seen += x;
  seen = std::abs(seen) * (1 - 1e-12) - 1e-15;
  if (d.empty()) return {};
  if (d.size() <= kExactUpTo) {
    int64_t as_far = 0;
    const uint64_t patterns = uint64_t{1} << d.size();
    for (uint64_t bits = 0; bits < patterns; ++bits) {
      double sum = 0;
      for (size_t i = 0; i < d.size(); ++i) sum += bits >> i & 1 ? d[i] : -d[i];
      as_far += std::abs(sum) >= seen;
    }
    return {static_cast<double>(as_far) / static_cast<double>(patterns), true};
  }
  RandomStream stream({seed, name_number("sign_flip_test")});
  int64_t as_far = 1;
  for (int i = 0; i < kRandomPatterns; ++i) {
    double sum = 0;
    for (size_t j = 0; j < d.size();) {
      uint64_t bits = stream.next_u64();
      for (int b = 0; b < 64 && j < d.size(); ++b, ++j, bits >>= 1) sum += bits & 1 ? d[j] : -d[j];
    }
    as_far += std::abs(sum) >= seen;
  }
  return {static_cast<double>(as_far) / (kRandomPatterns + 1), false};
}

std::vector<double> holm(const std::vector<double>& p) {
  std::vector<size_t> order(p.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double least = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    least = std::max(least, std::min(1.0, static_cast<double>(p.size() - i) * p[order[i]]));
    adjusted[order[i]] = least;
  }
  return adjusted;
}

PairedComparison compare_paired(const ScoredSet& a, const ScoredSet& b, const std::string& metric) {
  PairedComparison out{.benchmark = a.benchmark, .metric = metric, .model_a = a.model, .model_b = b.model};
  if (a.problems.size() != b.problems.size()) {
    throw Error("'" + a.model + "' has " + std::to_string(a.problems.size()) + " problems and '" + b.model + "' " + std::to_string(b.problems.size()), a.benchmark, "only the same problems can be compared in pairs");
  }
  for (size_t i = 0; i < a.problems.size(); ++i) {
    if (a.problems[i].id != b.problems[i].id) throw Error("the problems differ: '" + a.problems[i].id + "' and '" + b.problems[i].id + "'", a.benchmark, "only the same problems can be compared in pairs");
  }
  const std::vector<double> x = values_of(a, metric), y = values_of(b, metric);
  std::vector<double> differences;
  for (size_t i = 0; i < x.size(); ++i) differences.push_back(x[i] - y[i]);
  const double n = static_cast<double>(x.size());
  out.num_problems = static_cast<int64_t>(x.size());
  out.value_a = mean(x);
  out.value_b = mean(y);
  out.difference = mean(differences);
  out.interval = t_interval(differences);
  out.bca = bca_interval(differences, 1);
  out.error = x.size() > 1 ? std::sqrt(sample_variance(differences) / n) : 0;
  const Score sa = score_of(a, metric), sb = score_of(b, metric);
  if (sa.error_fixed && sb.error_fixed) out.error_fixed = std::hypot(*sa.error_fixed, *sb.error_fixed);
  out.test = sign_flip_test(differences);
  if (x.size() > 1) out.minimum_detectable = (student_t_quantile(0.975, n - 1) + student_t_quantile(0.8, n - 1)) * out.error;
  return out;
}

// Normal theory takes both errors as known; a plan that promised its power to the last digit would miss it every other time.
constexpr double kSparePower = 0.01;

double power_of_equivalence(const PlanQuestion& q, int64_t k) { return power_with(q, std::hypot(error_at(q, static_cast<double>(k)), their_error(q, k))); }

PlanAnswer plan_samples(const PlanQuestion& q, int64_t most) {
  PlanAnswer answer;
  const bool theirs_falls = !q.their_error && !q.their_num_generations;
  answer.best_power = power_with(q, theirs_falls ? 0 : their_error(q, 1));
  const double wanted = std::min(q.power + kSparePower, (1 + q.power) / 2);
  int64_t low = 1, high = most;
  if (power_of_equivalence(q, most) < wanted) return answer;
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (power_of_equivalence(q, middle) >= wanted) high = middle;
    else low = middle + 1;
  }
  answer.num_generations = low;
  answer.error_ours = error_at(q, static_cast<double>(low));
  answer.error_theirs = their_error(q, low);
  answer.power = power_of_equivalence(q, low);
  return answer;
}

}  // namespace reprise::evaluation
