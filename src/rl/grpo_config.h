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
  std::string loss_type = "grpo";
  std::string scale_rewards = "group";
  std::string importance_sampling_level = "token";
  int64_t reference_update_steps = 0;
  bool mask_truncated_completions = false;

  double upper_epsilon() const { return epsilon_high > 0 ? epsilon_high : epsilon; }
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
    v.field("beta", beta, "Weight of the KL term (k3, in the loss) to the reference model; 0 needs no reference.", at_least(0));
    v.field("epsilon", epsilon, "The probability ratio is clipped to [1 - epsilon, 1 + epsilon]; R1 uses 10.", at_least(0));
    v.field("epsilon_high", epsilon_high, "Upper clip when it differs from epsilon (clip-higher); 0 means epsilon.", at_least(0));
    v.field("loss_type", loss_type,
            "How token losses are averaged: grpo (each completion by its own length, then completions), dapo (all "
            "tokens alike), dr_grpo (by samples times max_completion_length).", one_of({"grpo", "dapo", "dr_grpo"}));
    v.field("scale_rewards", scale_rewards, "group divides advantages by the group's standard deviation; none does not.",
            one_of({"group", "none"}));
    v.field("importance_sampling_level", importance_sampling_level,
            "Ratio per token (DeepSeekMath) or per sequence (its length-normalised product, as GSPO).", one_of({"token", "sequence"}));
    v.field("reference_update_steps", reference_update_steps,
            "The reference is replaced by the policy every so many steps (R1: 400); 0 keeps the stage's start.", at_least(0));
    v.field("mask_truncated_completions", mask_truncated_completions,
            "Completions cut off at the limit are left out of the loss (they stay in their group's mean).");
  }
};

}  // namespace reprise::rl
