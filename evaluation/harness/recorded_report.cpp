#include "evaluation/harness/recorded_report.h"

#include <algorithm>
#include <cmath>

#include "base/files.h"
#include "base/strings.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/report.h"
#include "evaluation/harness/svg_plot.h"

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

std::string shown(const Score& score, double value) { return score.is_share ? percent_text(value) : number_text(value, 0); }
std::string shown(const Score& score, const std::optional<double>& value) { return value ? (score.is_share ? number_text(100 * *value, 2) : number_text(*value, 1)) : "–"; }
std::string shown(const Score& score, const std::optional<Interval>& interval) { return interval ? interval_text(*interval, score.is_share ? 100 : 1, score.is_share ? 1 : 0) : "–"; }

constexpr const char* kErrorsNote =
    "se and interval \"fixed\": the same problems sampled again, the question of a reproduction. \"problems\": other problems of the kind, the question of how good a model is. "
    "A published number is held against the fixed error; with the other one, several times as wide, almost any two numbers would agree.";

std::string css_class(const std::string& verdict) { return verdict == "reproduced" ? "reproduced" : verdict == "differs" ? "not_reproduced" : "open"; }

std::string comparison_card(const ScoredRow& row, const PublishedComparison& one) {
  std::string html = "<article class=\"card " + css_class(one.verdict) + "\"><h3><span>" + escape_html(row.set->benchmark + " " + row.score.metric) + "</span><span class=\"verdict\">" + escape_html(one.verdict) + "</span></h3>";
  html += "<p class=\"figure\"><b>" + shown(row.score, row.score.value) + "</b> here, <b>" + printed_value(one.published) + "</b> published <span class=\"note\">" +
          escape_html(one.published.model + ", " + one.published.source) + "</span></p>";
  if (one.comparable && row.score.interval_fixed) {
    html += forest_plot({row.score.value, *row.score.interval_fixed, one.published.value, one.difference > 0, 100, "percent: bar ours (fixed problems), line published", {}, css_class(one.verdict)});
  }
  for (const std::string& reason : one.reasons) html += "<p class=\"note\">" + escape_html(reason) + "</p>";
  return html + "</article>";
}

// One cell a problem, darker with each right sample.
std::string problem_grid(const ScoredSet& set) {
  constexpr size_t kMost = 2000;
  constexpr int kCell = 16, kColumns = 40;
  const size_t count = std::min(set.problems.size(), kMost);
  const int rows = static_cast<int>((count + kColumns - 1) / kColumns), columns = static_cast<int>(std::min<size_t>(count, kColumns));
  std::string svg = "<svg class=\"plot\" role=\"img\" aria-label=\"share of correct samples of each problem\" width=\"" + std::to_string(columns * kCell) + "\" height=\"" + std::to_string(rows * kCell) + "\" viewBox=\"0 0 " + std::to_string(columns * kCell) + " " + std::to_string(rows * kCell) + "\">";
  const std::vector<double> rates = pass_rates(set);
  for (size_t i = 0; i < count; ++i) {
    const int x = static_cast<int>(i % kColumns) * kCell, y = static_cast<int>(i / kColumns) * kCell;
    svg += "<g><title>" + escape_html(set.problems[i].id) + ": " + percent_text(rates[i]) + " % of " + std::to_string(set.problems[i].samples.size()) + "</title><rect class=\"grid\" x=\"" + std::to_string(x + 1) + "\" y=\"" + std::to_string(y + 1) +
           "\" width=\"14\" height=\"14\" fill=\"none\"/><rect class=\"f0\" x=\"" + std::to_string(x + 1) + "\" y=\"" + std::to_string(y + 1) + "\" width=\"14\" height=\"14\" fill-opacity=\"" + number_text(rates[i], 3) + "\"/></g>";
  }
  svg += "</svg>";
  if (count < set.problems.size()) svg += "<p class=\"note\">The first " + std::to_string(count) + " of " + std::to_string(set.problems.size()) + " problems.</p>";
  return svg;
}

std::string curve_plot(const std::string& title, const std::string& x, const std::vector<std::pair<int64_t, double>>& curve) {
  if (curve.size() < 2) return "";
  LinePlot plot{.title = title, .x_label = x, .percent = true};
  Series series{.label = ""};
  for (const auto& [at, value] : curve) series.points.emplace_back(static_cast<double>(at), value);
  plot.series.push_back(std::move(series));
  return "<figure>" + line_plot(plot) + "</figure>";
}

}  // namespace

