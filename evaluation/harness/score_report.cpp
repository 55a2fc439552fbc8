// The numbers, and the two plain forms of the report. The page: score_html.cpp.
#include "evaluation/harness/score_report.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/files.h"
#include "base/strings.h"
#include "evaluation/harness/html_text.h"

namespace reprise::evaluation {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
Json number(const std::optional<double>& value) { return value ? number(*value) : Json(nullptr); }
Json pair(const std::optional<Interval>& interval) { return interval ? Json{number(interval->low), number(interval->high)} : Json(nullptr); }

// The verdict that a program acts on where several published numbers were asked for: the worst of them.
std::string overall(const std::vector<PublishedComparison>& comparisons) {
  for (const char* verdict : {"differs", "source conflict", "protocol mismatch", "not comparable", "inconclusive", "reproduced"}) {
    for (const auto& one : comparisons) {
      if (one.verdict == verdict) return verdict;
    }
  }
  return "";
}

Json comparison_json(const PublishedComparison& one) {
  Json json = {{"verdict", one.verdict}, {"against", one.published.id}, {"published", number(one.published.value)}, {"printed", printed_value(one.published)},
               {"rounding", one.published.rounding}, {"source", one.published.source}, {"evidence", one.published.evidence},
               {"conflicts", one.published.conflicts}, {"margin", one.margin}};
  json["difference"] = one.comparable ? number(one.difference) : Json(nullptr);
  json["se_difference"] = one.comparable ? number(one.error) : Json(nullptr);
  json["se_is_bound"] = one.error_is_bound;
  json["ci90_difference"] = one.comparable ? pair(one.interval) : Json(nullptr);
  json["ci95_difference"] = one.comparable ? pair(one.interval95) : Json(nullptr);
  json["protocol_differences"] = one.differences;
  json["reasons"] = one.reasons;
  return json;
}

}  // namespace

const char* const kErrorsNote =
    "se and interval \"fixed\": the same problems sampled again, the question of a reproduction. \"problems\": other problems of the kind, the question of how good a model is. "
    "A published number is held against the fixed error; with the other one, several times as wide, almost any two numbers would agree.";

std::string shown_value(const Score& score, double value) { return score.is_share ? percent_text(value) : number_text(value, 0); }
std::string shown_error(const Score& score, const std::optional<double>& value) { return value ? (score.is_share ? number_text(100 * *value, 2) : number_text(*value, 1)) : "–"; }
std::string shown_interval(const Score& score, const std::optional<Interval>& interval) { return interval ? interval_text(*interval, score.is_share ? 100 : 1, score.is_share ? 1 : 0) : "–"; }

const SetFacts* ScoreReport::facts_of(const ScoredSet& set) const {
  for (const SetFacts& one : facts) {
    if (one.set == &set) return &one;
  }
  return nullptr;
}

void add_scores(ScoreReport& report, const ScoredSet& set) {
  for (Score& score : scores_of(set)) report.rows.push_back({&set, std::move(score), {}});
}

void add_pairs(ScoreReport& report) {
  std::vector<double> p;
  for (size_t i = 0; i < report.sets.size(); ++i) {
    for (size_t j = i + 1; j < report.sets.size(); ++j) {
      const ScoredSet &a = *report.sets[i], &b = *report.sets[j];
      const bool same = a.benchmark == b.benchmark && std::equal(a.problems.begin(), a.problems.end(), b.problems.begin(), b.problems.end(), [](const auto& x, const auto& y) { return x.id == y.id; });
      if (!same) continue;
      report.pairs.push_back(compare_paired(a, b, "pass@1"));
      p.push_back(report.pairs.back().test.p);
    }
  }
  const std::vector<double> adjusted = holm(p);
  for (size_t i = 0; i < adjusted.size(); ++i) report.pairs[i].adjusted_p = adjusted[i];
}

