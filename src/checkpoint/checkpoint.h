// Checkpoints of a stage: checkpoints/step-NNNNNN/ is an HF folder (model/) plus optimizer, reference and state.json.
// Written as step-N.tmp, flushed, renamed: a folder named step-N is whole, and resume never opens a .tmp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "base/json.h"
#include "model/transformer.h"
#include "model/weights.h"

namespace reprise::checkpoint {

using Tensors = std::map<std::string, at::Tensor>;

struct CheckpointContent {
  const model::LoadedModel* policy = nullptr;
  Tensors optimizer;            // AdamW::state()
  Tensors reference;            // weights of the reference model; empty without one
  Tensors critic, critic_optimizer;  // the value model's; empty without one
  nlohmann::json state;         // cursor, optimizer steps, the rollout in use ...
};

// step: how many steps are done. Removes the oldest beyond save_total_limit, after the new one is in place.
void write_checkpoint(const std::filesystem::path& stage_folder, int64_t step, const CheckpointContent& content,
                      int64_t save_total_limit);

struct FoundCheckpoint {
  std::filesystem::path folder;
  int64_t step = 0;
};
// The newest whole checkpoint; leftovers (*.tmp) are removed.
std::optional<FoundCheckpoint> newest_checkpoint(const std::filesystem::path& stage_folder);

nlohmann::json read_state(const FoundCheckpoint& found);
Tensors read_tensors(const std::filesystem::path& file);  // empty if the file is not there
void write_tensors(const std::filesystem::path& file, const Tensors& tensors);

}  // namespace reprise::checkpoint
