// The policy loss of one tile, in the parts that rl::Algorithm names. For GRPO (DeepSeekMath equation 3; the R1 paper's
// equation 1) it is
//   - 1/B sum_i 1/|o_i| sum_t [ min(r A, clip(r, 1 - epsilon, 1 + epsilon_high) A) - beta k3 ],
// with r = pi / pi_old. docs/algorithms.md has the others.
#pragma once

#include "rl/algorithm_config.h"
#include "training/train_step.h"

namespace reprise::rl {

// What an update's loss divides by, known before its first tile.
struct LossTotals {
  double num_rows = 0;    // completions of the update, masked ones included
  double num_tokens = 0;  // their trained tokens (masked rows count 0)
};
LossTotals loss_totals(const std::vector<training::TrainingRow>& rows);

// The pure formula, on tensors of N tokens: exposed for tests against closed forms.
struct SurrogateInput {
  at::Tensor policy_N;     // log pi, differentiable
  at::Tensor old_N;        // log pi_old: the policy that the ratio is taken to
  at::Tensor reference_N;  // empty without a reference
  at::Tensor advantage_N;
  at::Tensor correction_N; // weight of each token for samples of another engine; empty: 1
  at::Tensor row_N;        // which row (0 .. num_rows - 1) each token belongs to
  int64_t num_rows = 0;
};
struct Surrogate {
  at::Tensor loss_N;                  // to be multiplied by each token's share and summed
  at::Tensor kl_N;                    // k3, whatever the loss uses; undefined without a reference
  at::Tensor ratio_N;
  at::Tensor clipped_low_N, clipped_high_N;  // bool: the clip binds, from below (A < 0) or from above (A > 0)
};
Surrogate surrogate(const SurrogateInput& input, const GrpoConfig& config);

// Each token's share of the update's mean: share_B[i] for the tokens of a row with `length` trained tokens.
double token_share(Aggregation aggregation, int64_t length, const LossTotals& totals, int64_t max_completion_length);

// Importance weights for samples that another engine drew (`behavior`) than the trainer scores (`old`), one a token of one
// sample. TIS: clip(w, min, max); IcePop: w where min <= w <= max, else 0; per sequence by the product of its tokens'
// ratios, or by their geometric mean. Log-ratios are clamped to [-20, 20] as a whole.
std::vector<float> importance_correction(const GrpoConfig& config, const std::vector<float>& old_logprobs, const std::vector<float>& behavior_logprobs);

// temperature: that of sampling, so that policy and behaviour speak of the same distribution.
// metrics.sums get (sums over trained tokens): kl, clip_fraction, clip_low, clip_high, entropy, ratio, weight, and
// logprob_gap (maximum |policy - behavior|).
training::TileLoss policy_loss(const model::Transformer& policy, const std::vector<training::TrainingRow>& rows,
                               const GrpoConfig& config, double temperature, int64_t max_completion_length);

// PPO's value loss: 1/2 max((V - R)^2, (clip(V, V_old - c, V_old + c) - R)^2), mean over trained tokens. `critic` has a
// score head of one output; rows carry returns and old values.
training::TileLoss value_loss(const model::Transformer& critic, const std::vector<training::TrainingRow>& rows, double value_clip);

}  // namespace reprise::rl
