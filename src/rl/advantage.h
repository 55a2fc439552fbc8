// From rewards to advantages of tokens. Plain doubles in a fixed order; nothing here knows a model.
#pragma once

#include <cstdint>
#include <vector>

#include "rl/algorithm_config.h"

namespace reprise::rl {

// What is known of one sample of a rollout.
struct SampleSignal {
  int64_t group = 0;               // samples of one prompt share it and stand together
  double reward = 0;
  double greedy_reward = 0;        // of the prompt's greedy completion (advantage_estimator greedy)
  int64_t num_tokens = 0;
  bool trained = true;             // false: masked; it counts in its group's mean but not in whitening
  // One value a token; empty where the algorithm needs none.
  std::vector<float> policy_logprobs, reference_logprobs;  // KL in the reward
  std::vector<float> values;       // of the state before each token (gae)
};
struct SampleAdvantage {
  std::vector<float> advantages;   // one a token
  std::vector<float> returns;      // what the value model should say (gae); else empty
  bool flat = false;               // every reward of its group is equal: it teaches nothing
};

// KL estimators of x = log pi - log reference (Schulman, "Approximating KL divergence"): k1 = x, k2 = x^2 / 2,
// k3 = exp(-x) + x - 1; x is clamped to [-20, 20].
double kl_estimate(int estimator, double x);

// One entry a sample, in order.
//   group_mean     A = r - mean                        (DeepSeekMath, arXiv 2402.03300, section 4.1.2)
//   leave_one_out  A = r - mean of the others          (RLOO, arXiv 2402.14740)
//   greedy         A = r - r(greedy completion)        (ReMax, arXiv 2310.10505)
//   none           A_t = sum_{s >= t} gamma^(s - t) r_s (REINFORCE; REINFORCE++, arXiv 2501.03262)
//   gae            delta_t = r_t + gamma V_{t+1} - V_t, A_t = sum (gamma lambda)^l delta_{t+l}; returns A + V
//                  (arXiv 1506.02438)
// Scaling divides by (std + 1e-4), unbiased, as TRL does; whitening is (A - mean) / sqrt(var + 1e-8) over all trained
// tokens, as verl does. With KL in the reward, beta times its estimate is taken from each token's reward.
// A group whose rewards are all equal, and a group of one, have advantages of exactly zero (group_mean, leave_one_out).
std::vector<SampleAdvantage> advantages_of(const GrpoConfig& config, const std::vector<SampleSignal>& samples);

}  // namespace reprise::rl
