// The page of scores: published numbers beside ours, every score with both errors, models against each other, and below each set what it rests on.
#include <algorithm>
#include <cmath>

#include "base/strings.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/report.h"
#include "evaluation/harness/score_report.h"
#include "evaluation/harness/svg_plot.h"

namespace reprise::evaluation {

namespace {

std::string css_class(const std::string& verdict) { return verdict == "reproduced" ? "reproduced" : verdict == "differs" ? "not_reproduced" : "open"; }

std::string cell(const std::string& text, const char* kind = "") { return std::string("<td") + (*kind ? std::string(" class=\"") + kind + "\"" : "") + ">" + text + "</td>"; }

std::string published_section(const ScoreReport& report) {
  std::vector<PairedBar> bars;
  std::string rows;
  for (const ScoredRow& row : report.rows) {
    for (const PublishedComparison& one : row.comparisons) {
      const std::string name = row.set->benchmark + " " + row.score.metric;
      if (one.comparable && row.score.is_share) {
        const double ours = 1.959963985 * one.our_error, theirs = 1.959963985 * one.their_error + one.published.rounding;
        bars.push_back({name, row.score.value, one.published.value, {row.score.value - ours, row.score.value + ours}, {one.published.value - theirs, one.published.value + theirs}, css_class(one.verdict)});
      }
      rows += "<tr>" + cell(escape_html(name) + "<small>" + escape_html(row.set->model) + "</small>", "text") + cell(shown_value(row.score, row.score.value)) + cell(printed_value(one.published)) +
              cell(one.comparable ? number_text(100 * one.difference, 2) + "<small>" + interval_text(one.interval, 100, 2) + "</small>" : "–") +
              cell("<span class=\"verdict " + css_class(one.verdict) + "\">" + escape_html(one.verdict) + "</span>", "text") + "<td class=\"wide\"><details><summary>" + escape_html(one.published.source) + "</summary>";
      for (const std::string& reason : one.reasons) rows += "<p class=\"note\">" + escape_html(reason) + "</p>";
      for (const std::string& difference : one.differences) rows += "<p class=\"note\">" + escape_html(difference) + "</p>";
      rows += "<p class=\"note\">id <code>" + escape_html(one.published.id) + "</code>, " + escape_html(one.published.model) + ", margin " + number_text(100 * one.margin, 1) + " points</p></details></td></tr>";
    }
  }
  if (rows.empty()) return "";
  std::string html = "<h2 id=\"published\">Against published numbers</h2>";
  if (!bars.empty()) {
    html += "<div class=\"scroll\">" + paired_bars(bars, 100, "percent", "ours and the published scores with 95 % intervals") +
            "</div><p class=\"note\">Above: ours, colour by verdict. Below, grey: published. Bars are 95 % intervals on the same fixed problems; theirs holds the rounding of the printed number.</p>";
  }
  return html + "<div class=\"scroll\"><table><thead><tr><th class=\"text\">score</th><th>here</th><th>published</th><th>difference, 90 %</th><th class=\"text\">verdict</th><th class=\"text\">source, and why</th></tr></thead><tbody>" + rows +
         "</tbody></table></div>";
}

std::string scores_section(const ScoreReport& report) {
  std::string html = "<h2 id=\"scores\">Scores</h2><div class=\"scroll\"><table><thead><tr><th class=\"text\">score</th><th>value</th><th>se fixed</th><th>95 % fixed</th><th>se problems</th><th>95 % problems</th></tr></thead><tbody>";
  const ScoredSet* above = nullptr;
  for (const ScoredRow& row : report.rows) {
    const Score& s = row.score;
    if (row.set != above) {
      html += "<tr class=\"group\"><th class=\"text\" colspan=\"6\">" + escape_html(row.set->benchmark + ": " + row.set->model) + " <span class=\"note\">" + std::to_string(s.num_problems) + " problems × " + std::to_string(s.num_generations) +
              (row.set->most_generations() > s.num_generations ? " to " + std::to_string(row.set->most_generations()) : "") + "</span></th></tr>";
      above = row.set;
    }
    html += "<tr>" + cell(s.metric, "text") + cell(shown_value(s, s.value)) + cell(shown_error(s, s.error_fixed)) + cell(shown_interval(s, s.interval_fixed)) + cell(shown_error(s, s.error_problems)) + cell(shown_interval(s, s.interval_problems)) + "</tr>";
  }
  return html + "</tbody></table></div><p class=\"note\">" + kErrorsNote + "</p>";
}

std::string pairs_section(const ScoreReport& report) {
  if (report.pairs.empty()) return "";
  std::string html = "<h2 id=\"pairs\">Against each other</h2><div class=\"scroll\"><table><thead><tr><th class=\"text\">benchmark</th><th class=\"text\">A</th><th class=\"text\">B</th><th>A %</th><th>B %</th><th>A − B, 95 %</th><th>p</th><th>p Holm</th>"
                     "<th>detectable</th><th class=\"text\">interval of A − B</th></tr></thead><tbody>";
  for (const PairedComparison& one : report.pairs) {
    const bool apart = one.adjusted_p < 0.05;
    html += "<tr>" + cell(escape_html(one.benchmark), "text") + cell(escape_html(one.model_a), "text") + cell(escape_html(one.model_b), "text") + cell(percent_text(one.value_a)) + cell(percent_text(one.value_b)) +
            cell(number_text(100 * one.difference, 2) + "<small>" + interval_text(one.interval, 100, 2) + "</small>") + cell(number_text(one.test.p, 4)) + cell(number_text(one.adjusted_p, 4)) + cell(number_text(100 * one.minimum_detectable, 1)) +
            cell(forest_plot({one.difference, one.interval, 0, one.difference > 0, 100, "points", {}, apart ? (one.difference > 0 ? "reproduced" : "not_reproduced") : "open"}, 300), "text") + "</tr>";
  }
  return html + "</tbody></table></div><p class=\"note\">The same problems on both sides, so differences are taken problem by problem. p: sign-flip permutation test over problems" +
         (std::all_of(report.pairs.begin(), report.pairs.end(), [](const auto& one) { return one.test.exact; }) ? ", exact" : "") +
         "; p Holm: corrected for all pairs of this table; detectable: the difference in points that as many problems find with 80 % power.</p>";
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
  svg += "</svg><p class=\"note\">Darker: more samples right." + (count < set.problems.size() ? " The first " + std::to_string(count) + " of " + std::to_string(set.problems.size()) + " problems." : "") + "</p>";
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

void definitions(const nlohmann::json& json, const std::string& prefix, std::string& html) {
  for (const auto& [key, value] : json.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object()) {
      definitions(value, name, html);
    } else {
      html += "<dt>" + escape_html(name) + "</dt><dd>" + escape_html(value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) + "</dd>";
    }
  }
}

std::string set_section(const ScoreReport& report, const ScoredSet& set, size_t number) {
  std::string html = "<h2>" + escape_html(set.model + ": " + set.benchmark) + "</h2>";
  const SetFacts* facts = report.facts_of(set);
  if (facts) {
    for (const std::string& note : facts->notes) html += "<p class=\"note\"><b>" + escape_html(note) + "</b></p>";
    if (facts->without_hits) {
      const Score without = score_of(*facts->without_hits, "pass@1");
      html += "<p class=\"note\">Without the " + std::to_string(set.problems.size() - facts->without_hits->problems.size()) + " problems that the training data share: pass@1 " + percent_text(without.value) + " " + shown_interval(without, without.interval_problems) +
              " over " + std::to_string(without.num_problems) + " problems.</p>";
    }
  }
  for (const Bound& bound : bounds_of(set)) html += "<p class=\"note\">" + escape_html(bound.name) + ": pass@1 " + percent_text(bound.value) + " (" + format_count(bound.num_left_out) + " samples left out)</p>";
  html += "<h3>Problems</h3>" + problem_grid(set) + "<div class=\"row\">" + curve_plot("cons@k over k", "samples that vote", cons_curve(set)) + curve_plot("pass@1 within a budget", "tokens", budget_curve(set)) + "</div>";
  html += sample_browser(set, number);
  if (facts && facts->protocol.is_object()) {
    html += "<details><summary>drawn under</summary><dl>";
    definitions(facts->protocol, "", html);
    if (!facts->rule.empty()) html += "<dt>verdicts by</dt><dd>" + escape_html(facts->rule) + "</dd>";
    if (!facts->cost.empty()) html += "<dt>cost</dt><dd>" + escape_html(facts->cost) + "</dd>";
    html += "</dl></details>";
  }
  return html;
}

}  // namespace

std::string score_html(const ScoreReport& report) {
  std::string html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>Scores of " + escape_html(report.source) + " — Reprise</title><style>" + report_style() + "</style></head><body><main>\n";
  html += "<h1>Scores of " + escape_html(report.source) + "</h1><p class=\"meta\">" + format_count(report.num_samples) + " samples" + (report.num_graded ? ", graded here" : ", with the verdicts that were recorded") + "</p>\n";
  html += published_section(report) + "\n" + scores_section(report) + "\n" + pairs_section(report) + "\n";
  for (size_t i = 0; i < report.sets.size(); ++i) html += set_section(report, *report.sets[i], i) + "\n";
  std::string pins;
  if (!report.registry_hash.empty()) pins += "Registry of published numbers: SHA-256 " + report.registry_hash + ". ";
  if (!report.source_sha256.empty()) pins += "Source: SHA-256 " + report.source_sha256 + ".";
  return html + "<p class=\"meta\">" + pins + "</p></main></body></html>\n";
}

}  // namespace reprise::evaluation
