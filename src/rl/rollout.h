// A rollout: prompts drawn, completions sampled, rewarded, and turned into the rows that updates train on. It is a
// plain value that a checkpoint holds whole, because a resume can fall between its updates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "data/problem.h"
#include "generation/completion.h"
#include "rewards/reward.h"

namespace reprise::rl {

struct RolloutSample {
  int64_t problem_index = 0;  // into the store
  int64_t sample_index = 0;
  std::vector<int32_t> prompt_ids, completion_ids;
  // One value a completion token; those that the algorithm does not need are empty.
  std::vector<float> behavior_logprobs, old_logprobs, reference_logprobs, advantages, corrections, values, returns;
  double reward = 0;
  bool finished = true;
  int64_t update = 0;         // which of the rollout's updates trains on it
};

struct Rollout {
  int64_t number = 0;             // 0, 1, 2, ...
  std::string weights_hash;       // of the weights that drew it
  std::vector<RolloutSample> samples;  // sorted by (problem, sample)
  // Means over the samples, for metrics.jsonl.
  std::vector<std::pair<std::string, double>> metrics;
};

nlohmann::json to_json(const Rollout& rollout);
// Throws Error naming what does not fit.
Rollout rollout_from_json(const nlohmann::json& json, const std::string& where);

// "8,192 outputs, randomly split into 16 mini-batches" (R1): each sample is dealt to an update, by a stream of its own.
void deal_to_updates(Rollout& rollout, int64_t num_updates, uint64_t seed, uint64_t stage_number);

}  // namespace reprise::rl
