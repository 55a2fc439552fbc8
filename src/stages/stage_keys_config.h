// The keys of each stage type: flat, composed of the rooms' own groups of keys. Torch-free: `plan`, `keys` and the
// reader walk them; the runners in *_stage.cpp read the same structs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/field.h"
#include "generation/sampling_config.h"
#include "rewards/reward.h"
#include "rl/grpo_config.h"
#include "training/batch_config.h"
#include "training/optimizer_config.h"

namespace reprise::stages {

// How a problem's text becomes a prompt.
struct PromptConfig {
  std::string chat_template = "model";
  std::string system_prompt;
  std::string prompt_suffix;

  template <class Visitor>
  void fields(Visitor& v) {
    v.file("chat_template", chat_template,
           "model: the model's own chat template (its plain text when it has none); none: the text as it is; else a "
           "Jinja file (templates/r1-zero.jinja).");
    v.field("system_prompt", system_prompt, "System message in front, when not empty.");
    v.field("prompt_suffix", prompt_suffix, "Written after the problem's text, before the template is applied.");
  }
};

struct PretrainConfig {
  std::string from;
  std::string tokenizer;
  int64_t hidden_size = 96, intermediate_size = 256, num_hidden_layers = 3;
  int64_t num_attention_heads = 4, num_key_value_heads = 4;
  int64_t max_position_embeddings = 256;
  double rope_theta = 1000, rms_norm_eps = 1e-6, initializer_range = 0.1;
  bool tie_word_embeddings = false;
  std::string dataset_name;
  int64_t max_steps = 0;
  double target_loss = 0;
  int64_t per_step_batch_size = 16;
  bool completion_only_loss = true;
  training::OptimizerConfig optimizer;
  training::BatchConfig batch;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.reference("from", from, "A model to go on from; empty: fresh weights of the shape below.");
    v.field("tokenizer", tokenizer, "words:GENERATOR for a word-level tokenizer of a generator's vocabulary, or a tokenizer.json.");
    v.field("hidden_size", hidden_size, "Width of the residual stream.", at_least(1));
    v.field("intermediate_size", intermediate_size, "Width of the SwiGLU layer.", at_least(1));
    v.field("num_hidden_layers", num_hidden_layers, "Decoder layers.", at_least(1));
    v.field("num_attention_heads", num_attention_heads, "Query heads.", at_least(1));
    v.field("num_key_value_heads", num_key_value_heads, "Key and value heads (grouped-query attention).", at_least(1));
    v.field("max_position_embeddings", max_position_embeddings, "Longest context.", at_least(1));
    v.field("rope_theta", rope_theta, "Base of the rotary frequencies.", more_than(0));
    v.field("rms_norm_eps", rms_norm_eps, "Epsilon of RMSNorm.", more_than(0));
    v.field("initializer_range", initializer_range, "Standard deviation of fresh weights.", more_than(0));
    v.field("tie_word_embeddings", tie_word_embeddings, "One matrix for input and output tokens.");
    v.reference("dataset_name", dataset_name, "Store of examples: a dataset or an earlier stage.");
    v.field("max_steps", max_steps, "Optimizer steps at most.", at_least(1));
    v.field("target_loss", target_loss,
            "End early once the mean loss of the last 50 steps is under it; 0 never does. The rate then falls over the "
            "last tenth as if max_steps had been that.", at_least(0));
    v.field("per_step_batch_size", per_step_batch_size, "Examples per optimizer step.", at_least(1));
    v.field("completion_only_loss", completion_only_loss, "Train on the completion and not on the prompt.");
    optimizer.fields(v);
    batch.fields(v);
  }
};

