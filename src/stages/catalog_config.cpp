// Counting: prompts, samples, updates, tokens, epochs, parameters, memory and FLOPs, from keys alone.
#include "stages/catalog_config.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/strings.h"
#include "config/alternative_names.h"
#include "datasets/dataset.h"
#include "datasets/generators/generator.h"
#include "evaluation/harness/claims.h"
#include "evaluation/harness/contamination_config.h"
#include "io/gguf.h"
#include "model/gguf_config.h"
#include "model/model_config.h"
#include "rl/algorithm_config.h"
#include "stages/default_stages_config.h"
#include "stages/stage_keys_config.h"

namespace reprise::stages {
namespace {

using pipeline::PlanContext;
using pipeline::StagePlan;

std::optional<model::ModelConfig> shape_of(PlanContext& context, const std::string& reference, StagePlan& plan) {
  const auto input = context.resolve(reference);
  if (input.model_config_json.empty()) {
    plan.notes.push_back("the shape of '" + reference + "' is not known here: parameters, memory and FLOPs are left out");
    return std::nullopt;
  }
  const auto config = model::parse_model_config(input.model_config_json, reference);
  plan.model_config_json = input.model_config_json;
  plan.num_parameters = config.num_parameters();
  if (config.plan_only) plan.notes.push_back("model_type " + config.model_type + ": counted, not run; training memory is that of one copy of all weights, before any sharding");
  return config;
}

double bytes_per_weight(PlanContext& context) { return context.hardware().torch_dtype == "bfloat16" ? 2 : 4; }

// Weights, gradients, AdamW's moments and, in bfloat16, the float32 master, on the CPU the weights packed both ways;
// activations of one tile; logits of one chunk.
double training_memory(PlanContext& context, const model::ModelConfig& c, int64_t tile_tokens, int64_t length, bool checkpointing, bool reference) {
  const double weight = bytes_per_weight(context), n = static_cast<double>(c.num_parameters());
  const double packed = context.hardware().device == "cpu" ? 2 * weight + (reference ? weight : 0) : 0;
  const double state = n * (2 * weight + 8 + (weight == 2 ? 4 : 0) + (reference ? weight : 0) + packed);
  const double tokens = static_cast<double>(std::max(tile_tokens, length)), D = static_cast<double>(c.hidden_size), F = static_cast<double>(c.intermediate_size);
  const double kv = static_cast<double>(c.num_key_value_heads) / static_cast<double>(c.num_attention_heads);
  const double layer = tokens * weight * (8 * D + 4 * D * (1 + kv) + 4 * F);  // inputs that the backward pass reads again
  const double layers = static_cast<double>(c.num_hidden_layers);
  const double activations = checkpointing ? layers * tokens * D * weight + layer : layers * layer;
  return state + activations + 3.0 * std::min(tokens, 1024.0) * static_cast<double>(c.vocab_size) * 4;
}

double sampling_memory(PlanContext& context, const model::ModelConfig& c, const generation::SamplingConfig& s) {
  const double copies = context.hardware().device == "cpu" ? 2 : 1;  // the decoder keeps its own layout on the CPU
  const double positions = static_cast<double>(s.max_prompt_length + s.max_completion_length);
  const double needed = static_cast<double>(s.generation_rows) * positions * 2 * static_cast<double>(c.num_hidden_layers * c.num_key_value_heads * c.head_dim) * bytes_per_weight(context);
  const double cache = s.kv_cache_gigabytes > 0 ? std::min(needed, s.kv_cache_gigabytes * 1e9) : needed;
  return copies * static_cast<double>(c.num_parameters()) * bytes_per_weight(context) + cache + static_cast<double>(s.generation_rows * c.vocab_size) * 4;
}

void count_supervised(StagePlan& plan, PlanContext& context, std::optional<int64_t> rows, double epochs, int64_t max_steps, int64_t max_trained_tokens, int64_t batch,
                      int64_t length, const training::BatchConfig& tiles, const std::optional<model::ModelConfig>& shape) {
  if (max_trained_tokens > 0 && max_steps == 0) {
    plan.notes.push_back("as many steps as train on " + format_count(max_trained_tokens) + " tokens, counted when the examples are there; at least " +
                         format_count(max_trained_tokens / (batch * length)));
    max_steps = std::max<int64_t>(1, max_trained_tokens / (batch * length));
  }
  if (rows && max_steps == 0) max_steps = static_cast<int64_t>(std::ceil(epochs * static_cast<double>(*rows) / static_cast<double>(batch)));
  plan.num_steps = plan.num_updates = max_steps;
  plan.num_samples = max_steps * batch;
  plan.max_tokens = plan.num_samples * length;
  if (rows && *rows > 0) plan.num_epochs = static_cast<double>(plan.num_samples) / static_cast<double>(*rows);
  if (max_steps == 0) plan.notes.push_back("the number of examples is not known before the data is there: steps and tokens are left out");
  if (!shape) return;
  plan.peak_memory_bytes = training_memory(context, *shape, tiles.tile_tokens, length, tiles.gradient_checkpointing, false);
  plan.flops = static_cast<double>(plan.max_tokens) * shape->forward_flops_per_token(static_cast<double>(length) / 2) * (tiles.gradient_checkpointing ? 4 : 3);
}

// Rows of all stores; nothing where one is not known yet.
std::optional<int64_t> rows_of(PlanContext& context, const std::vector<std::string>& names) {
  std::optional<int64_t> total = 0;
  for (const std::string& name : names) {
    const auto rows = context.resolve(name).num_rows;
    total = rows && total ? std::optional<int64_t>(*total + *rows) : std::nullopt;
  }
  return names.empty() ? std::nullopt : total;
}

void check_mixture(PlanContext& context, const std::vector<std::string>& names, const std::vector<double>& weights) {
  if (!weights.empty() && weights.size() != names.size()) {
    context.problem("dataset_weights", "has " + std::to_string(weights.size()) + " entries for " + std::to_string(names.size()) + " stores");
  }
  double sum = 0;
  for (double weight : weights) {
    if (weight < 0) context.problem("dataset_weights", "has a negative entry");
    sum += weight;
  }
  if (!weights.empty() && !(sum > 0)) context.problem("dataset_weights", "are all zero");
}

StagePlan plan_pretrain(const PretrainConfig& c, PlanContext& context) {
  StagePlan plan;
  model::ModelConfig shape;
  if (c.from.empty() && c.optimizer.lora_r > 0) context.problem("lora_r", "has nothing to adapt without `from`: fresh weights are trained whole");
  if (c.from.empty()) {
    if (c.hidden_size % c.num_attention_heads != 0) context.problem("hidden_size", "does not divide by num_attention_heads " + std::to_string(c.num_attention_heads));
    if (c.num_attention_heads % c.num_key_value_heads != 0) context.problem("num_key_value_heads", "does not divide num_attention_heads " + std::to_string(c.num_attention_heads));
    shape.vocab_size = 0;
    if (c.tokenizer.starts_with("words:")) {
      shape.vocab_size = static_cast<int64_t>(datasets::vocabulary(c.tokenizer.substr(6)).size());
    } else {
      plan.notes.push_back("the tokenizer's size is counted when it is read");
      shape.vocab_size = 1;
    }
    shape.hidden_size = c.hidden_size;
    shape.intermediate_size = c.intermediate_size;
    shape.num_hidden_layers = c.num_hidden_layers;
    shape.num_attention_heads = c.num_attention_heads;
    shape.num_key_value_heads = c.num_key_value_heads;
    shape.head_dim = std::max<int64_t>(1, c.hidden_size / c.num_attention_heads);
    shape.max_position_embeddings = c.max_position_embeddings;
    shape.tie_word_embeddings = c.tie_word_embeddings;
    plan.num_parameters = shape.num_parameters();
    plan.model_config_json = model::write_model_config(shape);
  } else if (const auto found = shape_of(context, c.from, plan)) {
    shape = *found;
  }
  count_supervised(plan, context, context.resolve(c.dataset_name).num_rows, 1, c.max_steps, 0, c.per_step_batch_size, c.max_position_embeddings, c.batch,
                   plan.num_parameters > 0 ? std::optional(shape) : std::nullopt);
  if (c.target_loss > 0) plan.notes.push_back("ends earlier once the loss is under " + format_double(c.target_loss));
  return plan;
}

StagePlan plan_sft(const SftConfig& c, PlanContext& context) {
  StagePlan plan;
  check_mixture(context, c.dataset_name, c.dataset_weights);
  const auto shape = shape_of(context, c.from, plan);
  count_supervised(plan, context, rows_of(context, c.dataset_name), c.num_train_epochs, c.max_steps, c.max_trained_tokens, c.per_step_batch_size, c.max_length, c.batch, shape);
  return plan;
}

StagePlan plan_distill(const DistillConfig& c, PlanContext& context) {
  StagePlan plan;
  const auto shape = shape_of(context, c.from, plan);
  if (c.logit_weight > 0 && c.teacher.empty()) context.problem("logit_weight", "needs a teacher");
  count_supervised(plan, context, context.resolve(c.dataset_name).num_rows, c.num_train_epochs, c.max_steps, c.max_trained_tokens, c.per_step_batch_size, c.max_length, c.batch, shape);
  return plan;
}

// Keys that contradict each other or would have no effect.
void check_algorithm(const rl::GrpoConfig& g, const rl::Algorithm& a, PlanContext& context) {
  using rl::AdvantageEstimator;
  const bool grouped = a.advantage == AdvantageEstimator::group_mean || a.advantage == AdvantageEstimator::leave_one_out;
  if (grouped && g.num_generations < 2) context.problem("num_generations", "is 1: a group needs at least 2 samples");
  if (a.scale != rl::RewardScale::none && (a.advantage == AdvantageEstimator::gae || a.advantage == AdvantageEstimator::none)) {
    context.problem("scale_rewards", "has no effect without a group's baseline; set it to none, or whiten_advantages to true");
  }
  if (g.delta > 0 && g.delta <= 1 + g.upper_epsilon()) context.problem("delta", "is not above 1 + epsilon_high: every clipped ratio would pass it");
  if (g.use_bias_correction_kl && a.kl_place == rl::KlPlace::reward) context.problem("use_bias_correction_kl", "belongs to a KL in the loss (kl_in: loss)");
  if ((g.completion_length_grows_at_step > 0) != (g.later_max_completion_length > 0)) {
    context.problem("completion_length_grows_at_step", "and later_max_completion_length belong together: set both or neither");
  }
  if (g.dynamic_sampling && !grouped) context.problem("dynamic_sampling", "drops groups without signal, and " + g.loss_type + " has no groups");
  if (g.importance_correction_min > g.importance_correction_max) context.problem("importance_correction_min", "is larger than importance_correction_max");
  if (a.objective == rl::Objective::score && g.num_updates_per_rollout > 1) {
    context.problem("num_updates_per_rollout", "is more than 1, but " + g.loss_type + " has no ratio to account for samples of an older policy; set policy_objective to clipped");
  }
}

StagePlan plan_grpo(const GrpoStageConfig& c, PlanContext& context) {
  StagePlan plan;
  check_mixture(context, c.dataset_name, c.dataset_weights);
  if (!c.dataset_start_steps.empty()) {
    if (c.dataset_start_steps.size() != c.dataset_name.size()) {
      context.problem("dataset_start_steps", "has " + std::to_string(c.dataset_start_steps.size()) + " entries for " + std::to_string(c.dataset_name.size()) + " stores");
    } else if (*std::min_element(c.dataset_start_steps.begin(), c.dataset_start_steps.end()) > 0) {
      context.problem("dataset_start_steps", "leaves no store to draw from at step 0");
    }
  }
  const auto uses = [&](const char* name) { return std::find(c.rewards.reward_funcs.begin(), c.rewards.reward_funcs.end(), name) != c.rewards.reward_funcs.end(); };
  if (uses("reward_model") == c.rewards.reward_model.empty()) context.problem("reward_model", uses("reward_model") ? "is not set, but reward_funcs names it" : "has no effect without reward_model in reward_funcs");
  if (uses("program") == c.rewards.reward_program.empty()) context.problem("reward_program", uses("program") ? "is not set, but reward_funcs names it" : "has no effect without program in reward_funcs");
  if ((c.eval_steps > 0) == c.eval_dataset_name.empty()) context.problem("eval_steps", "and eval_dataset_name belong together: set both or neither");
  if (c.curriculum == "pass_rate" && c.pass_rate_generations == 0) context.problem("curriculum", "pass_rate needs pass_rate_generations");
  if (c.pass_rate_generations == 0 && (c.min_pass_rate > 0 || c.max_pass_rate < 1)) context.problem("min_pass_rate", "and max_pass_rate have no effect without pass_rate_generations");
  if (c.min_pass_rate > c.max_pass_rate) context.problem("min_pass_rate", "is above max_pass_rate");
  if (c.rewards.reward_scaling != "none" && c.rewards.reward_combination == "gated") context.problem("reward_scaling", "scales each reward by itself; it does not go with reward_combination: gated");
  if (c.sampling.forces()) context.problem(c.sampling.num_waits > 0 ? "num_waits" : "max_thinking_length", "puts tokens that the policy did not choose; it is for sampling, not for training");
  const auto shape = shape_of(context, c.from, plan);
  const rl::GrpoConfig& g = c.grpo;
  if (!c.rewards.reward_weights.empty() && c.rewards.reward_weights.size() != c.rewards.reward_funcs.size()) {
    context.problem("reward_weights", "has " + std::to_string(c.rewards.reward_weights.size()) + " entries for " + std::to_string(c.rewards.reward_funcs.size()) + " reward_funcs");
  }
  if (c.sampling.temperature == 0) context.problem("temperature", "is 0: every sample of a group would be the same and teach nothing");
  const rl::Algorithm algorithm = rl::algorithm_of(g);
  check_algorithm(g, algorithm, context);
  plan.notes.push_back(rl::describe(g));
  plan.num_steps = plan.num_updates = g.max_steps;
  plan.num_prompts = g.max_steps * g.num_prompts_per_step;
  plan.num_samples = plan.num_prompts * g.num_generations;
  if (!c.rewards.reward_start_steps.empty() && c.rewards.reward_start_steps.size() != c.rewards.reward_funcs.size()) {
    context.problem("reward_start_steps", "has " + std::to_string(c.rewards.reward_start_steps.size()) + " entries for " + std::to_string(c.rewards.reward_funcs.size()) + " reward_funcs");
  }
  // The longer completions of the later steps.
  const int64_t longest = std::max(c.sampling.max_completion_length, g.later_max_completion_length);
  const int64_t grows_at = g.completion_length_grows_at_step > 0 ? std::min(g.completion_length_grows_at_step, g.max_steps) : g.max_steps;
  const int64_t length = c.sampling.max_prompt_length + longest;
  generation::SamplingConfig at_its_longest = c.sampling;
  at_its_longest.max_completion_length = longest;
  plan.max_tokens = g.num_prompts_per_step * g.num_generations * (grows_at * c.sampling.max_completion_length + (g.max_steps - grows_at) * longest);
  if (grows_at < g.max_steps) plan.notes.push_back("completions of up to " + format_count(longest) + " tokens from step " + format_count(grows_at) + " on");
  if (g.dynamic_sampling) plan.notes.push_back("dynamic sampling: up to " + format_count(g.max_sampling_rounds) + " times the samples counted here");
  const auto rows = rows_of(context, c.dataset_name);
  if (rows && *rows > 0) plan.num_epochs = static_cast<double>(plan.num_prompts) / static_cast<double>(*rows);
  if (g.max_sampled_tokens > 0) plan.notes.push_back("ends earlier once " + format_count(g.max_sampled_tokens) + " tokens were sampled");
  plan.notes.push_back(format_count(g.num_prompts_per_step * g.num_generations) + " samples an update, " + format_count(g.prompts_per_rollout() * g.num_generations) +
                       " a rollout, " + format_count((g.max_steps + g.num_updates_per_rollout - 1) / g.num_updates_per_rollout) + " rollouts");
  if (!shape) return plan;
  const double critic = algorithm.needs_values() ? training_memory(context, *shape, 0, 0, true, false) : 0;
  plan.peak_memory_bytes = critic + std::max(training_memory(context, *shape, c.batch.tile_tokens, length, c.batch.gradient_checkpointing, g.beta > 0),
                                             training_memory(context, *shape, 0, 0, true, g.beta > 0) + sampling_memory(context, *shape, at_its_longest));
  const double forward = shape->forward_flops_per_token(static_cast<double>(length) / 2);
  const double training_passes = (c.batch.gradient_checkpointing ? 4 : 3) * (algorithm.needs_values() ? 2 : 1);
  const double scoring_passes = (g.beta > 0 ? 1 : 0) + (algorithm.needs_values() ? 1 : 0) + (g.importance_correction != "none" ? 1 : 0);
  plan.flops = static_cast<double>(plan.max_tokens + plan.num_samples * c.sampling.max_prompt_length) * forward * (1 + training_passes + scoring_passes);
  return plan;
}

StagePlan plan_rejection_sampling(const RejectionSamplingConfig& c, PlanContext& context) {
  StagePlan plan;
  plan.output = "examples";
  const auto shape = shape_of(context, c.from, plan);
  plan.model_config_json.clear();
  const auto rows = context.resolve(c.dataset_name).num_rows;
  plan.num_prompts = c.num_prompts > 0 && rows ? std::min(c.num_prompts, *rows) : c.num_prompts > 0 ? c.num_prompts : rows.value_or(0);
  plan.num_samples = plan.num_prompts * c.num_generations;
  plan.max_tokens = plan.num_samples * c.sampling.max_completion_length;
  plan.num_rows = c.num_kept_per_problem > 0 ? plan.num_prompts * std::min(c.num_kept_per_problem, c.num_generations) : plan.num_samples;
  if (shape) {
    plan.peak_memory_bytes = sampling_memory(context, *shape, c.sampling);
    plan.flops = static_cast<double>(plan.max_tokens) * shape->forward_flops_per_token(static_cast<double>(c.sampling.max_completion_length) / 2);
  }
  return plan;
}

StagePlan plan_evaluate(const EvaluateConfig& c, PlanContext& context) {
  StagePlan plan;
  plan.output = "samples";
  const auto shape = shape_of(context, c.from, plan);
  plan.model_config_json.clear();
  const auto rows = context.resolve(c.dataset_name).num_rows;
  plan.num_prompts = c.num_problems > 0 && rows ? std::min(c.num_problems, *rows) : c.num_problems > 0 ? c.num_problems : rows.value_or(0);
  plan.num_samples = plan.num_prompts * c.num_generations;
  plan.max_tokens = plan.num_samples * c.sampling.max_completion_length;
  if (shape) {
    plan.peak_memory_bytes = sampling_memory(context, *shape, c.sampling);
    plan.flops = static_cast<double>(plan.max_tokens) * shape->forward_flops_per_token(static_cast<double>(c.sampling.max_completion_length) / 2);
  }
  return plan;
}

std::string join_counts(const std::vector<int64_t>& counts) {
  std::vector<std::string> texts;
  for (int64_t count : counts) texts.push_back(std::to_string(count));
  return join(texts, ", ");
}

StagePlan plan_contamination(const evaluation::ContaminationConfig& c, PlanContext& context) {
  StagePlan plan;
  plan.output = "overlap";
  const auto told = [&](const std::vector<std::string>& names, const char* what) {
    const auto rows = rows_of(context, names);
    return format_count(static_cast<int64_t>(names.size())) + (names.size() == 1 ? " store" : " stores") + (rows ? " of " + format_count(*rows) + " " + what : std::string());
  };
  plan.notes.push_back("looks for the problems of " + told(c.evaluation_stores, "problems") + " in " + told(c.training_stores, "rows") + ": n-grams of " + join_counts(c.overlap.ngram_sizes) +
                       " words, of which " + std::to_string(c.overlap.decision_ngram) + " decide, whole questions, near-duplicates from " + format_double(c.overlap.near_duplicate_threshold) +
                       " on; on one CPU core, about 30 MB of text a second");
  return plan;
}

// Claims are read once for each entry, so that a fault is told at its line; JSON is YAML enough for their reader.
void check_claims(const pipeline::Recipe& recipe, config::Problems& problems) {
  std::vector<std::string> names;
  for (const auto& stage : recipe.stages) names.push_back(stage.name);
  std::set<std::string> seen;
  for (const config::Node& entry : recipe.claims.items) {
    try {
      const YAML::Node list = YAML::Load("[" + config::node_to_json(entry).dump() + "]");
      for (const evaluation::ClaimConfig& claim : evaluation::read_claims(list, "claims")) {
        if (!seen.insert(claim.claim).second) problems.add("two claims are called '" + claim.claim + "'", entry.origin);
        for (const std::string& stage : evaluation::stages_of(claim)) {
          if (std::find(names.begin(), names.end(), stage) == names.end()) {
            problems.add("claim '" + claim.claim + "' speaks of a stage '" + stage + "' that is not there", entry.origin, config::suggest(stage, names));
          }
        }
      }
    } catch (const Error& fault) {
      problems.add(fault.fault(), entry.origin, fault.hint());
    }
  }
}

}  // namespace

const std::vector<pipeline::StageType>& stage_types() {
  static const std::vector<pipeline::StageType> types = {
      pipeline::make_stage_type<PretrainConfig>("pretrain", 2, "A base model from fresh weights, on documents.", plan_pretrain),
      pipeline::make_stage_type<SftConfig>("sft", 2, "Supervised fine-tuning on examples or on problems with solutions.", plan_sft),
      pipeline::make_stage_type<GrpoStageConfig>("grpo", 5, "Reinforcement learning by group relative policy optimization.", plan_grpo),
      pipeline::make_stage_type<RejectionSamplingConfig>("rejection_sampling", 5, "Samples kept where they are right: a store of examples.", plan_rejection_sampling),
      pipeline::make_stage_type<DistillConfig>("distill", 2, "A student trained on its teacher's samples.", plan_distill),
      pipeline::make_stage_type<EvaluateConfig>("evaluate", 8, "k samples on held-out problems, every one kept.", plan_evaluate),
      pipeline::make_stage_type<evaluation::ContaminationConfig>("contamination", 1, "What the training stores share with the problems that are scored; a recipe that trains and evaluates has it without saying so.", plan_contamination)};
  return types;
}

pipeline::RecipeHooks recipe_hooks() {
  pipeline::RecipeHooks hooks;
  hooks.check_dataset = datasets::check_dataset;
  hooks.complete = complete_stages;
  hooks.check_claims = check_claims;
  hooks.model_config_json = [](const fs::path& path) {
    if (path.extension() == ".gguf" && is_file(path)) {
      const io::GgufFile gguf(path);
      return model::write_model_config(model::gguf_model_config(gguf, gguf.text("general.architecture")));
    }
    const fs::path file = is_folder(path) ? path / "config.json" : path;
    return is_file(file) && file.extension() == ".json" ? read_file(file, 16u << 20) : std::string();
  };
  return hooks;
}

}  // namespace reprise::stages
