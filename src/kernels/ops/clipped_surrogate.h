// The policy loss token by token, with its gradient in the same pass: PPO's clipped objective at token level (GRPO, DAPO,
// Dr. GRPO) and the KL estimators k1, k2, k3. docs/algorithms.md has the formula; rl/policy_loss.h is LibTorch's path, and
// has the ratios of whole sequences (GSPO) that are not here.
//   ratio = exp(clamp(policy - old, -20, 20))
//   loss = -min(min(ratio, delta) A, clip(ratio, 1 - epsilon_low, 1 + epsilon_high) A) * correction + beta kl
// Gradients follow LibTorch's: zero where the clip binds, whole on the border.
#pragma once

#include "kernels/ops/op.h"

namespace reprise::kernels::ops {

struct ClippedSurrogate {
  int64_t tokens = 0;
  const float* policy = nullptr;      // log-probs, [tokens]
  const float* old = nullptr;
  const float* reference = nullptr;   // or null: no KL
  const float* advantage = nullptr;
  const float* correction = nullptr;  // weight of samples that another engine drew; or null: 1
  const float* share = nullptr;       // the token's share of the update's mean; 0 where it is not trained
  float epsilon_low = 0.2f, epsilon_high = 0.2f;
  float delta = 0;                    // upper bound of the ratio on the unclipped side; 0: none
  float beta = 0;                     // of the KL in the loss
  int kl = 3;                         // estimator in the loss: 1, 2 or 3
  float* d_policy = nullptr;          // [tokens]: gradient of the sum of loss * share
  // Sums over tokens with a share other than 0, in double: loss * share; then, unweighted, k3 (0 without a reference), the
  // ratio, how many the clip binds from below and from above, and how many there are.
  double* sums = nullptr;             // [kSurrogateSums]
};
constexpr int kSurrogateSums = 6;

void check(const ClippedSurrogate& args);
void clipped_surrogate(const ClippedSurrogate& args, const Target& target);

namespace reference {
void clipped_surrogate(const ClippedSurrogate& args);
}
namespace cuda {
void clipped_surrogate(const ClippedSurrogate& args, Stream stream);
}

}  // namespace reprise::kernels::ops
