// The report's section "Contamination": what was compared, what was found, and each evaluation with and without the problems that count as hit. Computed once and
// written three ways, like the rest of the report.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "data/overlap_file.h"
#include "evaluation/harness/statistics.h"

namespace reprise::evaluation {

struct ReportData;
struct RunData;

// A training store against an evaluation store. With several runs (seeds) a count is that of each; what differs is shown as "12 to 15".
struct ContaminationPair {
  std::string training, benchmark;
  std::vector<int64_t> num_rows, num_problems, problems_whole, problems_near, problems_half_covered, problems_hit, rows_hit;  // by run
  std::vector<std::vector<int64_t>> problems_by_n;  // by size, then by run
};

// An evaluation some of whose scored problems were hit. `without` is what is left without them; no problems left: absent.
struct ScoreWithoutHits {
  std::string stage, store;
  int64_t num_problems = 0, num_hit = 0;  // scored; of them hit in any run
  double with = 0;
  Interval with_interval;
  bool has_without = false;
  double without = 0;
  Interval without_interval;
};

struct ContaminationReport {
  std::vector<std::string> stages;         // of type contamination; empty: there is none, and no section
  std::vector<int64_t> sizes;              // of n-grams
  int64_t decision_ngram = 0;
  double near_duplicate_threshold = 0, decision_covered = 0;
  bool with_solutions = false;
  std::vector<ContaminationPair> pairs;
  std::vector<std::string> templates;      // evaluation stores made from a template
  std::vector<ScoreWithoutHits> scores;    // of the evaluations with hits, in their order
  std::vector<std::string> untouched;      // evaluations whose store was compared and that have none
  std::vector<data::OverlapLine> examples; // of the first run: for each pair the hits with most evidence
  std::vector<std::string> notes;          // a stage that has not run
};

// Reads what the runs' contamination stages left. `runs` as in ReportData.
ContaminationReport make_contamination_report(const std::vector<const RunData*>& runs);

std::string contamination_html(const ContaminationReport& report);
std::string contamination_markdown(const ContaminationReport& report);
nlohmann::ordered_json contamination_json(const ContaminationReport& report);

}  // namespace reprise::evaluation
