// Rollouts on disk, one HDF5 file each: every sample with its ids, log-probs, rewards and verdict, enough to train on again
// (`reprise run --replay RUN`). Columns `prompt_ids`, `completion_ids` (int32) and `behavior_logprobs` (float32) hold each
// sample's little-endian bytes; `terms` is JSON.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "generation/completion.h"
#include "rewards/reward.h"

namespace reprise::rl {

struct RecordedSample {
  std::string problem_id;
  int64_t group = 0;  // which of the rollout's prompts
  int64_t sample_index = 0;
  std::vector<int32_t> prompt_ids, completion_ids;
  std::vector<float> behavior_logprobs;
  generation::StopReason stop_reason = generation::StopReason::length;
  rewards::ScoredCompletion score;
};

struct RecordedRollout {
  int64_t number = 0;
  std::string weights_hash;  // of the weights that drew it
  std::vector<RecordedSample> samples;
};

// "rollout-000012.h5"
std::string rollout_file_name(int64_t number);
void write_rollout(const std::filesystem::path& path, const RecordedRollout& rollout);
// Throws Error naming the file and what does not fit.
RecordedRollout read_rollout(const std::filesystem::path& path);

}  // namespace reprise::rl
