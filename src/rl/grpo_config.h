// Keys of group relative policy optimization. A step is one policy update (the Nature paper's own meaning): a
// rollout of num_prompts_per_step * num_updates_per_rollout prompts feeds num_updates_per_rollout steps.
// R1: 32 prompts a step, 16 updates a rollout, 16 generations: 8,192 samples a rollout, 512 a step.
#pragma once

#include <cstdint>
#include <string>

#include "config/field.h"

namespace reprise::rl {

struct GrpoConfig {
  int64_t max_steps = 0;
  int64_t max_sampled_tokens = 0;
  int64_t num_prompts_per_step = 32;
  int64_t num_generations = 16;
  int64_t num_updates_per_rollout = 1;
  double beta = 0.001;
  double epsilon = 0.2;
  double epsilon_high = 0.0;
  double delta = 0.0;
  std::string loss_type = "grpo";
  std::string advantage_estimator = "auto", scale_rewards = "auto", whiten_advantages = "auto", importance_sampling_level = "auto";
  std::string policy_objective = "auto", loss_aggregation = "auto", kl_estimator = "auto", kl_in = "auto";
  bool use_bias_correction_kl = false;
  double gamma = 1.0, gae_lambda = 1.0;
  double value_learning_rate = 1e-5, value_clip = 0.2;
  std::string importance_correction = "none";
  double importance_correction_max = 2.0, importance_correction_min = 0.0, max_logprob_gap = 0.0;
  int64_t reference_update_steps = 0;
  bool mask_truncated_completions = false;
  int64_t completion_length_grows_at_step = 0, later_max_completion_length = 0;
  bool dynamic_sampling = false;
  int64_t max_sampling_rounds = 10;

