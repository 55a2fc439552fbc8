// A recipe, resolved: composed, typed, every default filled, every reference checked.
//   name: mini-r1                     the run folder belongs to it
//   title: ...   question: ...        for the report
//   status: checked, not run          what was done with it; `plan` repeats it
//   seeds: [1, 2, 3]                  the seeds the experiment is meant for; the first one is `seed` unless that is given
//   seed: 1
//   hardware: {device: cpu, num_threads: 2}
//   datasets: {train: {generator: countdown, num_problems: 1000}}   # generator, importer or path, and their own keys
//   models:   {smol: {path: models/smollm2, use: model/smollm2-135m.yaml}}   # the fragment tells its shape
//   stages:
//     - {stage: base, type: pretrain, dataset_name: train}
//     - {stage: zero, type: grpo, from: base, dataset_name: train}
//   claims: [...]   report: {...}     read by the evaluation
//   contamination: false              without the stage that looks for evaluation problems in training stores
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/compose.h"
#include "pipeline/stage_type.h"

namespace reprise::pipeline {

struct DatasetSpec {
  std::string name;
  std::string source;           // "generator", "importer" or "path"
  config::Node node;            // all its keys, with their lines
  nlohmann::ordered_json keys;  // the same as JSON
};

struct ModelSpec {
  std::string name;
  std::string path;             // as written
  std::string repository;       // where its publisher keeps it: told when the path is not there
  std::string config_json;      // its config.json, for planning a model that is not on this disk; "" when not given
  config::Origin origin;
};

struct StageSpec {
  std::string name;
  const StageType* type = nullptr;
  nlohmann::ordered_json keys;  // typed, defaults filled
  config::Node node;            // as written, for the lines of messages
};

struct Recipe {
  std::string name, title, question, status;
  int64_t seed = 1;
  std::vector<int64_t> seeds;        // empty: {seed}
  bool contamination = true;         // false: no stage of that type unless the recipe names one
  HardwareConfig hardware;
  std::vector<DatasetSpec> datasets;
  std::vector<ModelSpec> models;
  std::vector<StageSpec> stages;
  config::Node claims, report;       // lists and maps for their own readers
  std::filesystem::path folder;      // of the recipe file: relative paths may start there
  std::vector<std::filesystem::path> fragment_folders;  // configs/ and recipes/: or there

  const StageSpec* stage(const std::string& name) const;
  const DatasetSpec* dataset(const std::string& name) const;
  const ModelSpec* model(const std::string& name) const;
  // A relative path is taken from the current folder; when it is not there, from the recipe's; then from
  // configs/; then from
  // REPRISE_DATA (data/ when that is not set), where it may also be gzipped (NAME.gz).
  std::filesystem::path locate(const std::string& path) const;
};

// What the pipeline cannot know itself: other rooms look at their parts of the recipe.
struct RecipeHooks {
  // Says what is wrong with a dataset's keys; returns its number of problems or examples when that is known.
  std::function<std::optional<int64_t>(const DatasetSpec&, const Recipe&, config::Problems&)> check_dataset;
  // config.json text of a model folder or file; "" when it is not known.
  std::function<std::string(const std::filesystem::path&)> model_config_json;
  // Adds what a recipe has without saying so, and fills what its stages leave to the others; before references are checked. add_default: the recipe is not a lock, which
  // names all its stages, and does not say no.
  std::function<void(Recipe&, const std::vector<StageType>&, bool add_default, config::Problems&)> complete;
  // Says what is wrong with `claims:` and `report:`.
  std::function<void(const Recipe&, config::Problems&)> check_claims;
};

// Everything that is wrong goes to `problems` (what leaves nothing to read throws Error). `types` must outlive the
// recipe. References are checked here too (stage_graph.h).
Recipe read_recipe(const std::filesystem::path& file, const std::vector<std::string>& sets,
                   const std::vector<StageType>& types, const RecipeHooks& hooks, config::Problems& problems,
                   const std::filesystem::path& installed = {});

// The resolved recipe in the recipe's own form; read_recipe reads it back to the same.
nlohmann::ordered_json resolved(const Recipe& recipe);
// recipe.lock.yaml: "# fingerprint: HEX" and the resolved recipe.
std::string lock_text(const Recipe& recipe);
std::string recipe_fingerprint(const Recipe& recipe);

}  // namespace reprise::pipeline
