// What the commands that score share: their options, and the way from samples to a report.
#pragma once

#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "cli/evaluate_sources.h"
#include "evaluation/harness/verdict.h"

namespace reprise::cli {

struct ScoreOptions {
  std::string out, registry, benchmarks, fail_on;
  std::vector<std::string> against, conditions, benchmark_files;
  double margin = evaluation::kDefaultMargin;
  int64_t best_of = 1;
  bool leave_out_errata = false;
  std::string without_hits;  // an overlap.jsonl; "" for none
};

// All but `out`.
void add_score_options(boost::program_options::options_description& shown, ScoreOptions& options);
// Throws UsageError.
void check_score_options(const ScoreOptions& options);
evaluation::BenchmarkLibrary open_library(const ScoreOptions& options);

// Scores, holds against what was published and against each other, writes the report and prints its numbers. 1 where the verdict of --fail-on was given.
int score_sources(const std::vector<std::string>& paths, evaluation::BenchmarkLibrary& library, const SourceOptions& source_options, const ScoreOptions& options);

}  // namespace reprise::cli
