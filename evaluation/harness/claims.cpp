// Judging claims: values by problem and seed -> interval -> verdict. Nothing here looks at a stored average.
#include "evaluation/harness/claims.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "base/strings.h"
#include "evaluation/harness/comparison.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/run_data.h"

namespace reprise::evaluation {

namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

using Runs = std::vector<const RunData*>;

ClaimResult nothing(ClaimResult result, const std::string& why) {
  result.verdict = ClaimVerdict::inconclusive;
  result.estimate = kNaN;
  result.interval = {-kInfinity, kInfinity};
  result.detail = why;
  return result;
}

// Claims about evaluations: one table of per-problem values a seed.
ClaimResult judge_evaluations(const ClaimConfig& claim, const Runs& runs, ClaimResult result) {
  const bool difference = !claim.higher.empty() && !claim.lower.empty();
  const std::string only = !claim.stage.empty() ? claim.stage : claim.higher.empty() ? claim.lower : claim.higher;
  result.is_share = metric_is_share(claim.metric) && (claim.minus.empty() || metric_is_share(claim.minus));
  if (!result.is_share) result.unit = "tokens";
  const double span = result.is_share ? 1 : 0;
  result.threshold = claim.margin;
  if (claim.at_least) result.threshold = *claim.at_least;
  if (claim.at_most) result.threshold = *claim.at_most;
  if (claim.than) result.threshold = *claim.than + (claim.higher.empty() ? -claim.margin : claim.margin);
  result.claimed_above = !(claim.at_most || (claim.than && claim.higher.empty()));

  std::vector<SeedValues> seeds;
  for (const RunData* run : runs) {
    for (const std::string& name : difference ? std::vector{claim.higher, claim.lower} : std::vector{only}) {
      const StageData* stage = run->stage(name);
      if (!stage || stage->samples.empty()) {
        return nothing(std::move(result), "no samples of " + name + " in " + run->folder.filename().string());
      }
    }
    if (difference) {
      const auto higher = group_by_problem(run->stage(claim.higher)->samples);
      const auto lower = group_by_problem(run->stage(claim.lower)->samples);
      seeds.push_back(paired_differences(higher, lower, claim.metric, claim.metric));
    } else {
      const auto problems = group_by_problem(run->stage(only)->samples);
      if (!claim.minus.empty()) {
        seeds.push_back(paired_differences(problems, problems, claim.metric, claim.minus));
      } else {
        SeedValues values;
        for (const ProblemOutcomes& problem : problems) values.problem_ids.push_back(problem.problem_id);
        values.values = metric_by_problem(problems, claim.metric);
        seeds.push_back(std::move(values));
      }
    }
  }
  const Spread spread = spread_over_problems_and_seeds(seeds, span);
  result.estimate = spread.estimate;
  result.interval = spread.interval;
  result.by_seed = spread.by_seed;
  result.verdict = verdict_of(result.interval, result.threshold, result.claimed_above);
  const std::string what = difference ? claim.metric + " of " + claim.higher + " minus " + claim.lower
                           : claim.minus.empty() ? claim.metric + " of " + only
                                                 : claim.metric + " minus " + claim.minus + " of " + only;
  result.detail = what + "; 95 % interval by " + spread.method + "; bootstrap " +
                  interval_text(spread.bootstrap, result.is_share ? 100 : 1);
  if (runs.size() > 1) result.detail += "; t over seed means " + interval_text(spread.seed_means, result.is_share ? 100 : 1);
  return result;
}

// Trailing means over `window` points (all of the curve when it is shorter).
std::vector<std::pair<double, double>> trailing_means(const Curve& curve, size_t window) {
  std::vector<std::pair<double, double>> means;
  window = std::min(window, curve.size());
  double sum = 0;
  for (size_t i = 0; i < curve.size(); ++i) {
    sum += curve[i].second;
    if (i >= window) sum -= curve[i - window].second;
    if (i + 1 >= window) means.emplace_back(curve[i].first, sum / static_cast<double>(window));
  }
  return means;
}

// First step at which the trailing mean is at least `level`; one step past the end when it never is (the
// kindest value to the claim that the data allow would be larger, so this one is a lower bound on the loss).
double first_reach(const std::vector<std::pair<double, double>>& means, double level) {
  for (const auto& [step, value] : means) {
    if (value >= level) return step;
  }
  return means.back().first + 1;
}

ClaimResult judge_race(const ClaimConfig& claim, const Runs& runs, ClaimResult result) {
  result.is_share = false;
  result.unit = "steps";
  result.threshold = claim.margin;
  Interval one_run;
  size_t num_reached = 0;
  for (const RunData* run : runs) {
    const auto curve_of = [&](const std::string& name) {
      const StageData* stage = run->stage(name);
      return stage ? stage->curve(claim.steps_to_reach) : nullptr;
    };
    const Curve* faster = curve_of(claim.faster);
    const Curve* slower = curve_of(claim.slower);
    if (!faster || !slower || faster->empty() || slower->empty()) {
      return nothing(std::move(result), "no " + claim.steps_to_reach + " per step of " + claim.faster + " and " +
                                            claim.slower + " in " + run->folder.filename().string());
    }
    const auto window = static_cast<size_t>(claim.window);
    const auto means = trailing_means(*faster, window);
    const size_t tail = std::min(window, slower->size());
    std::vector<double> last;
    for (size_t i = slower->size() - tail; i < slower->size(); ++i) last.push_back((*slower)[i].second);
    const double level = mean(last), end = slower->back().first;
    const double reached = first_reach(means, level);
    num_reached += reached <= means.back().first;
    result.by_seed.push_back(end - reached);
    // One run has only the noise of the final level: its t interval, carried through the curve.
    const Interval levels = t_interval(last);
    one_run = {std::isfinite(levels.high) ? end - first_reach(means, levels.high) : -kInfinity,
               std::isfinite(levels.low) ? end - first_reach(means, levels.low) : kInfinity};
  }
  result.estimate = mean(result.by_seed);
  result.interval = runs.size() > 1 ? t_interval(result.by_seed) : one_run;
  result.verdict = verdict_of(result.interval, result.threshold, true);
  result.detail = "steps that " + claim.faster + " needs less than " + claim.slower + " for its final " +
                  claim.steps_to_reach + " in training (trailing mean of " + std::to_string(claim.window) +
                  " rows); reached in " + std::to_string(num_reached) + " of " + std::to_string(runs.size()) +
                  " runs; 95 % interval " +
                  (runs.size() > 1 ? "by t over the seeds" : "from the noise of that final level, one seed");
  return result;
}

ClaimResult judge_parts(const ClaimConfig& claim, const Runs& runs, ClaimResult result) {
  result.any = !claim.any_of.empty();
  for (const ClaimConfig& part : result.any ? claim.any_of : claim.all_of) {
    result.parts.push_back(judge_claim(part, runs));
  }
  const auto count = [&](ClaimVerdict verdict) {
    return static_cast<size_t>(std::count_if(result.parts.begin(), result.parts.end(),
                                             [&](const auto& part) { return part.verdict == verdict; }));
  };
  const size_t good = count(ClaimVerdict::reproduced), bad = count(ClaimVerdict::not_reproduced);
  const size_t all = result.parts.size();
  result.verdict = (result.any ? good > 0 : good == all)  ? ClaimVerdict::reproduced
                   : (result.any ? bad == all : bad > 0) ? ClaimVerdict::not_reproduced
                                                         : ClaimVerdict::inconclusive;
  // Told is the first part that has the verdict of the whole: there always is one.
  const auto decisive = std::find_if(result.parts.begin(), result.parts.end(), [&](const auto& part) { return part.verdict == result.verdict; });
  result.estimate = decisive->estimate;
  result.interval = decisive->interval;
  result.threshold = decisive->threshold;
  result.claimed_above = decisive->claimed_above;
  result.is_share = decisive->is_share;
  result.unit = decisive->unit;
  result.by_seed = decisive->by_seed;
  result.detail = std::string(result.any ? "any of " : "all of ") + std::to_string(all) + " parts (" +
                  std::to_string(good) + " reproduced); told is " + decisive->name + ": " + decisive->detail;
  return result;
}

nlohmann::ordered_json number_or_null(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}

}  // namespace

