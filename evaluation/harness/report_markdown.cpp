// The report for a terminal, a pull request or an e-mail: the same figures, no plots.
#include <cmath>

#include "base/strings.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/report.h"

namespace reprise::evaluation {

namespace {

std::string cell(const PooledMetric& metric, double scale) {
  return number_text(metric.value * scale, 1) + " " + interval_text(metric.interval, scale);
}

std::string optional(const std::optional<double>& value) {
  return value ? format_count(static_cast<int64_t>(std::llround(*value))) : "-";
}

}  // namespace

std::string report_markdown(const ReportData& data) {
  const RunData& first = *data.runs[0];
  std::string md = "# " + escape_markdown(first.title.empty() ? first.recipe_name : first.title) + "\n\n";
  if (!first.question.empty()) md += escape_markdown(first.question) + "\n\n";
  md += "Recipe `" + escape_markdown(first.recipe_name) + "`, " + std::to_string(data.runs.size()) + " run(s). Claims: " + verdict_line(data.claims) + ".\n";
  if (!data.claims.empty()) {
    md += "\n## Claims\n\n| claim | verdict | estimate | 95 % interval | claimed | says |\n|---|---|---:|---:|---:|---|\n";
    for (const ClaimResult& claim : data.claims) {
      const double scale = claim.is_share ? 100 : 1;
      md += "| " + escape_markdown(claim.name) + " | " + replace_all(to_string(claim.verdict), "_", " ") + " | " + number_text(claim.estimate * scale, 1) + (claim.is_share ? " points" : " " + claim.unit) +
            " | " + interval_text(claim.interval, scale) + " | " + (claim.claimed_above ? "> " : "< ") + number_text(claim.threshold * scale, 1) + " | " + escape_markdown(claim.says) + " |\n";
    }
    md += "\n";
    for (const ClaimResult& claim : data.claims) md += "- " + escape_markdown(claim.name) + ": " + escape_markdown(claim.detail) + "\n";
  }
  if (!data.evaluations.empty()) {
    md += "\n## Scores\n\n| evaluation | of | problems x k | pass@1 % | cons@k % | format % | mixing % | length |\n|---|---|---:|---:|---:|---:|---:|---:|\n";
    for (const EvaluationRow& row : data.evaluations) {
      md += "| " + escape_markdown(row.stage) + (row.empty_thinking ? " (thinking forced empty)" : "") + " | " + escape_markdown(row.from) + " | " + format_count(row.num_problems) + " x " +
            format_count(row.num_generations) + " | " + cell(row.pass_at_1, 100) + " | " + cell(row.majority, 100) + " | " + cell(row.format, 100) + " | " + cell(row.language_mixing, 100) + " | " +
            cell(row.mean_length, 1) + " |\n";
    }
  }
  md += "\n## Stages\n\n| stage | type | from | steps | time | tokens/s |\n|---|---|---|---:|---:|---:|\n";
  for (const StageRow& row : data.stages) {
    md += "| " + escape_markdown(row.name) + " | " + escape_markdown(row.type) + " | " + escape_markdown(row.from) + " | " + optional(row.steps) + " | " +
          (row.seconds ? format_seconds(*row.seconds) : "-") + " | " + optional(row.tokens_per_second) + " |\n";
  }
  if (!data.published.empty()) {
    md += "\n## Against published numbers\n\n| evaluation | published | value % | verdict | why |\n|---|---|---:|---|---|\n";
    for (size_t i = 0; i < data.published.size(); ++i) {
      const PublishedComparison& one = data.published[i];
      const std::string why = one.comparable ? "difference " + percent_text(one.difference) + " " + interval_text(one.interval, 100) + ", margin " + percent_text(one.margin)
                                             : join(one.differences, "; ");
      md += "| " + escape_markdown(data.published_stage[i]) + " | " + escape_markdown(one.published.model + ", " + one.published.metric + " (" + one.published.source + ")") + " | " +
            percent_text(one.published.value) + " | " + one.verdict + " | " + escape_markdown(why) + " |\n";
    }
  }
  if (!data.published_notes.empty() && data.published.empty()) md += "\n## Against published numbers\n";
  for (const std::string& note : data.published_notes) md += "\n- " + escape_markdown(note);
  if (!data.published_notes.empty()) md += "\n";
  md += contamination_markdown(data.contamination);
  return md;
}

}  // namespace reprise::evaluation
