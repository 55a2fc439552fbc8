// What a policy-gradient algorithm is made of. `loss_type` names a published combination; each part has a key of its own
// that, when it is not "auto", rules over it. docs/algorithms.md has the formulas.
#pragma once

#include <string>
#include <vector>

#include "rl/grpo_config.h"

namespace reprise::rl {

enum class AdvantageEstimator {
  group_mean,     // reward minus the mean of its group
  leave_one_out,  // minus the mean of the others of its group
  greedy,         // minus the reward of the prompt's greedy completion
  gae,            // generalized advantage estimation with a value model
  none            // the (discounted) reward to go itself
};
enum class RatioLevel {
  token,           // pi / pi_old of each token
  sequence,        // the geometric mean over the completion, for every token of it (GSPO)
  sequence_token,  // the same value, the gradient of each token's own ratio (GSPO-token)
  trajectory       // the product over the completion (RLOO in TRL)
};
enum class Objective {
  clipped,  // min(r A, clip(r) A)
  cispo,    // sg[min(r, 1 + epsilon_high)] A log pi
  score     // A log pi: plain REINFORCE
};
enum class Aggregation { seq_mean_token_mean, token_mean, seq_mean_token_sum, seq_mean_token_sum_norm };
enum class KlPlace { loss, reward };
enum class RewardScale { none, group, batch };

struct Algorithm {
  AdvantageEstimator advantage = AdvantageEstimator::group_mean;
  RewardScale scale = RewardScale::group;
  bool whiten = false;  // advantages of all tokens of the rollout to mean 0 and standard deviation 1
  RatioLevel ratio = RatioLevel::token;
  Objective objective = Objective::clipped;
  Aggregation aggregation = Aggregation::seq_mean_token_mean;
  int kl = 3;  // the estimator: k1, k2 or k3
  KlPlace kl_place = KlPlace::loss;

  bool needs_values() const { return advantage == AdvantageEstimator::gae; }
};

// loss_type's combination with the keys that say otherwise.
Algorithm algorithm_of(const GrpoConfig& config);
// In words, for `plan` and the report: "grpo: advantage group-mean / group std, ratio token, clipped, ...".
std::string describe(const GrpoConfig& config);

std::vector<std::string> loss_types();

}  // namespace reprise::rl