Json recorded_json(const RecordedReport& report) {
  Json json = {{"format", "reprise scores 1"}, {"source", report.source}, {"source_sha256", report.recorded->sha256}, {"registry_sha256", report.registry_hash},
               {"num_samples", report.recorded->num_lines}, {"num_graded_here", report.recorded->num_graded}};
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
  for (const ScoredSet& set : report.recorded->sets) {
    Json one = {{"model", set.model}, {"benchmark", set.benchmark}, {"n", set.problems.size()}, {"k_least", set.num_generations()}, {"k_most", set.most_generations()}, {"num_samples", set.num_samples()}};
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
  return json;
}

std::string recorded_markdown(const RecordedReport& report) {
  std::string md = "# Scores\n\n| model | benchmark | metric | value | n | k | se fixed | 95 % fixed | se problems | 95 % problems |\n|---|---|---|---|---|---|---|---|---|---|\n";
  for (const ScoredRow& row : report.rows) {
    const Score& s = row.score;
    md += "| " + escape_markdown(row.set->model) + " | " + escape_markdown(row.set->benchmark) + " | " + s.metric + " | " + shown(s, s.value) + " | " + std::to_string(s.num_problems) + " | " + std::to_string(s.num_generations) + " | " +
          shown(s, s.error_fixed) + " | " + shown(s, s.interval_fixed) + " | " + shown(s, s.error_problems) + " | " + shown(s, s.interval_problems) + " |\n";
  }
  md += std::string("\n") + kErrorsNote + "\n";
  bool begun = false;
  for (const ScoredRow& row : report.rows) {
    for (const auto& one : row.comparisons) {
      if (!begun) md += "\n## Against published numbers\n";
      begun = true;
      md += "\n**" + one.verdict + "**: " + escape_markdown(row.set->benchmark) + " " + row.score.metric + ", " + shown(row.score, row.score.value) + " here, " + printed_value(one.published) + " published (" + escape_markdown(one.published.model + ", " + one.published.source) + ", `" + one.published.id + "`).\n";
      for (const std::string& reason : one.reasons) md += "- " + escape_markdown(reason) + "\n";
    }
  }
  return md + "\nRegistry of published numbers: SHA-256 " + report.registry_hash + ".\n";
}

std::string recorded_html(const RecordedReport& report) {
  std::string html = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Scores of " + escape_html(report.source) + "</title><style>" + report_style() + "</style></head><body><main>";
  html += "<h1>Scores of " + escape_html(report.source) + "</h1><p class=\"meta\">" + format_count(report.recorded->num_lines) + " samples, " + format_count(report.recorded->num_graded) + " of them graded here</p>";
  std::string cards;
  for (const ScoredRow& row : report.rows) {
    for (const auto& one : row.comparisons) cards += comparison_card(row, one);
  }
  if (!cards.empty()) html += "<h2>Against published numbers</h2><div class=\"cards\">" + cards + "</div>";
  html += "<h2>Scores</h2><div class=\"scroll\"><table><thead><tr><th class=\"text\">model</th><th class=\"text\">benchmark</th><th class=\"text\">metric</th><th>value</th><th>n × k</th><th>se fixed</th><th>95 % fixed</th><th>se problems</th><th>95 % problems</th></tr></thead><tbody>";
  for (const ScoredRow& row : report.rows) {
    const Score& s = row.score;
    html += "<tr><td class=\"text\">" + escape_html(row.set->model) + "</td><td class=\"text\">" + escape_html(row.set->benchmark) + "</td><td class=\"text\">" + s.metric + "</td><td>" + shown(s, s.value) + "</td><td>" + std::to_string(s.num_problems) + " × " + std::to_string(s.num_generations) + "</td><td>" +
            shown(s, s.error_fixed) + "</td><td>" + shown(s, s.interval_fixed) + "</td><td>" + shown(s, s.error_problems) + "</td><td>" + shown(s, s.interval_problems) + "</td></tr>";
  }
  html += std::string("</tbody></table></div><p class=\"note\">") + kErrorsNote + "</p>";
  for (const ScoredSet& set : report.recorded->sets) {
    html += "<h2>" + escape_html(set.model + ": " + set.benchmark) + "</h2>";
    for (const Bound& bound : bounds_of(set)) html += "<p class=\"note\">" + escape_html(bound.name) + ": pass@1 " + percent_text(bound.value) + " (" + format_count(bound.num_left_out) + " samples left out)</p>";
    html += "<h3>Problems</h3>" + problem_grid(set) + "<div class=\"row\">" + curve_plot("cons@k over k", "samples that vote", cons_curve(set)) + curve_plot("pass@1 within a budget", "tokens", budget_curve(set)) + "</div>";
  }
  html += "<p class=\"meta\">Registry of published numbers: SHA-256 " + report.registry_hash + ". Source: SHA-256 " + report.recorded->sha256 + ".</p></main></body></html>\n";
  return html;
}

void write_recorded_report(const RecordedReport& report, const std::filesystem::path& folder) {
  const std::string json = recorded_json(report).dump(2, ' ', false, Json::error_handler_t::replace), markdown = recorded_markdown(report), html = recorded_html(report);
  make_folders(folder);
  write_file(folder / "scores.json", json + "\n");
  write_file(folder / "scores.md", markdown);
  write_file(folder / "report.html", html);
}

}  // namespace reprise::evaluation