struct SftConfig {
  std::string from;
  std::vector<std::string> dataset_name;
  std::vector<double> dataset_weights;
  double num_train_epochs = 1;
  int64_t max_steps = 0;
  int64_t max_trained_tokens = 0;
  int64_t per_step_batch_size = 16;
  int64_t max_length = 2048;
  bool packing = false;
  bool completion_only_loss = true;
  PromptConfig prompt;
  training::OptimizerConfig optimizer;
  training::BatchConfig batch;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.reference("from", from, "The model to train: an earlier stage or a model of the recipe.");
    v.reference("dataset_name", dataset_name, "Examples, or problems with solutions: a dataset or an earlier stage's store. One store, or a list of them.");
    v.field("dataset_weights", dataset_weights, "Share of the rows that each store of dataset_name gets; empty draws them in proportion to their rows.");
    v.field("num_train_epochs", num_train_epochs, "Passes over the examples.", more_than(0));
    v.field("max_steps", max_steps, "Optimizer steps; rules over num_train_epochs when not 0.", at_least(0));
    v.field("max_trained_tokens", max_trained_tokens,
            "As many steps as train on about so many tokens with a loss; rules over num_train_epochs when not 0, and "
            "max_steps rules over it. Arms of a comparison get the same budget.", at_least(0));
    v.field("per_step_batch_size", per_step_batch_size, "Examples per optimizer step.", at_least(1));
    v.field("max_length", max_length, "Longest example in tokens; longer ones are left out and counted.", at_least(2));
    v.field("packing", packing,
            "Put several examples into one row of max_length (best fit), each attending to itself only.");
    v.field("completion_only_loss", completion_only_loss, "Train on the completion and not on the prompt.");
    prompt.fields(v);
    optimizer.fields(v);
    batch.fields(v);
  }
};

struct GrpoStageConfig {
  std::string from;
  std::vector<std::string> dataset_name;
  std::vector<double> dataset_weights;
  std::vector<int64_t> dataset_start_steps;
  std::string curriculum = "none";
  int64_t pass_rate_generations = 0;
  double min_pass_rate = 0, max_pass_rate = 1;
  PromptConfig prompt;
  rl::GrpoConfig grpo;
  generation::SamplingConfig sampling;
  rewards::RewardConfig rewards;
  double max_reward_failures = 0.05;
  std::string eval_dataset_name;
  int64_t eval_steps = 0, eval_num_problems = 100;
  bool save_rollouts = true;
  std::string replay_rollouts;
  training::OptimizerConfig optimizer;
  training::BatchConfig batch;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.reference("from", from, "The policy to start from: an earlier stage or a model of the recipe.");
    v.reference("dataset_name", dataset_name, "Problems to draw prompts from: one store, or a list of them.");
    v.field("dataset_weights", dataset_weights, "Share of the prompts that each store of dataset_name gets; empty draws them in proportion to their rows.");
    v.field("dataset_start_steps", dataset_start_steps,
            "One step per store of dataset_name from which on it is drawn from (R1's last stage adds general prompts for its last 400 steps); empty: all from the start.");
    v.field("curriculum", curriculum,
            "level: each pass through a store goes from its lowest level to its highest; pass_rate: from the problems that the starting policy "
            "solves most often to those it solves least.", one_of({"none", "level", "pass_rate"}));
    v.field("pass_rate_generations", pass_rate_generations,
            "Before the first step the starting policy answers each problem so often, and only problems with a pass rate from min_pass_rate to "
            "max_pass_rate are drawn; 0 is off.", at_least(0));
    v.field("min_pass_rate", min_pass_rate, "See pass_rate_generations.", between(0, 1));
    v.field("max_pass_rate", max_pass_rate, "See pass_rate_generations.", between(0, 1));
    prompt.fields(v);
    grpo.fields(v);
    sampling.fields(v);
    rewards.fields(v);
    v.field("max_reward_failures", max_reward_failures,
            "The run stops when more than this share of a rollout's rewards could not be computed.", between(0, 1));
    v.reference("eval_dataset_name", eval_dataset_name, "Held-out problems that the policy answers (greedily, one sample) every eval_steps; empty: none.");
    v.field("eval_steps", eval_steps, "Steps between two evaluations; one more stands at the start.", at_least(0));
    v.field("eval_num_problems", eval_num_problems, "Problems of an evaluation, from the front of the store; 0 takes all.", at_least(0));
    v.field("save_rollouts", save_rollouts, "Every rollout is kept whole in rollouts/rollout-N.h5 (about 12 bytes a token), to be read or replayed.");
    v.field("replay_rollouts", replay_rollouts,
            "Train on the rollouts recorded in this folder (a stage's rollouts/) instead of sampling; `reprise run --replay RUN` sets it for every grpo stage.");
    optimizer.fields(v);
    batch.fields(v);
  }
};