Json pair_json(const PairedComparison& one) {
  Json out = {{"benchmark", one.benchmark}, {"metric", one.metric}, {"model_a", one.model_a}, {"model_b", one.model_b}, {"n", one.num_problems}, {"value_a", one.value_a}, {"value_b", one.value_b},
              {"difference", one.difference}, {"se", one.error}, {"ci", {one.interval.low, one.interval.high}}, {"ci_bca", {one.bca.low, one.bca.high}}};
  out["se_fixed"] = one.error_fixed ? Json(*one.error_fixed) : Json(nullptr);
  out["p"] = one.test.p;
  out["p_exact"] = one.test.exact;
  out["p_holm"] = one.adjusted_p;
  out["minimum_detectable_difference"] = one.minimum_detectable;
  return out;
}

Json score_json(const ScoreReport& report) {
  Json json = {{"format", "reprise scores 1"}, {"source", report.source}, {"source_sha256", report.source_sha256}, {"registry_sha256", report.registry_hash},
               {"num_samples", report.num_samples}, {"num_graded_here", report.num_graded}};
  json["scores"] = Json::array();
  for (const ScoredRow& row : report.rows) {
    const Score& s = row.score;
    Json one = {{"model", row.set->model}, {"benchmark", row.set->benchmark}, {"metric", s.metric}, {"value", number(s.value)}, {"n", s.num_problems}, {"k", s.num_generations}};
    one["se_fixed"] = number(s.error_fixed);
    one["se_problems"] = number(s.error_problems);
    one["ci_fixed"] = pair(s.interval_fixed);
    one["ci_problems"] = pair(s.interval_problems);
    one["ci_problems_bca"] = pair(s.bca);
    one["method_fixed"] = s.fixed_method.empty() ? "not to be known from one sample a problem" : s.fixed_method;
    one["method_problems"] = s.problems_method;
    one["verdict"] = row.comparisons.empty() ? Json(nullptr) : Json(overall(row.comparisons));
    one["reasons"] = Json::array();
    for (const auto& comparison : row.comparisons) {
      for (const std::string& reason : comparison.reasons) one["reasons"].push_back(reason);
    }
    one["comparisons"] = Json::array();
    for (const auto& comparison : row.comparisons) one["comparisons"].push_back(comparison_json(comparison));
    json["scores"].push_back(std::move(one));
  }
  json["sets"] = Json::array();
  for (const ScoredSet* scored : report.sets) {
    const ScoredSet& set = *scored;
    Json one = {{"model", set.model}, {"benchmark", set.benchmark}, {"n", set.problems.size()}, {"k_least", set.num_generations()}, {"k_most", set.most_generations()}, {"num_samples", set.num_samples()}};
    if (const SetFacts* facts = report.facts_of(set)) {
      one["protocol"] = facts->protocol;
      one["rule"] = facts->rule;
      if (!facts->cost.empty()) one["cost"] = facts->cost;
      one["notes"] = facts->notes;
      if (facts->without_hits) {
        const Score without = score_of(*facts->without_hits, "pass@1");
        one["without_hits"] = {{"n", without.num_problems}, {"pass@1", number(without.value)}, {"ci_fixed", pair(without.interval_fixed)}, {"ci_problems", pair(without.interval_problems)}};
      }
    }
    one["bounds"] = Json::array();
    for (const Bound& bound : bounds_of(set)) one["bounds"].push_back({{"name", bound.name}, {"pass@1", number(bound.value)}, {"num_left_out", bound.num_left_out}});
    one["cons_curve"] = Json::array();
    for (const auto& [k, value] : cons_curve(set)) one["cons_curve"].push_back({{"k", k}, {"value", number(value)}});
    one["budget_curve"] = Json::array();
    for (const auto& [tokens, value] : budget_curve(set)) one["budget_curve"].push_back({{"tokens", tokens}, {"value", number(value)}});
    one["problems"] = Json::array();
    const std::vector<double> rates = pass_rates(set);
    for (size_t i = 0; i < rates.size(); ++i) one["problems"].push_back({{"problem", set.problems[i].id}, {"k", set.problems[i].samples.size()}, {"pass_rate", number(rates[i])}});
    json["sets"].push_back(std::move(one));
  }
  json["pairs"] = Json::array();
  for (const PairedComparison& pair : report.pairs) json["pairs"].push_back(pair_json(pair));
  return json;
}

