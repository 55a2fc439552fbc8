// Scores and their errors for one evaluation. Comparisons of evaluations are in comparison.h.
#include "evaluation/harness/statistics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/strings.h"
#include "evaluation/harness/special_functions.h"

namespace reprise::evaluation {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The k of "pass@k", 0 when the name is none.
int64_t pass_k(const std::string& metric) {
  if (!metric.starts_with("pass@")) return 0;
  const auto k = parse_int(std::string_view(metric).substr(5));
  return k && *k >= 1 && *k <= 1'000'000 ? *k : 0;
}

double sample_value(const EvaluationSample& sample, const std::string& metric) {
  if (metric == "pass@1") return sample.correct();
  if (metric == "format") return sample.format_ok;
  if (metric == "language_mixing") return sample.language_mixed;
  if (metric == "truncated") return !sample.finished;
  if (metric == "no_answer") return sample.verdict == grading::VerdictKind::no_answer;
  return static_cast<double>(sample.num_tokens);  // mean_length
}

double problem_value(const ProblemOutcomes& problem, const std::string& metric) {
  if (metric == "cons@k") return majority_correct(problem);
  if (const int64_t k = pass_k(metric); k > 1) {
    const auto n = static_cast<int64_t>(problem.samples.size());
    if (k > n) {
      throw Error(metric + " needs " + std::to_string(k) + " samples a problem and '" +
                      problem.problem_id + "' has " + std::to_string(n), "",
                  "raise num_generations of the evaluate stage");
    }
    const auto correct = std::count_if(problem.samples.begin(), problem.samples.end(),
                                       [](const auto* sample) { return sample->correct(); });
    return pass_at_k(n, correct, k);
  }
  double sum = 0;
  for (const EvaluationSample* sample : problem.samples) sum += sample_value(*sample, metric);
  return sum / static_cast<double>(problem.samples.size());
}

// Variance of the mean over fixed problems: each problem's own sampling variance, unbiased, over n^2.
double sampling_error(const std::vector<ProblemOutcomes>& problems, const std::string& metric) {
  if (metric == "cons@k" || pass_k(metric) > 1) return kNaN;  // not a mean of samples
  double variance = 0;
  for (const ProblemOutcomes& problem : problems) {
    std::vector<double> values;
    for (const EvaluationSample* sample : problem.samples) {
      values.push_back(sample_value(*sample, metric));
    }
    variance += sample_variance(values) / static_cast<double>(values.size());
  }
  return std::sqrt(variance) / static_cast<double>(problems.size());
}

}  // namespace

std::vector<ProblemOutcomes> group_by_problem(const std::vector<EvaluationSample>& samples) {
  std::vector<ProblemOutcomes> problems;
  for (const EvaluationSample& sample : samples) {
    if (problems.empty() || problems.back().problem_id != sample.problem_id) {
      problems.push_back({sample.problem_id, sample.level, {}});
    }
    problems.back().samples.push_back(&sample);
  }
  return problems;
}

std::vector<std::string> metric_names() {
  return {"pass@1", "cons@k", "pass@k", "format", "language_mixing", "truncated", "no_answer", "mean_length"};
}

bool is_metric(const std::string& name) {
  if (pass_k(name) > 0) return true;
  const auto names = metric_names();
  return name != "pass@k" && std::find(names.begin(), names.end(), name) != names.end();
}

bool metric_is_share(const std::string& name) { return name != "mean_length"; }

std::vector<double> metric_by_problem(const std::vector<ProblemOutcomes>& problems,
                                      const std::string& metric) {
  if (!is_metric(metric)) {
    const auto guess = nearest(metric, metric_names());
    throw Error("unknown metric '" + metric + "'", "",
                guess ? "did you mean '" + *guess + "'?" : "known: " + join(metric_names(), ", "));
  }
  std::vector<double> values;
  values.reserve(problems.size());
  for (const ProblemOutcomes& problem : problems) values.push_back(problem_value(problem, metric));
  return values;
}

double pass_at_k(int64_t num_samples, int64_t num_correct, int64_t k) {
  if (num_samples - num_correct < k) return 1;
  double all_wrong = 1;
  for (int64_t i = num_samples - num_correct + 1; i <= num_samples; ++i) {
    all_wrong *= 1 - static_cast<double>(k) / static_cast<double>(i);
  }
  return 1 - all_wrong;
}

