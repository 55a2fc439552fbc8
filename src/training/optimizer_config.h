// Keys of AdamW and its schedule, flat in every stage that trains, with TRL's names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/field.h"

namespace reprise::training {

struct OptimizerConfig {
  double learning_rate = 1e-6;
  std::string lr_scheduler_type = "constant";
  double min_lr_rate = 0.0;
  double warmup_ratio = 0.0;
  int64_t warmup_steps = 0;
  double weight_decay = 0.0;
  double adam_beta1 = 0.9;
  double adam_beta2 = 0.999;
  double adam_epsilon = 1e-8;
  double max_grad_norm = 1.0;
  int64_t lora_r = 0;
  double lora_alpha = 16;
  std::vector<std::string> lora_target_modules;

  // The layers that are adapted: all linear layers of the blocks, unless they are named.
  std::vector<std::string> lora_modules() const {
    return lora_target_modules.empty() ? std::vector<std::string>{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"} : lora_target_modules;
  }

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("learning_rate", learning_rate, "Peak learning rate of AdamW.", at_least(0));
    v.field("lr_scheduler_type", lr_scheduler_type,
            "How the rate falls from its peak: not at all, or in a line or a half cosine down to min_lr_rate.",
            one_of({"constant", "linear", "cosine"}));
    v.field("min_lr_rate", min_lr_rate, "Last learning rate as a share of the peak.", between(0, 1));
    v.field("warmup_ratio", warmup_ratio, "Share of the steps that climb linearly to the peak.", between(0, 1));
    v.field("warmup_steps", warmup_steps, "Steps that climb to the peak; rules over warmup_ratio when not 0.", at_least(0));
    v.field("weight_decay", weight_decay, "Decoupled weight decay, on matrices only (no norms, no biases).", at_least(0));
    v.field("adam_beta1", adam_beta1, "Decay of AdamW's first moment.", between(0, 1));
    v.field("adam_beta2", adam_beta2, "Decay of AdamW's second moment.", between(0, 1));
    v.field("adam_epsilon", adam_epsilon, "AdamW's epsilon, outside the square root.", more_than(0));
    v.field("max_grad_norm", max_grad_norm, "Gradients are scaled down to this global norm; 0 leaves them alone.", at_least(0));
    v.field("lora_r", lora_r, "Rank of low-rank adapters; the rest of the model is frozen. 0 trains all weights. The stage's model/ is merged, adapter/ is a PEFT folder.", at_least(0));
    v.field("lora_alpha", lora_alpha, "Adapters are scaled by lora_alpha / lora_r.", more_than(0));
    v.field("lora_target_modules", lora_target_modules, "Linear layers that get an adapter (q_proj, down_proj ...); empty: all of the blocks.",
            one_of({"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}));
  }
};

}  // namespace reprise::training
