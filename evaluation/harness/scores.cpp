#include "evaluation/harness/scores.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "base/error.h"
#include "base/random.h"
#include "base/strings.h"
#include "evaluation/harness/comparison.h"
#include "evaluation/harness/special_functions.h"

namespace reprise::evaluation {

namespace {

constexpr int kBootstrap = 400;  // of samples, for the error of a vote
constexpr const char* kTOverProblems = "t over problems";

using Value = std::function<double(const ScoredSample&)>;

Interval cut(Interval interval) { return {std::max(0.0, interval.low), std::min(1.0, interval.high)}; }

int64_t num_correct(const ScoredProblem& problem) {
  return std::count_if(problem.samples.begin(), problem.samples.end(), [](const ScoredSample& s) { return s.correct(); });
}

// Counts of equal answers; `correct` is the class that was graded right, -1 where none was. Right answers are one class: they equal the reference.
struct Votes {
  std::vector<int64_t> counts;
  int64_t correct = -1, silent = 0;
};

Votes votes_of(const std::vector<const ScoredSample*>& samples) {
  Votes votes;
  std::map<std::string, size_t> classes;
  for (const ScoredSample* sample : samples) {
    if (!sample->correct() && sample->answer.empty()) {
      ++votes.silent;
      continue;
    }
    const std::string name = sample->correct() ? "right" : "wrong " + sample->answer;
    const auto [found, is_new] = classes.emplace(name, votes.counts.size());
    if (is_new) votes.counts.push_back(0);
    if (sample->correct()) votes.correct = static_cast<int64_t>(found->second);
    ++votes.counts[found->second];
  }
  return votes;
}

std::vector<const ScoredSample*> pointers(const ScoredProblem& problem) {
  std::vector<const ScoredSample*> out;
  for (const ScoredSample& sample : problem.samples) out.push_back(&sample);
  return out;
}

double vote(const Votes& votes) {
  if (votes.correct < 0) return 0;
  const int64_t mine = votes.counts[static_cast<size_t>(votes.correct)];
  const int64_t most = *std::max_element(votes.counts.begin(), votes.counts.end());
  if (mine < most) return 0;
  return 1.0 / static_cast<double>(std::count(votes.counts.begin(), votes.counts.end(), most));
}

// The variance of a problem's vote when its samples are drawn again.
double vote_variance(const ScoredProblem& problem, size_t number) {
  const auto samples = pointers(problem);
  const bool all_one = std::all_of(samples.begin(), samples.end(), [&](const ScoredSample* s) { return s->correct() == samples[0]->correct() && s->answer == samples[0]->answer; });
  if (all_one) return 0;
  RandomStream stream({name_number("vote_variance"), number});
  std::vector<double> drawn;
  std::vector<const ScoredSample*> again(samples.size());
  for (int i = 0; i < kBootstrap; ++i) {
    for (auto& one : again) one = samples[stream.below(samples.size())];
    drawn.push_back(vote(votes_of(again)));
  }
  return sample_variance(drawn);
}

// Delete-one jackknife of pass@j over a problem's samples: with j = 1 it is p (1 - p) / (k - 1).
double pass_variance(int64_t n, int64_t c, int64_t j) {
  const double without_right = c > 0 ? pass_at_k(n - 1, c - 1, j) : 0, without_wrong = c < n ? pass_at_k(n - 1, c, j) : 0;
  const double right = static_cast<double>(c), wrong = static_cast<double>(n - c), all = static_cast<double>(n);
  const double center = (right * without_right + wrong * without_wrong) / all;
  return (all - 1) / all * (right * (without_right - center) * (without_right - center) + wrong * (without_wrong - center) * (without_wrong - center));
}

// Per-problem values and, where they can be known, the variances of each for fixed problems.
struct PerProblem {
  std::vector<double> values, variances;
  bool have_variances = true;
};

PerProblem mean_of(const ScoredSet& set, const Value& value) {
  PerProblem out;
  for (const ScoredProblem& problem : set.problems) {
    std::vector<double> values;
    for (const ScoredSample& sample : problem.samples) values.push_back(value(sample));
    out.values.push_back(mean(values));
    if (values.size() < 2) out.have_variances = false;
    else out.variances.push_back(sample_variance(values) / static_cast<double>(values.size()));
  }
  return out;
}

Score finished_score(std::string metric, const ScoredSet& set, const PerProblem& problems, bool is_share) {
  Score score;
  score.metric = std::move(metric);
  score.is_share = is_share;
  score.num_problems = static_cast<int64_t>(problems.values.size());
  score.num_generations = set.num_generations();
  score.value = mean(problems.values);
  const double n = static_cast<double>(score.num_problems);
  const bool constant = std::all_of(problems.values.begin(), problems.values.end(), [&](double v) { return v == problems.values[0]; });
  if (problems.have_variances) {
    double sum = 0;
    for (const double variance : problems.variances) sum += variance;
    score.error_fixed = std::sqrt(sum) / n;
    if (*score.error_fixed > 0) {
      const double reach = normal_quantile(0.975) * *score.error_fixed;
      score.interval_fixed = {score.value - reach, score.value + reach};
      score.fixed_method = "normal";
    } else if (is_share) {
      score.interval_fixed = wilson_interval(score.value * static_cast<double>(set.num_samples()), static_cast<double>(set.num_samples()));
      score.fixed_method = "Wilson over all samples: no problem's samples varied";
    } else {
      score.interval_fixed = {score.value, score.value};
      score.fixed_method = "nothing varied";
    }
    if (is_share) score.interval_fixed = cut(*score.interval_fixed);
  }
  if (score.num_problems > 1) score.error_problems = std::sqrt(sample_variance(problems.values) / n);
  if (is_share && (constant || score.num_generations == 1)) {
    score.interval_problems = wilson_interval(score.value * n, n);
    score.problems_method = "Wilson over problems";
  } else if (score.num_problems > 1) {
    score.interval_problems = t_interval(problems.values);
    score.problems_method = kTOverProblems;
  }
  if (is_share && score.interval_problems) score.interval_problems = cut(*score.interval_problems);
  score.by_problem = problems.values;
  return score;
}

Score share_of(const ScoredSet& set, const std::string& metric, const Value& value) { return finished_score(metric, set, mean_of(set, value), true); }

bool recorded(const ScoredSet& set, const std::function<bool(const ScoredSample&)>& has) {
  return std::all_of(set.problems.begin(), set.problems.end(), [&](const ScoredProblem& p) { return std::all_of(p.samples.begin(), p.samples.end(), has); });
}

bool any(const ScoredSet& set, const std::function<bool(const ScoredSample&)>& has) {
  return std::any_of(set.problems.begin(), set.problems.end(), [&](const ScoredProblem& p) { return std::any_of(p.samples.begin(), p.samples.end(), has); });
}

std::vector<int64_t> doubling(int64_t most) {
  std::vector<int64_t> out;
  for (int64_t j = 1; j < most; j *= 2) out.push_back(j);
  if (most > 0) out.push_back(most);
  return out;
}

}  // namespace

int64_t ScoredSet::num_generations() const {
  int64_t least = INT64_MAX;
  for (const auto& problem : problems) least = std::min(least, static_cast<int64_t>(problem.samples.size()));
  return problems.empty() ? 0 : least;
}

int64_t ScoredSet::most_generations() const {
  int64_t most = 0;
  for (const auto& problem : problems) most = std::max(most, static_cast<int64_t>(problem.samples.size()));
  return most;
}

int64_t ScoredSet::num_samples() const {
  int64_t all = 0;
  for (const auto& problem : problems) all += static_cast<int64_t>(problem.samples.size());
  return all;
}

std::vector<double> pass_rates(const ScoredSet& set) {
  std::vector<double> rates;
  for (const auto& problem : set.problems) rates.push_back(static_cast<double>(num_correct(problem)) / static_cast<double>(problem.samples.size()));
  return rates;
}

std::optional<double> fixed_error(const std::vector<std::pair<int64_t, int64_t>>& correct_of) {
  double sum = 0;
  for (const auto& [right, all] : correct_of) {
    if (all < 2) return std::nullopt;
    sum += pass_variance(all, right, 1);
  }
  return std::sqrt(sum) / static_cast<double>(correct_of.size());
}

Score score_of(const ScoredSet& set, const std::string& metric) {
  if (set.problems.empty()) throw Error("there is no sample to score", set.benchmark);
  const int64_t k = set.num_generations();
  if (metric == "no_answer") return share_of(set, metric, [](const ScoredSample& s) { return s.verdict == grading::VerdictKind::no_answer ? 1.0 : 0.0; });
  if (metric == "unverifiable") return share_of(set, metric, [](const ScoredSample& s) { return s.verdict == grading::VerdictKind::unverifiable ? 1.0 : 0.0; });
  if (metric == "truncated") return share_of(set, metric, [](const ScoredSample& s) { return s.finished.value_or(true) ? 0.0 : 1.0; });
  if (metric == "loop") return share_of(set, metric, [](const ScoredSample& s) { return s.looped.value_or(false) ? 1.0 : 0.0; });
  if (metric == "language_mixed") return share_of(set, metric, [](const ScoredSample& s) { return s.mixed.value_or(false) ? 1.0 : 0.0; });
  if (metric == "mean_tokens") return finished_score(metric, set, mean_of(set, [](const ScoredSample& s) { return static_cast<double>(s.num_tokens); }), false);
  if (metric == "cons@k") {
    if (!set.has_answers) throw Error("cons@k needs the answers, not only whether they are right", set.benchmark, "record \"completion\" or \"answer\"");
    PerProblem problems;
    for (const auto& problem : set.problems) {
      problems.values.push_back(vote(votes_of(pointers(problem))));
      if (problem.samples.size() < 2) problems.have_variances = false;
      else problems.variances.push_back(vote_variance(problem, problems.values.size()));
    }
    Score score = finished_score(metric, set, problems, true);
    if (!score.fixed_method.empty()) score.fixed_method += ", error by drawing samples again (" + std::to_string(kBootstrap) + ")";
    return score;
  }
  const auto j = metric.starts_with("pass@") ? parse_int(metric.substr(5)) : std::nullopt;
  if (!j || *j < 1) throw Error("unknown metric '" + metric + "'", "", "known: pass@1, pass@K, cons@k, no_answer, unverifiable, truncated, loop, language_mixed, mean_tokens");
  if (*j > k) throw Error(metric + " needs " + std::to_string(*j) + " samples of each problem, and some have " + std::to_string(k), set.benchmark, "sample more, or ask for less");
  PerProblem problems;
  for (const auto& problem : set.problems) {
    const auto n = static_cast<int64_t>(problem.samples.size());
    const int64_t c = num_correct(problem);
    problems.values.push_back(pass_at_k(n, c, *j));
    if (n <= *j) problems.have_variances = false;
    else problems.variances.push_back(pass_variance(n, c, *j));
  }
  return finished_score(metric, set, problems, true);
}

std::vector<Score> scores_of(const ScoredSet& set) {
  std::vector<Score> scores;
  const int64_t k = set.num_generations();
  for (const int64_t j : doubling(k)) scores.push_back(score_of(set, "pass@" + std::to_string(j)));
  if (scores.empty()) return {score_of(set, "pass@1")};
  if (set.has_answers && k > 1) scores.push_back(score_of(set, "cons@k"));
  if (recorded(set, [](const ScoredSample& s) { return s.num_tokens >= 0; })) scores.push_back(score_of(set, "mean_tokens"));
  if (recorded(set, [](const ScoredSample& s) { return s.finished.has_value(); })) scores.push_back(score_of(set, "truncated"));
  if (recorded(set, [](const ScoredSample& s) { return s.looped.has_value(); })) scores.push_back(score_of(set, "loop"));
  if (recorded(set, [](const ScoredSample& s) { return s.mixed.has_value(); })) scores.push_back(score_of(set, "language_mixed"));
  if (set.has_answers) scores.push_back(score_of(set, "no_answer"));
  if (any(set, [](const ScoredSample& s) { return s.verdict == grading::VerdictKind::unverifiable; })) scores.push_back(score_of(set, "unverifiable"));
  for (Score& score : scores) {
    if (score.problems_method == kTOverProblems) score.bca = bca_interval(score.by_problem, 1);
  }
  return scores;
}

std::vector<Bound> bounds_of(const ScoredSet& set) {
  const auto without = [&](const std::string& name, const std::function<bool(const ScoredSample&)>& out) {
    std::vector<double> rates;
    Bound bound{.name = name};
    for (const auto& problem : set.problems) {
      int64_t right = 0, all = 0;
      for (const ScoredSample& sample : problem.samples) {
        if (out(sample)) {
          ++bound.num_left_out;
          continue;
        }
        ++all;
        right += sample.correct();
      }
      if (all > 0) rates.push_back(static_cast<double>(right) / static_cast<double>(all));
    }
    bound.value = rates.empty() ? 0 : mean(rates);
    return bound;
  };
  std::vector<Bound> bounds;
  const auto add = [&](const std::string& name, const std::function<bool(const ScoredSample&)>& out) {
    if (any(set, out)) bounds.push_back(without(name, out));
  };
  add("unverifiable as the others", [](const ScoredSample& s) { return s.verdict == grading::VerdictKind::unverifiable; });
  add("truncated as the others", [](const ScoredSample& s) { return !s.finished.value_or(true); });
  add("no answer as the others", [](const ScoredSample& s) { return s.verdict == grading::VerdictKind::no_answer; });
  return bounds;
}

double expected_majority(const std::vector<int64_t>& counts, int64_t correct, int64_t silent, int64_t size) {
  if (correct < 0 || size <= 0) return 0;
  int64_t all = silent;
  for (const int64_t count : counts) all += count;
  if (size > all) throw Error("a subset of " + std::to_string(size) + " of " + std::to_string(all) + " samples", "cons@k");
  const auto log_choose = [](int64_t n, int64_t k) { return std::lgamma(static_cast<double>(n) + 1) - std::lgamma(static_cast<double>(k) + 1) - std::lgamma(static_cast<double>(n - k) + 1); };
  const double log_all = log_choose(all, size);
  double expected = 0;
  const int64_t mine = counts[static_cast<size_t>(correct)];
  for (int64_t top = 1; top <= std::min(mine, size); ++top) {
    const int64_t left = size - top;
    const size_t most_ties = static_cast<size_t>(left / top);
    // ways[ties][drawn]: of the other classes, none above `top`, `ties` of them at it. Shares of C(all, size), so nothing overflows.
    std::vector<std::vector<double>> ways(most_ties + 1, std::vector<double>(static_cast<size_t>(left) + 1, 0));
    const double scale = std::exp(log_choose(mine, top) - log_all);
    ways[0][0] = 1;
    for (size_t c = 0; c <= counts.size(); ++c) {
      const bool mute = c == counts.size();
      if (!mute && static_cast<int64_t>(c) == correct) continue;
      const int64_t have = mute ? silent : counts[c], upper = mute ? have : std::min(have, top);
      std::vector<std::vector<double>> next(most_ties + 1, std::vector<double>(static_cast<size_t>(left) + 1, 0));
      std::vector<double> choose(static_cast<size_t>(std::min(upper, left)) + 1);
      for (size_t x = 0; x < choose.size(); ++x) choose[x] = std::exp(log_choose(have, static_cast<int64_t>(x)));
      for (size_t u = 0; u <= most_ties; ++u) {
        for (int64_t drawn = 0; drawn <= left; ++drawn) {
          const double now = ways[u][static_cast<size_t>(drawn)];
          if (now == 0) continue;
          for (int64_t x = 0; x <= std::min(upper, left - drawn); ++x) {
            const size_t ties = u + (!mute && x == top ? 1 : 0);
            if (ties <= most_ties) next[ties][static_cast<size_t>(drawn + x)] += now * choose[static_cast<size_t>(x)];
          }
        }
      }
      ways = std::move(next);
    }
    for (size_t u = 0; u <= most_ties; ++u) expected += scale * ways[u][static_cast<size_t>(left)] / static_cast<double>(u + 1);
  }
  return std::clamp(expected, 0.0, 1.0);
}

std::vector<std::pair<int64_t, double>> cons_curve(const ScoredSet& set) {
  std::vector<std::pair<int64_t, double>> curve;
  if (!set.has_answers) return curve;
  std::vector<Votes> votes;
  for (const auto& problem : set.problems) votes.push_back(votes_of(pointers(problem)));
  for (const int64_t j : doubling(set.num_generations())) {
    double sum = 0;
    for (const Votes& one : votes) sum += expected_majority(one.counts, one.correct, one.silent, j);
    curve.emplace_back(j, sum / static_cast<double>(votes.size()));
  }
  return curve;
}

std::vector<std::pair<int64_t, double>> budget_curve(const ScoredSet& set) {
  std::vector<std::pair<int64_t, double>> curve;
  if (!recorded(set, [](const ScoredSample& s) { return s.num_tokens >= 0; })) return curve;
  int64_t longest = 1;
  for (const auto& problem : set.problems) {
    for (const ScoredSample& sample : problem.samples) longest = std::max(longest, sample.num_tokens);
  }
  for (int64_t budget = 64;; budget *= 2) {
    const int64_t at = std::min(budget, longest);
    double sum = 0;
    for (const auto& problem : set.problems) {
      const auto right = std::count_if(problem.samples.begin(), problem.samples.end(), [&](const ScoredSample& s) { return s.correct() && s.num_tokens <= at; });
      sum += static_cast<double>(right) / static_cast<double>(problem.samples.size());
    }
    curve.emplace_back(at, sum / static_cast<double>(set.problems.size()));
    if (at == longest) return curve;
  }
}

}  // namespace reprise::evaluation
