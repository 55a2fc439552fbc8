// Runs a recipe into its folder: each stage whose key has no finished result, in order, until all are done.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pipeline/progress.h"
#include "pipeline/provenance.h"
#include "pipeline/recipe.h"
#include "pipeline/run_context.h"
#include "pipeline/stage.h"

namespace reprise::pipeline {

struct RunOptions {
  std::filesystem::path out;     // empty: runs/NAME
  bool resume = false;           // go on with an unfinished stage from its newest checkpoint
  std::string until;             // last stage to run; empty: all
  Progress::Output progress = standard_progress();
  OpenEvents open_events;        // TensorBoard; empty: none
  std::function<void(const std::filesystem::path&)> begun;  // called with the run's folder when it is ours, before the first stage
  std::function<bool()> stop_requested;  // empty: SIGINT and SIGTERM
};

// A dataset made real. content_hash is of the rows, not of the file's bytes where those hold times.
struct DatasetFile {
  std::filesystem::path path;
  std::string content_hash;
  int64_t num_rows = 0;
};
// Writes the dataset to `target` (RUN/datasets/NAME.h5), whole or not at all; may return another path when the
// dataset is a store already.
using MaterializeDataset = std::function<DatasetFile(const DatasetSpec& dataset, const Recipe& recipe, const std::filesystem::path& target)>;

struct StageOutcome {
  std::string name;
  bool was_done = false;   // skipped: its key has not changed
  double seconds = 0;
  nlohmann::json counts;
};

struct RunOutcome {
  std::filesystem::path folder;
  std::vector<StageOutcome> stages;
};

// Throws Error for every fault of input and world, Interrupted after Ctrl-C. The folder can be run again after
// either.
RunOutcome run_recipe(const Recipe& recipe, const RunOptions& options,
                      const std::map<std::string, StageRunner>& runners, const MaterializeDataset& materialize,
                      const BuildFacts& facts);

// Where a stage's output lies: "model" -> model/, the others NAME.h5.
std::filesystem::path output_of(const std::filesystem::path& stage_folder, const std::string& output);

}  // namespace reprise::pipeline