const char* to_string(ClaimVerdict verdict) {
  switch (verdict) {
    case ClaimVerdict::reproduced: return "reproduced";
    case ClaimVerdict::not_reproduced: return "not_reproduced";
    case ClaimVerdict::inconclusive: return "inconclusive";
  }
  return "inconclusive";
}

ClaimVerdict verdict_of(const Interval& interval, double threshold, bool claimed_above) {
  // Written so that an interval with a NaN end is inconclusive.
  if (interval.low > threshold) return claimed_above ? ClaimVerdict::reproduced : ClaimVerdict::not_reproduced;
  if (interval.high < threshold) return claimed_above ? ClaimVerdict::not_reproduced : ClaimVerdict::reproduced;
  return ClaimVerdict::inconclusive;
}

ClaimResult judge_claim(const ClaimConfig& claim, const Runs& runs) {
  ClaimResult result;
  result.name = claim.claim;
  result.says = claim.says;
  if (!claim.any_of.empty() || !claim.all_of.empty()) return judge_parts(claim, runs, std::move(result));
  if (!claim.faster.empty()) return judge_race(claim, runs, std::move(result));
  return judge_evaluations(claim, runs, std::move(result));
}

std::vector<ClaimResult> judge_claims(const Runs& runs) {
  std::vector<ClaimResult> results;
  for (const ClaimConfig& claim : runs[0]->claims) results.push_back(judge_claim(claim, runs));
  return results;
}

nlohmann::ordered_json ClaimResult::to_json() const {
  nlohmann::ordered_json json;
  json["name"] = name;
  json["verdict"] = to_string(verdict);
  json["estimate"] = number_or_null(estimate);
  json["interval"] = {number_or_null(interval.low), number_or_null(interval.high)};
  json["says"] = says;
  json["threshold"] = threshold;
  json["claimed_side"] = claimed_above ? "above" : "below";
  json["unit"] = is_share ? "share" : unit;
  json["detail"] = detail;
  json["by_seed"] = by_seed;
  if (!parts.empty()) {
    auto& list = json[any ? "any_of" : "all_of"] = nlohmann::ordered_json::array();
    for (const ClaimResult& part : parts) list.push_back(part.to_json());
  }
  return json;
}

}  // namespace reprise::evaluation
