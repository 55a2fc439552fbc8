// The table, from the documentation of TRL, open-r1, verl, OpenRLHF, NeMo-RL, slime and transformers.
#include "config/alternative_names.h"

#include <algorithm>

#include "base/strings.h"

namespace reprise::config {
namespace {

struct Alternative {
  const char* theirs;
  std::vector<std::string> ours;
};

const std::vector<Alternative>& table() {
  static const std::vector<Alternative> rows = {
      {"model_name_or_path", {"from"}},
      {"model_name", {"from"}},
      {"model", {"from"}},
      {"hf_checkpoint", {"from"}},
      {"base_model", {"from"}},
      {"teacher_model_name_or_path", {"teacher"}},
      {"train_files", {"dataset_name"}},
      {"val_files", {"dataset_name"}},
      {"prompt_data", {"dataset_name"}},
      {"prompt_dataset", {"dataset_name"}},
      {"dataset", {"dataset_name"}},
      {"n", {"num_generations"}},
      {"group_size", {"num_generations"}},
      {"n_samples_per_prompt", {"num_generations"}},
      {"num_generations_per_prompt", {"num_generations"}},
      {"num_samples", {"num_generations"}},
      {"train_batch_size", {"num_prompts_per_step", "per_step_batch_size"}},
      {"global_batch_size", {"num_prompts_per_step", "per_step_batch_size"}},
      {"train_global_batch_size", {"num_prompts_per_step", "per_step_batch_size"}},
      {"rollout_batch_size", {"num_prompts_per_step"}},
      {"ppo_mini_batch_size", {"num_prompts_per_step"}},
      {"per_device_train_batch_size", {"per_step_batch_size", "num_prompts_per_step"}},
      {"batch_size", {"per_step_batch_size", "num_prompts_per_step"}},
      {"gradient_accumulation_steps", {"tile_tokens"}},
      {"micro_batch_size", {"tile_tokens"}},
      {"ppo_micro_batch_size_per_gpu", {"tile_tokens"}},
      {"train_micro_batch_size", {"tile_tokens"}},
      {"steps_per_generation", {"num_updates_per_rollout"}},
      {"num_iterations", {"num_updates_per_rollout"}},
      {"num_steps_per_rollout", {"num_updates_per_rollout"}},
      {"ppo_epochs", {"num_updates_per_rollout"}},
      {"max_response_length", {"max_completion_length"}},
      {"max_new_tokens", {"max_completion_length"}},
      {"max_tokens", {"max_completion_length"}},
      {"rollout_max_response_len", {"max_completion_length"}},
      {"generate_max_length", {"max_completion_length"}},
      {"max_seq_length", {"max_length"}},
      {"max_len", {"max_length"}},
      {"cutoff_len", {"max_length"}},
      {"rollout_temperature", {"temperature"}},
      {"clip_ratio", {"epsilon"}},
      {"clip_ratio_low", {"epsilon"}},
      {"eps_clip", {"epsilon"}},
      {"cliprange", {"epsilon"}},
      {"clip_range", {"epsilon"}},
      {"ratio_clip_min", {"epsilon"}},
      {"clip_ratio_high", {"epsilon_high"}},
      {"eps_clip_high", {"epsilon_high"}},
      {"ratio_clip_max", {"epsilon_high"}},
      {"kl_loss_coef", {"beta"}},
      {"kl_coef", {"beta"}},
      {"kl_ctrl", {"beta"}},
      {"init_kl_coef", {"beta"}},
      {"init_coef", {"beta"}},
      {"reference_policy_kl_penalty", {"beta"}},
      {"ref_model_sync_steps", {"reference_update_steps"}},
      {"sync_ref_model", {"reference_update_steps"}},
      {"ref_update_interval", {"reference_update_steps"}},
      {"ref_policy_update_freq", {"reference_update_steps"}},
      {"loss_agg_mode", {"loss_type"}},
      {"adv_estimator", {"loss_type", "scale_rewards"}},
      {"norm_adv_by_std_in_grpo", {"scale_rewards"}},
      {"normalize_rewards", {"scale_rewards"}},
      {"no_std_norm", {"scale_rewards"}},
      {"disable_grpo_std_normalization", {"scale_rewards"}},
      {"reward_function", {"reward_funcs"}},
      {"reward_manager", {"reward_funcs"}},
      {"rm_type", {"reward_funcs"}},
      {"overlong_filtering", {"mask_truncated_completions"}},
      {"lr", {"learning_rate"}},
      {"lr_scheduler", {"lr_scheduler_type"}},
      {"scheduler", {"lr_scheduler_type"}},
      {"min_lr_ratio", {"min_lr_rate"}},
      {"min_lr", {"min_lr_rate"}},
      {"lr_warmup_steps", {"warmup_steps"}},
      {"lr_warmup_steps_ratio", {"warmup_ratio"}},
      {"clip_grad", {"max_grad_norm"}},
      {"grad_clip", {"max_grad_norm"}},
      {"max_norm", {"max_grad_norm"}},
      {"weight_decay_rate", {"weight_decay"}},
      {"beta1", {"adam_beta1"}},
      {"beta2", {"adam_beta2"}},
      {"adam_eps", {"adam_epsilon"}},
      {"total_training_steps", {"max_steps"}},
      {"num_steps", {"max_steps"}},
      {"train_steps", {"max_steps"}},
      {"num_epochs", {"num_train_epochs"}},
      {"epochs", {"num_train_epochs"}},
      {"total_epochs", {"num_train_epochs"}},
      {"max_epochs", {"num_train_epochs"}},
      {"save_freq", {"save_steps"}},
      {"save_interval", {"save_steps"}},
      {"save_period", {"save_steps"}},
      {"enable_gradient_checkpointing", {"gradient_checkpointing"}},
      {"packing_samples", {"packing"}},
      {"assistant_only_loss", {"completion_only_loss"}},
      {"apply_chat_template", {"chat_template"}},
      {"input_template", {"chat_template"}},
      {"stop", {"stop_strings"}},
      {"random_seed", {"seed"}},
      {"bf16", {"torch_dtype"}},
      {"fp16", {"torch_dtype"}},
      {"dtype", {"torch_dtype"}},
      {"precision", {"torch_dtype"}},
      {"num_workers", {"num_threads"}},
      {"name", {"stage"}},
      {"kind", {"type"}},
      {"input", {"from"}},
      {"steps", {"max_steps"}},
  };
  return rows;
}

}  // namespace

std::vector<std::string> alternatives(std::string_view name) {
  const std::string wanted = replace_all(to_lower_ascii(name), "-", "_");
  for (const Alternative& row : table()) {
    if (row.theirs == wanted) return row.ours;
  }
  return {};
}

std::string suggest(std::string_view name, const std::vector<std::string>& known) {
  std::vector<std::string> ours;
  for (const std::string& key : alternatives(name)) {
    if (std::find(known.begin(), known.end(), key) != known.end()) ours.push_back("'" + key + "'");
  }
  if (!ours.empty()) return "the key here is " + join(ours, " or ");
  const std::string plain = replace_all(to_lower_ascii(name), "-", "_");
  if (const auto guess = nearest(plain, known)) return "did you mean '" + *guess + "'?";
  return "";
}

}  // namespace reprise::config
