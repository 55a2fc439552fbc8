// Two one-sided tests against a published number (Schuirmann 1987), problems fixed; the conditions first.
#include "evaluation/harness/verdict.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/special_functions.h"

namespace reprise::evaluation {

namespace {

// "0.60" and "0.6" are one condition.
bool same_condition(const std::string& a, const std::string& b) {
  const auto x = parse_double(trim(a)), y = parse_double(trim(b));
  if (x && y) return *x == *y;
  return trim(a) == trim(b);
}

std::string shown(const std::string& value) { return value.empty() ? "none" : "'" + value + "'"; }

// A mean over more samples of the same kind is the same mean, with a smaller error; a vote is not.
bool shifts_with_samples(const std::string& metric) { return !metric.starts_with("pass@"); }

struct Conditions {
  std::vector<std::string> of_another_thing;  // model, benchmark, metric, problems
  std::vector<std::string> differing, unstated, assumed;
};

Conditions conditions_between(const OwnNumber& own, const PublishedNumber& published) {
  Conditions out;
  if (own.model != published.model) out.of_another_thing.push_back("model: " + shown(own.model) + " here, " + shown(published.model) + " there");
  if (own.benchmark != published.benchmark) out.of_another_thing.push_back("benchmark: " + shown(own.benchmark) + " here, " + shown(published.benchmark) + " there");
  if (own.metric != published.metric) out.of_another_thing.push_back("metric: " + own.metric + " here, " + published.metric + " there");
  if (published.num_problems == 0) {
    out.unstated.push_back("problems: " + std::to_string(own.estimate.num_problems) + " here, not stated there");
  } else if (own.estimate.num_problems != published.num_problems) {
    out.differing.push_back("problems: " + std::to_string(own.estimate.num_problems) + " here, " + std::to_string(published.num_problems) + " there");
  }
  for (const std::string& key : condition_names()) {
    const std::string& theirs = published.protocol.at(key);
    const auto found = own.protocol.find(key);
    const std::string ours = found == own.protocol.end() ? kUnstated : found->second;
    const std::string there = theirs == kUnstated ? "not stated there" : shown(theirs) + " there";
    if (key == "num_generations" && !shifts_with_samples(published.metric)) continue;
    if (ours == kUnstated) {
      out.differing.push_back(key + ": not known here, " + there);
    } else if (theirs == kUnstated) {
      out.unstated.push_back(key + ": " + (ours == kAssumed ? "not declared" : shown(ours)) + " here, not stated there");
    } else if (ours == kAssumed) {
      out.assumed.push_back(key + " " + shown(theirs));
    } else if (!same_condition(ours, theirs)) {
      out.differing.push_back(key + ": " + shown(ours) + " here, " + there);
    }
  }
  return out;
}

std::string points(double share) { return number_text(100 * share, 2); }

// The standard errors of both sides on the same fixed problems; theirs, where it is not printed, is ours at their number of samples.
void put_errors(const OwnNumber& own, const PublishedNumber& published, PublishedComparison& out) {
  double ours = own.estimate.sampling_error;
  if (!std::isfinite(ours) || ours == 0) {
    ours = binomial_bound(own.estimate.value, own.estimate.num_problems * own.num_generations);
    out.error_is_bound = true;
    out.reasons.push_back("Our error is the binomial's bound, " + points(ours) + " points: per-problem variances " +
                          (own.num_generations > 1 && std::isfinite(own.estimate.sampling_error) ? "are all zero." : "are not there."));
  }
  double theirs = ours;
  if (published.standard_error) {
    theirs = *published.standard_error;
    out.reasons.push_back("Their error is their own: " + points(theirs) + " points.");
  } else if (const auto k = parse_int(published.protocol.at("num_generations")); k && *k > 0) {
    theirs = ours * std::sqrt(static_cast<double>(own.num_generations) / static_cast<double>(*k));
    out.reasons.push_back("Their error is not printed; ours at their " + std::to_string(*k) + " samples a problem stands in: " + points(theirs) + " points.");
  } else {
    out.reasons.push_back("Their error and number of samples are not printed; our error stands in for theirs.");
  }
  out.our_error = ours;
  out.their_error = theirs;
  out.error = std::hypot(ours, theirs);
}

void decide(const PublishedNumber& published, PublishedComparison& out) {
  const double reach90 = normal_quantile(0.95) * out.error + published.rounding;
  const double reach95 = normal_quantile(0.975) * out.error + published.rounding;
  out.interval = {out.difference - reach90, out.difference + reach90};
  out.interval95 = {out.difference - reach95, out.difference + reach95};
  const bool within = out.interval.low > -out.margin && out.interval.high < out.margin;
  const bool apart = std::abs(out.difference) > reach95;
  out.verdict = within ? "reproduced" : apart ? "differs" : "inconclusive";
  const std::string margin = points(out.margin), interval = interval_text(out.interval, 100, 2);
  if (within) out.reasons.push_back("The difference is " + points(out.difference) + " points, 90 % interval " + interval + ", within the margin of " + margin + ".");
  if (within && apart) out.reasons.push_back("It is also significantly not zero: smaller than the margin, but real.");
  if (!within && apart) out.reasons.push_back("The difference is " + points(out.difference) + " points, 95 % interval " + interval_text(out.interval95, 100, 2) + ", which leaves zero out.");
  if (!within && !apart) {
    out.reasons.push_back("The difference is " + points(out.difference) + " points: its 90 % interval " + interval + " is not within the margin of " + margin +
                          ", and its 95 % interval holds zero. More samples would tell (`reprise evaluate plan`).");
  }
}

}  // namespace

double binomial_bound(double value, int64_t num_samples) {
  const double n = static_cast<double>(std::max<int64_t>(num_samples, 1));
  const double p = std::clamp(value, 0.5 / n, 1 - 0.5 / n);
  return std::sqrt(p * (1 - p) / n);
}

OwnNumber as_own(const PublishedNumber& number) {
  OwnNumber own{.model = number.model, .benchmark = number.benchmark, .metric = number.metric};
  own.estimate = {.value = number.value, .sampling_error = number.standard_error.value_or(std::nan("")), .problem_error = std::nan(""), .num_problems = number.num_problems};
  own.num_generations = std::max<int64_t>(1, parse_int(number.protocol.at("num_generations")).value_or(1));
  for (const auto& [name, value] : number.protocol) own.protocol[name] = value == kUnstated ? kAssumed : value;
  return own;
}

Protocol conditions_of(const nlohmann::json& protocol, const std::string& grader, const PublishedNumber& published) {
  using nlohmann::json;
  Protocol out;
  const auto put = [&](const char* condition, const char* where) {
    const auto place = json::json_pointer(where);
    if (!protocol.contains(place) || protocol.at(place).is_null()) return;
    const json& value = protocol.at(place);
    out[condition] = value.is_string() ? value.get<std::string>() : value.dump();
  };
  put("temperature", "/sampling/temperature");
  put("top_p", "/sampling/top_p");
  put("max_completion_length", "/sampling/max_completion_length");
  put("num_shots", "/prompt/num_shots");
  put("system_prompt", "/prompt/system");
  put("prompt_suffix", "/prompt/suffix");
  put("split", "/benchmark/split");
  const auto theirs = published.protocol.find("prompt_suffix");
  if (theirs != published.protocol.end() && theirs->second.starts_with("preset:") && protocol.contains("/prompt/preset"_json_pointer)) out["prompt_suffix"] = "preset:" + protocol["prompt"]["preset"].get<std::string>();
  if (!grader.empty()) out["grader"] = grader;
  // A condition that the samples do not tell is not known, and is not taken to be as published.
  for (const std::string& name : condition_names()) out.emplace(name, kUnstated);
  return out;
}

PublishedComparison compare(const OwnNumber& own, const PublishedNumber& published, double margin) {
  PublishedComparison out;
  out.published = published;
  out.margin = margin;
  out.difference = own.estimate.value - published.value;
  Conditions conditions = conditions_between(own, published);
  for (auto* list : {&conditions.of_another_thing, &conditions.differing, &conditions.unstated}) {
    out.differences.insert(out.differences.end(), list->begin(), list->end());
  }
  if (!conditions.assumed.empty()) out.reasons.push_back("Not declared here and taken to be as published: " + join(conditions.assumed, ", ") + ".");
  if (!published.superseded_by.empty()) out.reasons.push_back("Its source has put another number in its place: " + published.superseded_by + ".");
  const auto refuse = [&](const char* verdict, std::string why) {
    out.verdict = verdict;
    out.reasons.push_back(std::move(why));
  };
  if (!conditions.of_another_thing.empty()) {
    refuse("not comparable", "It is a score of another thing.");
  } else if (!published.incomparable.empty()) {
    refuse("not comparable", "Nobody else's number can be held against it: " + published.incomparable + ".");
  } else if (own.best_of > 1) {
    refuse("not comparable", "Ours is the best of " + std::to_string(own.best_of) + " by this very score, which is too high by its own luck.");
  } else if (!conditions.differing.empty()) {
    refuse("protocol mismatch", "Conditions differ: " + join(conditions.differing, "; ") + ".");
  } else if (!conditions.unstated.empty()) {
    refuse("not comparable", "Its source leaves conditions open: " + join(conditions.unstated, "; ") + ".");
  } else {
    out.comparable = true;
    put_errors(own, published, out);
    decide(published, out);
  }
  return out;
}

PublishedComparison compare(const OwnNumber& own, const PublishedNumber& published, const Registry& registry, double margin) {
  PublishedComparison out = compare(own, published, margin);
  if (!out.comparable) return out;
  for (const PublishedNumber* other : registry.other_printings(published)) {
    PublishedNumber printed_there = published;  // under the same conditions: only the value is in doubt
    printed_there.value = other->value;
    printed_there.rounding = other->rounding;
    const std::string verdict = compare(own, printed_there, margin).verdict;
    if (verdict == out.verdict) continue;
    out.reasons.push_back("Against " + printed_value(published) + " it would be \"" + out.verdict + "\", against " + printed_value(*other) + " (" + other->source + ") \"" + verdict + "\".");
    out.verdict = "source conflict";
    break;
  }
  return out;
}

}  // namespace reprise::evaluation
