// What a stage is to the pipeline: a type with declared keys, a plan, and a runner. Stages meet only through
// the run folder: a runner reads its inputs' folders and writes its own.
//   recipe.yaml -> [StageSpec] -> StageGraph -> for each stage whose key changed: StageRunner(StageContext)
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "config/field.h"

namespace reprise::pipeline {

// The recipe's `hardware:` block, the same for every stage.
struct HardwareConfig {
  std::string device = "cpu";          // cpu, cuda
  std::string torch_dtype = "float32"; // of activations; bfloat16 on cuda keeps fp32 master weights
  int64_t num_threads = 2;             // part of the fingerprint: never taken from the machine
  std::string batch_invariant = "auto";

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("device", device, "Where models live. A device that is not there is an error, never another one.",
            one_of({"cpu", "cuda"}));
    v.field("torch_dtype", torch_dtype, "Type of activations; with bfloat16 the optimizer keeps float32 weights.",
            one_of({"float32", "bfloat16"}));
    v.field("num_threads", num_threads, "CPU threads. Part of the fingerprint, and never taken from the machine.",
            between(1, 1024));
    v.field("batch_invariant", batch_invariant,
            "Sampler and trainer compute a token's log-prob with the same bits, whatever else is in the batch; auto: on the CPU, "
            "where it is also the faster way. false runs LibTorch's own operations; true on cuda is not there yet.",
            one_of({"auto", "true", "false"}));
  }
};

// One row of metrics.jsonl: numbers by name, in the order they were set. "step" is always first.
using Metrics = std::vector<std::pair<std::string, double>>;

// Given to a runner. Everything it writes goes below `folder`.
class StageContext {
 public:
  virtual ~StageContext() = default;
  virtual const std::string& name() const = 0;                  // "zero"
  virtual const std::filesystem::path& folder() const = 0;      // RUN/stages/03-zero
  virtual uint64_t seed() const = 0;                            // the recipe's seed
  virtual const HardwareConfig& hardware() const = 0;
  // A reference in the stage's keys, resolved: the name of an earlier stage gives that stage's output (its
  // `model/` folder or its `*.h5` store, see StagePlan::output); the name of a dataset or model of the recipe
  // gives its store or folder; else the path itself.
  virtual std::filesystem::path resolve(const std::string& reference) const = 0;
  // This stage's typed keys (a stages/*_config.h struct), as JSON with defaults filled.
  virtual const nlohmann::json& keys() const = 0;

  // Appends to metrics.jsonl (and the TensorBoard file); flushed per row. Rows at or past `step` are cut first
  // when a resumed stage begins: begin_at(step) is called once, before the first row.
  virtual void begin_at(int64_t step) = 0;
  virtual void record(int64_t step, const Metrics& metrics) = 0;
  // The ledger: one line per step with the hash of weights, optimizer and data cursor, and the counts.
  virtual void ledger(int64_t step, const std::string& state_hash, const Metrics& counts) = 0;
  // The live line: "zero  step 12/36  reward 0.61  3,210 tok/s  2m10s left".
  virtual void progress(int64_t step, int64_t num_steps, const Metrics& shown) = 0;
  virtual void note(const std::string& line) = 0;
  // Ctrl-C: finish the step, write a checkpoint, then throw Interrupted.
  virtual bool stop_requested() const = 0;
};

// Does the stage's work below context.folder(). Returns the numbers that done.json and the report show ("counts").
// Called again after an interruption, in the same folder: it goes on from its own newest checkpoint.
using StageRunner = std::function<nlohmann::json(StageContext&)>;

// What `reprise plan` prints of a stage, without touching a device. Zero means "does not apply".
struct StagePlan {
  std::string output = "model";  // "model" (folder model/), "examples" (examples.h5), "problems", "samples", "overlap"
  int64_t num_steps = 0, num_updates = 0;
  int64_t num_prompts = 0, num_samples = 0;
  int64_t max_tokens = 0;        // upper bound of tokens trained or sampled
  double num_epochs = 0;
  int64_t num_parameters = 0;
  double peak_memory_bytes = 0;
  double flops = 0;
  std::vector<std::string> notes;
  // For the stages after this one. Rows of the store that it writes, at most (0: unknown or no store), and the shape
  // of its model as config.json text ("": unknown).
  int64_t num_rows = 0;
  std::string model_config_json;
};

}  // namespace reprise::pipeline
