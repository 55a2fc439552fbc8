// A finished (or unfinished) run folder as the report sees it. Everything but the folder itself is optional:
// a stage that has not run has no done.json, a pretraining stage no samples. What is there must be whole.
//   RUN/recipe.lock.yaml  provenance.json  stages/03-zero/{done.json, metrics.jsonl, samples.jsonl}
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "data/overlap_file.h"
#include "evaluation/harness/claims.h"
#include "evaluation/harness/samples.h"

namespace reprise::evaluation {

// One column of metrics.jsonl: (step, value) where the key stood in the row and was a finite number.
using Curve = std::vector<std::pair<double, double>>;

struct StageData {
  int64_t number = 0;          // NN of stages/NN-name
  std::string name;            // "zero"
  std::string type;            // "grpo", "" when neither the lock nor done.json tells
  std::string from;            // the stage or model it starts from
  bool done = false;           // done.json stands
  nlohmann::json keys;         // its keys from the lock, null if not found
  nlohmann::json done_json;    // null if not done
  std::map<std::string, Curve> curves;  // by metric name
  int64_t num_rows = 0;
  std::vector<EvaluationSample> samples;  // of an evaluate stage
  std::vector<data::OverlapLine> overlap; // of a contamination stage that is done

  const Curve* curve(const std::string& key) const;
  // A number from done.json's metrics, or its top level.
  std::optional<double> done_number(const std::string& key) const;
};

struct RunData {
  std::filesystem::path folder;
  std::string recipe_name;   // "mini-r1"
  std::string title, question;
  std::string lock_text;     // as it stands
  std::optional<int64_t> seed;
  nlohmann::json provenance;  // {} if missing
  std::vector<StageData> stages;
  std::vector<ClaimConfig> claims;
  std::map<std::string, std::string> model_repositories;  // "smollm2" -> "HuggingFaceTB/SmolLM2-135M-Instruct"

  const StageData* stage(const std::string& name) const;
};

// Throws Error when the folder is not a run, or a file in it is damaged.
RunData read_run(const std::filesystem::path& folder);

// Rows of metrics.jsonl as curves. A last line cut off by a kill is left out; any other broken line throws.
std::map<std::string, Curve> read_curves(const std::filesystem::path& path, int64_t* num_rows);

}  // namespace reprise::evaluation
