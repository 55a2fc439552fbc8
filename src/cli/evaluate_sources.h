// Samples as the commands of `reprise evaluate` take them: a file of recorded lines or a store, as sets of scores to be.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "evaluation/harness/benchmark_library.h"
#include "evaluation/harness/score_report.h"

namespace reprise::cli {

struct SourceOptions {
  std::string grader;              // another rule than the benchmark's (a store)
  std::vector<std::string> only;   // "sampling.temperature=0.6": protocols of a store with this fact
  std::vector<std::string> protocols;  // of a store, by id; empty takes all
  bool each = false;               // several protocols of a model on a benchmark are several sets; otherwise they are refused
  std::string prices;              // a table; "" for the one that comes with the program
};

struct Source {
  std::deque<evaluation::ScoredSet> sets;
  std::vector<evaluation::SetFacts> facts;   // of those that come from a store
  std::string name, sha256;
  int64_t num_samples = 0, num_graded = 0;
};

// Throws Error: no such path, nothing chosen, mixed protocols, what readers and graders throw. New verdicts are kept in the store, where nobody else writes.
Source load_source(const std::string& path, evaluation::BenchmarkLibrary& library, const SourceOptions& options);

}  // namespace reprise::cli