struct RejectionSamplingConfig {
  std::string from;
  std::string dataset_name;
  PromptConfig prompt;
  int64_t num_prompts = 0;
  int64_t num_generations = 4;
  int64_t num_kept_per_problem = 1;
  bool require_format = true;
  double min_language_consistency = 0;
  generation::SamplingConfig sampling;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.reference("from", from, "The model that writes the samples.");
    v.reference("dataset_name", dataset_name, "Problems to sample on.");
    prompt.fields(v);
    v.field("num_prompts", num_prompts, "Problems taken from the front of the store; 0 takes all.", at_least(0));
    v.field("num_generations", num_generations, "Samples per problem.", at_least(1));
    v.field("num_kept_per_problem", num_kept_per_problem, "Correct, distinct samples kept per problem; 0 keeps all.", at_least(0));
    v.field("require_format", require_format, "Keep only completions with well-formed think and answer tags.");
    v.field("min_language_consistency", min_language_consistency,
            "Keep only completions with at least this share of words in the prompt's language.", between(0, 1));
    sampling.fields(v);
  }
};

struct DistillConfig {
  std::string from;
  std::string teacher;
  std::string dataset_name;
  double num_train_epochs = 1;
  int64_t max_steps = 0;
  int64_t max_trained_tokens = 0;
  int64_t per_step_batch_size = 16;
  int64_t max_length = 2048;
  double logit_weight = 0;
  double distill_temperature = 1.0;
  PromptConfig prompt;
  training::OptimizerConfig optimizer;
  training::BatchConfig batch;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.reference("from", from, "The student's start.");
    v.reference("teacher", teacher, "The teacher, needed when logit_weight is not 0; it must share the student's vocabulary.");
    v.reference("dataset_name", dataset_name, "The teacher's samples: usually a rejection_sampling stage.");
    v.field("num_train_epochs", num_train_epochs, "Passes over the samples.", more_than(0));
    v.field("max_steps", max_steps, "Optimizer steps; rules over num_train_epochs when not 0.", at_least(0));
    v.field("max_trained_tokens", max_trained_tokens,
            "As many steps as train on about so many tokens with a loss; rules over num_train_epochs when not 0, and "
            "max_steps rules over it. Arms of a comparison get the same budget.", at_least(0));
    v.field("per_step_batch_size", per_step_batch_size, "Samples per optimizer step.", at_least(1));
    v.field("max_length", max_length, "Longest sample in tokens; longer ones are left out and counted.", at_least(2));
    v.field("logit_weight", logit_weight,
            "Share of the loss that is KL(teacher || student) over the vocabulary; the rest is SFT on the samples (R1: 0).",
            between(0, 1));
    v.field("distill_temperature", distill_temperature, "Temperature of both softmaxes in the KL term.", more_than(0));
    prompt.fields(v);
    optimizer.fields(v);
    batch.fields(v);
  }
};

struct EvaluateConfig {
  std::string from;
  std::string dataset_name;
  PromptConfig prompt;
  int64_t num_problems = 0;
  int64_t num_generations = 1;
  bool force_empty_thinking = false;
  std::string benchmark;
  std::string published_model;
  generation::SamplingConfig sampling;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.reference("from", from, "The model to score.");
    v.reference("dataset_name", dataset_name, "Held-out problems.");
    prompt.fields(v);
    v.field("num_problems", num_problems, "Problems taken from the front of the store; 0 takes all.", at_least(0));
    v.field("num_generations", num_generations, "Samples per problem (k).", at_least(1));
    v.field("force_empty_thinking", force_empty_thinking,
            "Write an empty <think></think> for the model: what is left is what it knows without reasoning.");
    v.field("benchmark", benchmark, "Id of a published benchmark (gsm8k) to compare this score with; empty compares with none.");
    v.field("published_model", published_model,
            "The model whose published number this score is held against (Qwen2.5-7B+SimpleRL-Zoo); empty: the repository "
            "of an untrained model.");
    sampling.fields(v);
  }
};

}  // namespace reprise::stages
