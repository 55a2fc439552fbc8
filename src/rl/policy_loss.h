// GRPO's objective (DeepSeekMath equation 3; the R1 paper's equation 1), as a loss of one tile:
//   - 1/G sum_i 1/|o_i| sum_t [ min(r A, clip(r, 1 - epsilon, 1 + epsilon_high) A) - beta k3 ]
// with r = exp(policy - behavior) per token, or per sequence its geometric mean, and
// k3 = exp(reference - policy) - (reference - policy) - 1 (Schulman, "Approximating KL divergence").
// The R1 paper writes equation 1 with whole outputs; DeepSeekMath with tokens. importance_sampling_level chooses.
#pragma once

#include "rl/grpo_config.h"
#include "training/train_step.h"

namespace reprise::rl {

// What an update's loss divides by, known before its first tile.
struct LossTotals {
  double num_rows = 0;    // completions of the update, masked ones included
  double num_tokens = 0;  // their trained tokens (masked rows count 0)
};
LossTotals loss_totals(const std::vector<training::TrainingRow>& rows);

// The pure formula, on tensors of N tokens: exposed for tests against closed forms.
// row_N: which row (0..B-1) each token belongs to; row_weight_B: 1/|o_i| and the like, already divided by the totals.
struct SurrogateInput {
  at::Tensor policy_N, behavior_N, reference_N, advantage_N, weight_N, row_N;
  int64_t num_rows = 0;
};
struct Surrogate {
  at::Tensor loss_N;     // to be multiplied by each token's share and summed
  at::Tensor k3_N, clipped_N, ratio_N;
};
Surrogate clipped_surrogate(const SurrogateInput& input, const GrpoConfig& config);

// temperature: that of sampling, so that policy and behaviour speak of the same distribution.
// metrics.sums get: kl, clip_fraction, entropy, ratio (sums over trained tokens) and logprob_gap (maximum |policy - behavior|).
training::TileLoss grpo_loss(const model::Transformer& policy, const std::vector<training::TrainingRow>& rows,
                             const GrpoConfig& config, double temperature, int64_t max_completion_length);

}  // namespace reprise::rl
