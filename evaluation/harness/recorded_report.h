// What `reprise evaluate recorded` writes: scores.json, scores.md and report.html, with the same numbers. Equal input gives equal bytes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "evaluation/harness/recorded.h"
#include "evaluation/harness/verdict.h"

namespace reprise::evaluation {

struct ScoredRow {
  const ScoredSet* set = nullptr;
  Score score;
  std::vector<PublishedComparison> comparisons;  // as many as were asked for of this score
};

struct RecordedReport {
  const Recorded* recorded = nullptr;
  std::vector<ScoredRow> rows;
  std::string registry_hash;
  std::string source;  // the file's name
};

nlohmann::ordered_json recorded_json(const RecordedReport& report);
std::string recorded_markdown(const RecordedReport& report);
std::string recorded_html(const RecordedReport& report);
// Creates the folder.
void write_recorded_report(const RecordedReport& report, const std::filesystem::path& folder);

}  // namespace reprise::evaluation
