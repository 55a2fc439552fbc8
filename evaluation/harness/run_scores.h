// The evaluations of a run as a page of scores (score_report.h): a grid of problems, every sample with the grader's reason, evaluations against each other.
#pragma once

#include <deque>

#include "evaluation/harness/run_data.h"
#include "evaluation/harness/score_report.h"

namespace reprise::evaluation {

// Sets of scores of each stage that left samples; they borrow nothing from the run.
std::deque<ScoredSet> scored_sets(const RunData& run);
// "" where no stage left samples.
std::string run_scores_html(const RunData& run);

}  // namespace reprise::evaluation