  double upper_epsilon() const { return epsilon_high > 0 ? epsilon_high : epsilon; }
  // Of a rollout that starts at `step`.
  int64_t completion_length_at(int64_t step, int64_t max_completion_length) const {
    return completion_length_grows_at_step > 0 && step >= completion_length_grows_at_step ? later_max_completion_length : max_completion_length;
  }
  int64_t prompts_per_rollout() const { return num_prompts_per_step * num_updates_per_rollout; }

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("max_steps", max_steps, "Policy updates in all. Steps rule over epochs: prompts are drawn again when the store ends.", at_least(0));
    v.field("max_sampled_tokens", max_sampled_tokens,
            "Ends the stage, after a whole rollout, once so many completion tokens were sampled (each is trained on once): "
            "arms of a comparison get the same budget; 0 leaves max_steps alone.", at_least(0));
    v.field("num_prompts_per_step", num_prompts_per_step, "Prompts whose samples feed one update.", at_least(1));
    v.field("num_generations", num_generations, "Samples per prompt: the group of GRPO.", at_least(1));
    v.field("num_updates_per_rollout", num_updates_per_rollout,
            "Updates made from one rollout, each on its own random share of it (one inner epoch).", at_least(1));
    v.field("beta", beta, "Weight of the KL to the reference model; 0 needs no reference.", at_least(0));
    v.field("epsilon", epsilon, "The probability ratio is clipped to [1 - epsilon, 1 + epsilon]; R1 uses 10.", at_least(0));
    v.field("epsilon_high", epsilon_high, "Upper clip when it differs from epsilon (clip-higher); 0 means epsilon.", at_least(0));
    v.field("delta", delta,
            "Dual clip: a ratio beyond it counts as it, which bounds the loss where the advantage is negative (verl's clip_ratio_c, 3); 0 is off.",
            at_least(0));
    v.field("loss_type", loss_type,
            "The algorithm, as a published combination of the eight keys below; one of them that is not auto rules over it "
            "(docs/algorithms.md).",
            one_of({"grpo", "dr_grpo", "dapo", "gspo", "cispo", "ppo", "rloo", "reinforce", "reinforce_pp", "reinforce_pp_baseline", "remax"}));
    v.field("advantage_estimator", advantage_estimator,
            "What is taken from the reward: the group's mean, the mean of the others, the reward of the greedy completion, "
            "a value model's estimate (gae), nothing.", one_of({"auto", "group_mean", "leave_one_out", "greedy", "gae", "none"}));
    v.field("scale_rewards", scale_rewards,
            "Advantages are divided by the standard deviation of the group's rewards, of the whole rollout's, or not.",
            one_of({"auto", "group", "batch", "none"}));
    v.field("whiten_advantages", whiten_advantages,
            "Advantages of all tokens of a rollout are shifted and scaled to mean 0 and standard deviation 1.", one_of({"auto", "true", "false"}));
    v.field("importance_sampling_level", importance_sampling_level,
            "Ratio per token, per sequence (geometric mean, GSPO), sequence_token (GSPO-token), or the whole trajectory's product.",
            one_of({"auto", "token", "sequence", "sequence_token", "trajectory"}));
    v.field("policy_objective", policy_objective,
            "clipped: PPO's minimum; cispo: log-probs weighted by a capped ratio; score: log-probs alone (REINFORCE).",
            one_of({"auto", "clipped", "cispo", "score"}));
    v.field("loss_aggregation", loss_aggregation,
            "Mean of completions' token means; mean over all tokens; mean of completions' token sums; the same divided by "
            "max_completion_length (Dr. GRPO).",
            one_of({"auto", "seq-mean-token-mean", "token-mean", "seq-mean-token-sum", "seq-mean-token-sum-norm"}));
    v.field("kl_estimator", kl_estimator, "Estimator of the KL to the reference: k1, k2 or k3 (Schulman).", one_of({"auto", "k1", "k2", "k3"}));
    v.field("kl_in", kl_in, "Where beta times the KL goes: into the loss, or out of the reward.", one_of({"auto", "loss", "reward"}));
    v.field("use_bias_correction_kl", use_bias_correction_kl,
            "KL in the loss is multiplied by the ratio, which makes its gradient that of the reverse KL (DeepSeek-V3.2).");
    v.field("gamma", gamma, "Discount of later rewards (gae, none).", between(0, 1));
    v.field("gae_lambda", gae_lambda, "Lambda of generalized advantage estimation.", between(0, 1));
    v.field("value_learning_rate", value_learning_rate, "Learning rate of the value model (gae).", more_than(0));
    v.field("value_clip", value_clip, "A new value may leave the old one by at most this much before its error counts in full; 0 is off.", at_least(0));
    v.field("importance_correction", importance_correction,
            "For samples drawn by another engine than the trainer: weight the loss by trainer / sampler probability, truncated "
            "(TIS) or masked out of bounds (IcePop), per token or per sequence (product, or geometric mean).",
            one_of({"none", "token_truncate", "token_mask", "sequence_truncate", "sequence_mask", "sequence_geometric_mask"}));
    v.field("importance_correction_max", importance_correction_max, "Upper bound of that weight.", more_than(0));
    v.field("importance_correction_min", importance_correction_min, "Lower bound of that weight.", at_least(0));
    v.field("max_logprob_gap", max_logprob_gap,
            "Where sampler and trainer are not batch invariant: the run stops when their log-probs of a token differ by more; 0 only tells. "
            "Where they are, any difference stops it.", at_least(0));
    v.field("reference_update_steps", reference_update_steps,
            "The reference is replaced by the policy every so many steps (R1: 400); 0 keeps the stage's start.", at_least(0));
    v.field("mask_truncated_completions", mask_truncated_completions,
            "Completions cut off at the limit are left out of the loss (they stay in their group's mean).");
    v.field("completion_length_grows_at_step", completion_length_grows_at_step,
            "From the first rollout at or after this step on, completions may have later_max_completion_length tokens (R1-Zero: 8200); 0 never.",
            at_least(0));
    v.field("later_max_completion_length", later_max_completion_length, "See completion_length_grows_at_step (R1-Zero: 65536).", at_least(0));
    v.field("dynamic_sampling", dynamic_sampling,
            "Groups whose rewards are all equal are dropped and more prompts sampled until the rollout is full (DAPO). What that costs is "
            "told as groups_sampled per rollout.");
    v.field("max_sampling_rounds", max_sampling_rounds,
            "dynamic_sampling: after so many rounds the rollout goes on with the groups it has; none at all is an error.", at_least(1));
  }
};

}  // namespace reprise::rl