std::string score_markdown(const ScoreReport& report) {
  std::string md = "# Scores\n\n| model | benchmark | metric | value | n | k | se fixed | 95 % fixed | se problems | 95 % problems |\n|---|---|---|---|---|---|---|---|---|---|\n";
  for (const ScoredRow& row : report.rows) {
    const Score& s = row.score;
    md += "| " + escape_markdown(row.set->model) + " | " + escape_markdown(row.set->benchmark) + " | " + s.metric + " | " + shown_value(s, s.value) + " | " + std::to_string(s.num_problems) + " | " + std::to_string(s.num_generations) + " | " +
          shown_error(s, s.error_fixed) + " | " + shown_interval(s, s.interval_fixed) + " | " + shown_error(s, s.error_problems) + " | " + shown_interval(s, s.interval_problems) + " |\n";
  }
  md += std::string("\n") + kErrorsNote + "\n";
  bool begun = false;
  for (const ScoredRow& row : report.rows) {
    for (const auto& one : row.comparisons) {
      if (!begun) md += "\n## Against published numbers\n";
      begun = true;
      md += "\n**" + one.verdict + "**: " + escape_markdown(row.set->benchmark) + " " + row.score.metric + ", " + shown_value(row.score, row.score.value) + " here, " + printed_value(one.published) + " published (" + escape_markdown(one.published.model + ", " + one.published.source) + ", `" + one.published.id + "`).\n";
      for (const std::string& reason : one.reasons) md += "- " + escape_markdown(reason) + "\n";
    }
  }
  if (!report.pairs.empty()) {
    md += "\n## Against each other\n\n| benchmark | A | B | A % | B % | A - B | 95 % | p | p Holm |\n|---|---|---|---|---|---|---|---|---|\n";
    for (const PairedComparison& one : report.pairs) {
      md += "| " + escape_markdown(one.benchmark) + " | " + escape_markdown(one.model_a) + " | " + escape_markdown(one.model_b) + " | " + percent_text(one.value_a) + " | " + percent_text(one.value_b) + " | " + number_text(100 * one.difference, 2) + " | " +
            interval_text(one.interval, 100, 2) + " | " + number_text(one.test.p, 4) + " | " + number_text(one.adjusted_p, 4) + " |\n";
    }
  }
  for (const ScoredSet* set : report.sets) {
    const SetFacts* facts = report.facts_of(*set);
    for (const Bound& bound : bounds_of(*set)) md += "\n" + escape_markdown(set->model + ", " + set->benchmark) + ": " + bound.name + ": pass@1 " + percent_text(bound.value) + " (" + format_count(bound.num_left_out) + " samples left out).\n";
    if (!facts) continue;
    for (const std::string& note : facts->notes) md += "\n" + escape_markdown(set->model + ", " + set->benchmark + ": " + note) + ".\n";
    if (facts->without_hits) {
      const Score without = score_of(*facts->without_hits, "pass@1");
      md += "\n" + escape_markdown(set->model + ", " + set->benchmark) + ": without the " + std::to_string(set->problems.size() - facts->without_hits->problems.size()) + " problems that the training data share, pass@1 " + percent_text(without.value) + " " +
            shown_interval(without, without.interval_problems) + ".\n";
    }
    if (!facts->cost.empty()) md += "\n" + escape_markdown(set->model + ", " + set->benchmark) + ": cost " + facts->cost + ".\n";
  }
  if (report.registry_hash.empty()) return md;
  return md + "\nRegistry of published numbers: SHA-256 " + report.registry_hash + ".\n";
}

void write_score_report(const ScoreReport& report, const std::filesystem::path& folder) {
  const std::string json = score_json(report).dump(2, ' ', false, Json::error_handler_t::replace), markdown = score_markdown(report), html = score_html(report);
  make_folders(folder);
  write_file(folder / "scores.json", json + "\n");
  write_file(folder / "scores.md", markdown);
  write_file(folder / "report.html", html);
}

}  // namespace reprise::evaluation
