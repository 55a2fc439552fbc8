// Scores as a report: scores.json, scores.md and report.html with the same numbers. Equal input gives equal bytes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "evaluation/harness/paired.h"
#include "evaluation/harness/published.h"
#include "evaluation/harness/scores.h"
#include "evaluation/harness/verdict.h"

namespace reprise::evaluation {

struct ScoredRow {
  const ScoredSet* set = nullptr;
  Score score;
  std::vector<PublishedComparison> comparisons;  // as many as were asked for of this score
};

// What is known of a set beside its samples.
struct SetFacts {
  const ScoredSet* set = nullptr;
  nlohmann::json protocol;              // under what it was drawn; null where not recorded
  std::string rule;                     // that gave the verdicts; "" where the recording brought them
  std::optional<ScoredSet> without_hits;  // without the problems that the training data share; absent where none is or nobody looked
  std::string cost;                     // "0.42 USD", "" where not known
  std::vector<std::string> notes;       // "3 of 400 samples are missing"
};

struct ScoreReport {
  std::vector<const ScoredSet*> sets;
  std::vector<SetFacts> facts;           // of some sets
  std::vector<ScoredRow> rows;
  std::vector<PairedComparison> pairs;   // models against each other, corrected together
  std::string registry_hash;             // "" where nothing was held against anything
  std::string source, source_sha256;     // a file's or store's name
  int64_t num_samples = 0, num_graded = 0;

  const SetFacts* facts_of(const ScoredSet& set) const;
};

// All rows of a set's scores.
void add_scores(ScoreReport& report, const ScoredSet& set);
// Each pair of sets of one benchmark, by another model or protocol each; `metric` is pass@1. Sets with other problems are left out.
void add_pairs(ScoreReport& report);

nlohmann::ordered_json pair_json(const PairedComparison& pair);
nlohmann::ordered_json score_json(const ScoreReport& report);
std::string score_markdown(const ScoreReport& report);
std::string score_html(const ScoreReport& report);
// The samples of a set, for a person to leaf through (score_browser.cpp).
std::string sample_browser(const ScoredSet& set, size_t number);
// Creates the folder.
void write_score_report(const ScoreReport& report, const std::filesystem::path& folder);

// What stands in both texts.
extern const char* const kErrorsNote;
std::string shown_value(const Score& score, double value);
std::string shown_error(const Score& score, const std::optional<double>& value);
std::string shown_interval(const Score& score, const std::optional<Interval>& interval);

}  // namespace reprise::evaluation
