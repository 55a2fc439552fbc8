// What a report tells, before it is told: everything is computed once here and then written as HTML, Markdown
// and JSON, so that the three cannot disagree. Several runs are seeds of one recipe and are pooled.
#pragma once

#include <string>
#include <vector>

#include "evaluation/harness/claims.h"
#include "evaluation/harness/published.h"
#include "evaluation/harness/report_contamination.h"
#include "evaluation/harness/run_data.h"
#include "evaluation/harness/verdict.h"

namespace reprise::evaluation {

// A metric of one evaluation over all runs.
struct PooledMetric {
  double value = 0;
  Interval interval;
  std::vector<double> by_seed;
};

struct EvaluationRow {
  std::string stage;      // "eval-zero"
  std::string from;       // the model scored: "zero"
  bool empty_thinking = false;
  int64_t num_problems = 0, num_samples = 0, num_generations = 0;
  PooledMetric pass_at_1, majority, format, language_mixing, truncated, no_answer, mean_length;
  std::vector<EvaluationSummary::Level> levels;  // samples of all runs together when there are several
  std::vector<EvaluationSummary> by_run;
};

// One stage over all runs: counts and times are means over the runs that have them.
struct StageRow {
  std::string name, type, from;
  std::optional<double> steps, seconds, tokens_per_second;
  int64_t num_done = 0;  // runs in which it is done
  const EvaluationRow* score = nullptr;  // the evaluation of what it made
};

struct ReportData {
  std::vector<const RunData*> runs;  // at least one, borrowed
  std::vector<ClaimResult> claims;
  std::vector<EvaluationRow> evaluations;
  std::vector<StageRow> stages;
  std::vector<PublishedComparison> published;  // against the first run
  std::vector<std::string> published_stage;    // the evaluate stage of each comparison
  std::vector<std::string> published_notes;    // evaluations of a benchmark that have nothing to be held against
  ContaminationReport contamination;
};

// A metric over the problems of each run: with one run estimate_metric, with several over problems and seeds.
PooledMetric pool_metric(const std::vector<std::vector<ProblemOutcomes>>& runs, const std::string& metric);

// Throws Error when the runs are of different recipes, have the same seed twice, or a claim cannot be read.
ReportData make_report_data(const std::vector<RunData>& runs, const Registry& registry);

}  // namespace reprise::evaluation
