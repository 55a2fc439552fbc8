// Rows of token ids on their way into the model. Example: the prompt "3 plus 4 ?" and completion "7 <eos>" is one row
//   ids            [1, 8, 20, 9, 7, 12, 2]
//   num_prompt_ids 5          -> the tokens at positions 5 and 6 are trained on, each predicted from the one before.
// Labels are shifted here and nowhere else: a target at position t reads the hidden state of t - 1.
// A tile is a fixed number of rows of like length that go through the model together, padded on the right to the
// longest. Which rows share a tile depends only on the update's rows, so its bits do too.
// Letters: B rows of a tile, T positions, N trained tokens of a tile.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "model/transformer.h"

namespace reprise::training {

struct TrainingRow {
  std::vector<int32_t> ids;
  int64_t num_prompt_ids = 1;  // ids before this position are read, not trained on; at least 1
  int64_t order = 0;           // breaks ties when rows are sorted by length: (problem, sample) order
  double weight = 1;           // of each trained token in the loss (0: the row only counts in means)
  // RL only, one value for each trained token, in order:
  std::vector<float> advantages;
  std::vector<float> behavior_logprobs;   // of the sampler
  std::vector<float> old_logprobs;        // of the policy that the ratio is taken to; empty: the sampler's
  std::vector<float> reference_logprobs, corrections, values, returns;  // each may be empty
  // Packed rows (sft): lengths of the sequences laid end to end in ids; empty means one. Positions restart and
  // attention stays inside each; the first token of each is never a target.
  std::vector<int64_t> segment_lengths;
  std::vector<int64_t> segment_prompts;  // num_prompt_ids of each segment

  int64_t num_targets() const;
};

struct TokenTile {
  model::Transformer::Batch batch;
  at::Tensor source_N;     // int64: flat index b * T + t - 1 of the hidden state that predicts each target
  at::Tensor target_N;     // int64: the target's id
  at::Tensor row_N;        // int64: which row of the tile each target belongs to
  at::Tensor weight_N;     // float32
  // float32; empty tensors when the rows have none (old_N is behavior_N then)
  at::Tensor advantage_N, behavior_N, old_N, reference_N, correction_N, value_N, return_N;
  std::vector<int64_t> row_indices;                 // B: index of each row in the update's list
  std::vector<int64_t> row_targets;                 // B: number of targets of each row
  int64_t num_tokens = 0;                           // real tokens, padding not counted
};

// Sorts by (length, order) and cuts; the last tile may be short. Returns indices into rows.
std::vector<std::vector<int64_t>> cut_tiles(const std::vector<TrainingRow>& rows, int64_t tile_rows);
TokenTile make_tile(const std::vector<TrainingRow>& rows, const std::vector<int64_t>& indices, at::Device device);

}  // namespace reprise::training