double majority_correct(const ProblemOutcomes& problem) {
  struct Votes {
    int64_t all = 0, correct = 0;
  };
  std::map<std::string_view, Votes> votes;
  int64_t most = 0;
  for (const EvaluationSample* sample : problem.samples) {
    if (sample->verdict == grading::VerdictKind::no_answer) continue;
    Votes& answer = votes[trim(sample->extracted)];
    answer.correct += sample->correct();
    most = std::max(most, ++answer.all);
  }
  if (most == 0) return 0;
  // A grader may judge the same answer differently by what stands around it: then its share counts.
  double chance = 0;
  int64_t num_tied = 0;
  for (const auto& [answer, count] : votes) {
    if (count.all != most) continue;
    chance += static_cast<double>(count.correct) / static_cast<double>(count.all);
    ++num_tied;
  }
  return chance / static_cast<double>(num_tied);
}

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? kNaN : sum / static_cast<double>(values.size());
}

double sample_variance(const std::vector<double>& values) {
  if (values.size() < 2) return kNaN;
  const double center = mean(values);
  double sum = 0;
  for (const double value : values) sum += (value - center) * (value - center);
  return sum / static_cast<double>(values.size() - 1);
}

Interval t_interval(const std::vector<double>& values, double confidence) {
  if (values.size() < 2) return {-kInfinity, kInfinity};
  const auto n = static_cast<double>(values.size());
  const double reach = student_t_quantile(0.5 + 0.5 * confidence, n - 1) *
                       std::sqrt(sample_variance(values) / n);
  return {mean(values) - reach, mean(values) + reach};
}

Interval wilson_interval(double successes, double n, double confidence) {
  const double z = normal_quantile(0.5 + 0.5 * confidence);
  const double p = successes / n;
  const double center = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double reach = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  // At p = 0 and 1 the two terms are equal in exact arithmetic; rounding must not leave [0, 1].
  return {p <= 0 ? 0 : std::max(0.0, center - reach), p >= 1 ? 1 : std::min(1.0, center + reach)};
}

Estimate estimate_metric(const std::vector<ProblemOutcomes>& problems, const std::string& metric) {
  if (problems.empty()) throw Error("an evaluation without problems", "", "num_problems is 0 or the store is empty");
  const std::vector<double> values = metric_by_problem(problems, metric);
  Estimate estimate;
  estimate.num_problems = static_cast<int64_t>(problems.size());
  estimate.value = mean(values);
  estimate.sampling_error = sampling_error(problems, metric);
  const auto n = static_cast<double>(values.size());
  const double variance = sample_variance(values);
  estimate.problem_error = std::sqrt(variance / n);
  const bool single = std::all_of(problems.begin(), problems.end(),
                                  [](const auto& problem) { return problem.samples.size() == 1; });
  estimate.interval = t_interval(values);
  if (metric_is_share(metric)) {
    if (single || !(variance > 0)) {
      estimate.interval = wilson_interval(estimate.value * n, n);
    } else {
      estimate.interval = {std::max(0.0, estimate.interval.low), std::min(1.0, estimate.interval.high)};
    }
  }
  return estimate;
}

EvaluationSummary summarize(const std::vector<EvaluationSample>& samples) {
  const std::vector<ProblemOutcomes> problems = group_by_problem(samples);
  EvaluationSummary summary;
  summary.num_problems = static_cast<int64_t>(problems.size());
  summary.num_samples = static_cast<int64_t>(samples.size());
  summary.pass_at_1 = estimate_metric(problems, "pass@1");
  summary.majority = estimate_metric(problems, "cons@k");
  summary.format = estimate_metric(problems, "format");
  summary.language_mixing = estimate_metric(problems, "language_mixing");
  summary.truncated = estimate_metric(problems, "truncated");
  summary.no_answer = estimate_metric(problems, "no_answer");
  summary.mean_length = estimate_metric(problems, "mean_length");
  size_t least = problems[0].samples.size();
  std::map<int64_t, std::vector<ProblemOutcomes>> by_level;
  for (const ProblemOutcomes& problem : problems) {
    least = std::min(least, problem.samples.size());
    by_level[problem.level].push_back(problem);
  }
  summary.num_generations = static_cast<int64_t>(least);
  if (by_level.size() > 1 || by_level.begin()->first != 0) {
    for (const auto& [level, members] : by_level) {
      const Estimate estimate = estimate_metric(members, "pass@1");
      Interval interval = estimate.interval;
      if (members.size() < 2) interval = wilson_interval(estimate.value, 1);
      summary.levels.push_back({level, estimate.num_problems, estimate.value, interval});
    }
  }
  return summary;
}

}  // namespace reprise::evaluation
