// Rows of token ids on their way into the model. Example: the prompt "3 plus 4 ?" and completion "7 <eos>" is one row
//   ids            [1, 8, 20, 9, 7, 12, 2]
//   num_prompt_ids 5          -> the tokens at positions 5 and 6 are trained on, each predicted from the one before.
// Labels are shifted here and nowhere else: a target at position t reads the hidden state of t - 1.
// A tile is some rows that go through the model together, as many as a budget of tokens allows (at least one): memory
// follows tokens. Rows of one prompt, a group's completions, share it where the model can (model/token_layout.h).
// Letters: M tokens of a tile, N trained tokens of a tile, B rows of a tile.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "model/transformer.h"

namespace reprise::training {

struct TrainingRow {
  std::vector<int32_t> ids;
  int64_t num_prompt_ids = 1;  // ids before this position are read, not trained on; at least 1
  int64_t order = 0;           // rows are summed in this order: (problem, sample)
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
  model::TokenLayout layout;  // its outputs: the token before each target
  at::Tensor target_N;     // int64: the target's id
  at::Tensor row_N;        // int64: which row of the tile each target belongs to
  at::Tensor weight_N;     // float32
  // float32; empty tensors when the rows have none (old_N is behavior_N then)
  at::Tensor advantage_N, behavior_N, old_N, reference_N, correction_N, value_N, return_N;
  std::vector<int64_t> row_indices;                 // B: index of each row in the update's list
  std::vector<int64_t> row_targets;                 // B: number of targets of each row
  int64_t num_tokens = 0;                           // tokens of the rows, a shared prompt counted for each
};

// Which rows go together: indices into rows, every row once. A tile depends on the update's rows and the budget alone; so do
// a gradient's bits, and on a batch invariant model not even on the budget (rows are summed one after the other by order).
// Elsewhere rows of like length stand together, and the budget counts padding.
std::vector<std::vector<int64_t>> cut_tiles(const std::vector<TrainingRow>& rows, int64_t tile_tokens, bool batch_invariant);
TokenTile make_tile(const std::vector<TrainingRow>& rows, const std::vector<int64_t>& indices, at::Device device, bool batch_invariant);

}  // namespace reprise::training
