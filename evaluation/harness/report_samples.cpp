// The same problem answered by every model of the run: sample 0, never the best of many. Problems are chosen by
// rule, not by hand: first those that the first evaluation got wrong and the last got right, then the others.
#include <algorithm>

#include "base/strings.h"
#include "evaluation/harness/html_text.h"
#include "evaluation/harness/report.h"

namespace reprise::evaluation {

namespace {

constexpr size_t kNumShown = 3;
constexpr size_t kMaxBytes = 3000;

const EvaluationSample* first_sample(const StageData& stage, const std::string& problem_id) {
  const auto found = std::lower_bound(stage.samples.begin(), stage.samples.end(), problem_id,
                                      [](const EvaluationSample& sample, const std::string& id) { return sample.problem_id < id; });
  return found != stage.samples.end() && found->problem_id == problem_id ? &*found : nullptr;
}

std::vector<std::string> chosen(const StageData& first, const StageData& last) {
  std::vector<std::string> improved, others;
  std::string previous;
  for (const EvaluationSample& before : first.samples) {
    if (before.problem_id == previous) continue;
    previous = before.problem_id;
    const EvaluationSample* after = first_sample(last, before.problem_id);
    if (!after) continue;
    (!before.correct() && after->correct() ? improved : others).push_back(before.problem_id);
  }
  // Two that were won, and one of the rest: a reader should also see what did not change.
  if (improved.size() > kNumShown - 1) improved.resize(kNumShown - 1);
  for (size_t i = 0; i < others.size() && improved.size() < kNumShown; ++i) improved.push_back(others[i]);
  return improved;
}

}  // namespace

std::string samples_section(const ReportData& data) {
  const RunData& run = *data.runs[0];
  std::vector<const StageData*> stages;
  for (const StageData& stage : run.stages) {
    if (!stage.samples.empty()) stages.push_back(&stage);
  }
  if (stages.empty()) return "";
  std::string html = "<h2 id=\"samples\">What the models write</h2><p class=\"note\">Sample 0 of the same problem at every evaluation" +
                     std::string(run.seed ? ", seed " + std::to_string(*run.seed) : "") +
                     ". Problems are taken by rule: two that the first evaluation got wrong and the last got right, one of the others.</p>";
  for (const std::string& id : chosen(*stages.front(), *stages.back())) {
    const EvaluationSample* any = first_sample(*stages.front(), id);
    html += "<h3>" + escape_html(id) + (any->level ? " <span class=\"note\">level " + std::to_string(any->level) + "</span>" : "") + "</h3>";
    if (!any->prompt.empty()) html += "<pre>" + highlight_tags(any->prompt, kMaxBytes) + "</pre>";
    if (!any->answer.empty()) html += "<p class=\"note\">reference answer: <code>" + escape_html(any->answer) + "</code></p>";
    html += "<div class=\"samples\">";
    for (const StageData* stage : stages) {
      const EvaluationSample* sample = first_sample(*stage, id);
      if (!sample) continue;
      const bool right = sample->correct();
      html += "<div class=\"sample\"><header><b>" + escape_html(stage->name) + "</b><span><span class=\"verdict " +
              (right ? "reproduced\">✓ " : "not_reproduced\">✗ ") + escape_html(replace_all(verdict_name(sample->verdict), "_", " ")) +
              "</span> <span class=\"note\">" + format_count(sample->num_tokens) + " tokens" + (sample->finished ? "" : ", cut off") +
              (sample->language_mixed ? ", mixed" : "") + "</span></span></header><pre>" + highlight_tags(sample->completion, kMaxBytes) + "</pre></div>";
    }
    html += "</div>";
  }
  return html;
}

}  // namespace reprise::evaluation
