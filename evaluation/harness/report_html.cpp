// The page: what was asked, what came out, how sure one can be, then everything that it rests on.
#include <cmath>

#include "base/strings.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/report.h"
#include "evaluation/harness/svg_plot.h"

namespace reprise::evaluation {

namespace {

std::string badge(ClaimVerdict verdict) {
  switch (verdict) {
    case ClaimVerdict::reproduced: return "✓ reproduced";
    case ClaimVerdict::not_reproduced: return "✗ not reproduced";
    case ClaimVerdict::inconclusive: return "? inconclusive";
  }
  return "";
}

std::string unit_of(const ClaimResult& claim) { return claim.is_share ? "points" : claim.unit; }

std::string claim_figure(const ClaimResult& claim) {
  const double scale = claim.is_share ? 100 : 1;
  if (!std::isfinite(claim.estimate)) return "<p class=\"figure\">no estimate yet</p>";
  return "<p class=\"figure\"><b>" + number_text(claim.estimate * scale, 1) + "</b> " + escape_html(unit_of(claim)) + " <span class=\"note\">" +
         interval_text(claim.interval, scale) + ", claimed " + (claim.claimed_above ? "&gt; " : "&lt; ") +
         number_text(claim.threshold * scale, 1) + "</span></p>" +
         forest_plot({claim.estimate, claim.interval, claim.threshold, claim.claimed_above, scale, unit_of(claim),
                      claim.by_seed.size() > 1 ? claim.by_seed : std::vector<double>{}, to_string(claim.verdict)});
}

std::string claim_card(const ClaimResult& claim) {
  std::string html = "<article class=\"card " + std::string(to_string(claim.verdict)) + "\"><h3><span>" +
                     escape_html(replace_all(claim.name, "_", " ")) + "</span><span class=\"verdict\">" + badge(claim.verdict) + "</span></h3>";
  html += "<p class=\"says\">" + escape_html(claim.says) + "</p>" + claim_figure(claim);
  html += "<details><summary>how</summary><p>" + escape_html(claim.detail) + "</p>";
  for (const ClaimResult& part : claim.parts) {
    html += "<p>" + badge(part.verdict) + " — " + escape_html(part.says.empty() ? part.name : part.says) + "</p>" + claim_figure(part) +
            "<p>" + escape_html(part.detail) + "</p>";
  }
  return html + "</details></article>";
}

std::string cell(const PooledMetric& metric, bool share) {
  const double scale = share ? 100 : 1;
  return "<td>" + number_text(metric.value * scale, 1) + "<small>" + interval_text(metric.interval, scale) + "</small></td>";
}

std::string short_cell(const PooledMetric& metric) { return "<td>" + percent_text(metric.value) + "</td>"; }

std::string scores_section(const ReportData& data) {
  if (data.evaluations.empty()) return "";
  std::string html = "<h2 id=\"scores\">Scores</h2><div class=\"scroll\"><table><thead><tr><th class=\"text\">evaluation</th><th class=\"text\">of</th>"
                     "<th>problems × k</th><th>pass@1 %</th><th>cons@k %</th><th>format %</th><th>mixing %</th><th>no answer %</th><th>cut off %</th><th>length</th></tr></thead><tbody>";
  for (const EvaluationRow& row : data.evaluations) {
    html += std::string(row.empty_thinking ? "<tr class=\"quiet\">" : "<tr>") + "<td class=\"text\">" + escape_html(row.stage) + (row.empty_thinking ? "<small>thinking forced empty</small>" : "") +
            "</td><td class=\"text\">" + escape_html(row.from) + "</td><td>" + format_count(row.num_problems) + " × " + format_count(row.num_generations) + "</td>" +
            cell(row.pass_at_1, true) + cell(row.majority, true) + cell(row.format, true) + cell(row.language_mixing, true) +
            short_cell(row.no_answer) + short_cell(row.truncated) + cell(row.mean_length, false) + "</tr>";
  }
  html += "</tbody></table></div><p class=\"note\">Brackets: 95 % intervals over problems" +
          std::string(data.runs.size() > 1 ? " and " + std::to_string(data.runs.size()) + " seeds" : "") +
          ". pass@1: mean over all samples; cons@k: majority vote of a problem's k samples, ties in expectation; mixing: samples with a word of another language.</p>";
  html += "<p><a href=\"scores.html\">Every sample, problem by problem, and the evaluations against each other</a></p>";
  std::vector<IntervalSeries> levels;
  for (const EvaluationRow& row : data.evaluations) {
    if (row.levels.size() < 2 || row.empty_thinking || levels.size() >= 8) continue;
    IntervalSeries series{row.stage, {}, static_cast<int>(levels.size())};
    for (const auto& level : row.levels) series.points.push_back({static_cast<double>(level.level), level.pass_at_1, level.interval});
    levels.push_back(std::move(series));
  }
  if (!levels.empty()) html += "<h3>accuracy by level of difficulty</h3>" + interval_plot("pass@1", "level", levels, 960, 280);
  return html;
}

std::string optional_cell(const std::optional<double>& value, int decimals) {
  return "<td>" + (value ? decimals == 0 ? format_count(static_cast<int64_t>(std::llround(*value))) : number_text(*value, decimals) : std::string("–")) + "</td>";
}

std::string stages_section(const ReportData& data) {
  std::string html = "<h2 id=\"stages\">Stages</h2><div class=\"scroll\"><table><thead><tr><th class=\"text\">stage</th><th class=\"text\">type</th><th class=\"text\">from</th>"
                     "<th>steps</th><th>time</th><th>tokens/s</th><th>pass@1 %</th><th>cons@k %</th><th>format %</th><th>mixing %</th><th>length</th></tr></thead><tbody>";
  double seconds = 0;
  for (const StageRow& row : data.stages) {
    seconds += row.seconds.value_or(0);
    const bool missing = row.num_done < static_cast<int64_t>(data.runs.size());
    html += "<tr><td class=\"text\">" + escape_html(row.name) + (missing ? "<small>done in " + std::to_string(row.num_done) + " of " + std::to_string(data.runs.size()) + "</small>" : "") +
            "</td><td class=\"text\">" + escape_html(row.type) + "</td><td class=\"text\">" + escape_html(row.from) + "</td>" + optional_cell(row.steps, 0) + "<td>" +
            (row.seconds ? format_seconds(*row.seconds) : "–") + "</td>" + optional_cell(row.tokens_per_second, 0);
    if (row.score) {
      html += cell(row.score->pass_at_1, true) + short_cell(row.score->majority) + short_cell(row.score->format) + short_cell(row.score->language_mixing) +
              "<td>" + number_text(row.score->mean_length.value, 1) + "</td>";
    } else {
      html += "<td>–</td><td>–</td><td>–</td><td>–</td><td>–</td>";
    }
    html += "</tr>";
  }
  html += "</tbody></table></div>";
  if (seconds > 0) html += "<p class=\"note\">All stages together: " + format_seconds(seconds) + (data.runs.size() > 1 ? " a run" : "") + ".</p>";
  return html;
}

std::string published_section(const ReportData& data) {
  if (data.published.empty() && data.published_notes.empty()) return "";
  std::string notes;
  for (const std::string& note : data.published_notes) notes += "<p class=\"note\">" + escape_html(note) + ".</p>";
  if (data.published.empty()) return "<h2 id=\"published\">Against published numbers</h2>" + notes;
  std::vector<PairedBar> bars;
  for (size_t i = 0; i < data.published.size(); ++i) {
    const PublishedComparison& one = data.published[i];
    if (!one.comparable) continue;
    const double ours = one.published.value + one.difference, reach = 1.959963985 * one.our_error, theirs = 1.959963985 * one.their_error + one.published.rounding;
    bars.push_back({data.published_stage[i] + ", " + one.published.metric, ours, one.published.value, {ours - reach, ours + reach}, {one.published.value - theirs, one.published.value + theirs},
                    one.verdict == "reproduced" ? "reproduced" : one.verdict == "differs" ? "not_reproduced" : "open"});
  }
  std::string html = "<h2 id=\"published\">Against published numbers</h2>";
  if (!bars.empty()) html += "<div class=\"scroll\">" + paired_bars(bars, 100, "percent", "ours and the published scores with 95 % intervals") + "</div><p class=\"note\">Above: ours. Below, grey: published. 95 % intervals on fixed problems.</p>";
  html += "<div class=\"scroll\"><table><thead><tr><th class=\"text\">evaluation</th><th class=\"text\">published</th><th>value %</th>"
                     "<th class=\"text\">verdict</th><th class=\"text\">why</th></tr></thead><tbody>";
  for (size_t i = 0; i < data.published.size(); ++i) {
    const PublishedComparison& one = data.published[i];
    std::string why;
    if (one.comparable) {
      why = escape_html("difference " + percent_text(one.difference) + " points, 90 % interval " + interval_text(one.interval, 100) + ", margin " + percent_text(one.margin));
    } else {
      why = "<details><summary>" + std::to_string(one.differences.size()) + " conditions differ</summary>";
      for (const std::string& difference : one.differences) why += escape_html(difference) + "<br>";
      why += "</details>";
    }
    html += "<tr><td class=\"text\">" + escape_html(data.published_stage[i]) + "</td><td class=\"text\">" + escape_html(one.published.model) + "<small>" + escape_html(one.published.metric + ", " + one.published.source) +
            "</small>" + (one.published.note.empty() ? "" : "<small>" + escape_html(one.published.note) + "</small>") + "</td><td>" + percent_text(one.published.value) + "</td><td class=\"text\">" + escape_html(one.verdict) + "</td><td class=\"wide\">" + why + "</td></tr>";
  }
  return html + "</tbody></table></div><p class=\"note\">Compared only where every condition is stated and equal; then two one-sided tests within the margin, the rounding of the printed number included.</p>" + notes;
}

void definitions(const nlohmann::json& json, const std::string& prefix, std::string& html, int depth) {
  for (const auto& [key, value] : json.items()) {
    const std::string name = prefix.empty() ? key : prefix + "." + key;
    if (value.is_object() && depth < 4) {
      definitions(value, name, html, depth + 1);
    } else {
      const std::string text = value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      html += "<dt>" + escape_html(name) + "</dt><dd>" + escape_html(text) + "</dd>";
    }
  }
}

std::string provenance_section(const ReportData& data) {
  std::string html = "<h2 id=\"provenance\">Provenance</h2>";
  for (size_t i = 0; i < data.runs.size(); ++i) {
    const RunData& run = *data.runs[i];
    const std::string name = run.folder.filename().string() + (run.seed ? ", seed " + std::to_string(*run.seed) : "");
    html += std::string("<details") + (i == 0 ? " open" : "") + "><summary>" + escape_html(name) + "</summary><dl>";
    definitions(run.provenance, "", html, 0);
    html += run.provenance.empty() ? "</dl><p class=\"note\">The run has no provenance.json.</p></details>" : "</dl></details>";
  }
  const RunData& first = *data.runs[0];
  html += "<h2 id=\"again\">How to get this again</h2><pre>";
  for (const RunData* run : data.runs) html += "reprise reproduce " + escape_html(run->folder.filename().string()) + "   # from the lock, compared bit for bit\n";
  html += "reprise run recipes/" + escape_html(first.recipe_name) + ".yaml" + (first.seed ? " --set seed=" + std::to_string(*first.seed) : "") + "\n</pre>";
  return html + "<details><summary>recipe.lock.yaml (" + escape_html(first.folder.filename().string()) + ")</summary><pre>" + escape_html(first.lock_text) + "</pre></details>";
}

}  // namespace

std::string report_html(const ReportData& data) {
  const RunData& first = *data.runs[0];
  const std::string title = first.title.empty() ? first.recipe_name : first.title;
  std::string html = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>" +
                     escape_html(title) + " — Reprise</title><style>" + report_style() + "</style></head><body><main>\n";
  html += "<h1>" + escape_html(title) + "</h1>";
  if (!first.question.empty()) html += "<p class=\"question\">" + escape_html(first.question) + "</p>";
  std::vector<std::string> seeds;
  for (const RunData* run : data.runs) {
    if (run->seed) seeds.push_back(std::to_string(*run->seed));
  }
  html += "<p class=\"meta\">recipe <code>" + escape_html(first.recipe_name) + "</code> · " + std::to_string(data.runs.size()) + (data.runs.size() == 1 ? " run" : " runs") +
          (seeds.empty() ? "" : (seeds.size() == 1 ? " · seed " : " · seeds ") + join(seeds, ", ")) + " · claims: <b>" + escape_html(verdict_line(data.claims)) + "</b></p>\n";
  if (!data.claims.empty()) {
    html += "<h2 id=\"claims\">Claims</h2><div class=\"cards\">";
    for (const ClaimResult& claim : data.claims) html += claim_card(claim);
    html += "</div><p class=\"note\">Dot and bar: estimate and 95 % interval. Dashed: the threshold; tinted: the claimed side." +
            std::string(data.runs.size() > 1 ? " Short ticks: the seeds." : " One seed: the intervals are over problems and say nothing of other seeds.") +
            " Reproduced: the whole interval lies on the claimed side; not reproduced: on the other.</p>\n";
  }
  html += scores_section(data) + "\n" + stages_section(data) + "\n" + curves_section(data) + "\n" + samples_section(data) + "\n" + published_section(data) + "\n" + contamination_html(data.contamination) + "\n" + provenance_section(data);
  return html + "\n</main></body></html>\n";
}

}  // namespace reprise::evaluation
