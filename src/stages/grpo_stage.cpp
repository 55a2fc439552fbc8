// grpo: reinforcement learning as DeepSeekMath defines it and R1 runs it. A step is one policy update; a rollout of
// num_updates_per_rollout steps' prompts is sampled, rewarded, dealt at random to its updates and used once.
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "base/strings.h"
#include "checkpoint/checkpoint.h"
#include "grading/language.h"
#include "io/jsonl.h"
#include "kernels/device.h"
#include "rl/advantage.h"
#include "rl/hacking_watch.h"
#include "rl/policy_loss.h"
#include "rl/rollout.h"
#include "rl/rollout_file.h"
#include "stages/prompt_stream.h"
#include "stages/reward_model.h"
#include "stages/runners.h"
#include "stages/sampling_pass.h"
#include "training/schedule.h"
#include "training/train_step.h"

namespace reprise::stages {
namespace {

constexpr size_t kShownSamples = 8;  // samples of each rollout that rollouts/ keeps for people to read

class GrpoStage {
 public:
  explicit GrpoStage(pipeline::StageContext& context)
      : context_(context), config_(config::config_from_json<GrpoStageConfig>(context.keys(), context.name())),
        algorithm_(rl::algorithm_of(config_.grpo)) {}

  nlohmann::json run() {
    load();
    for (; !ended();) {
      const Stopwatch watch;
      const int64_t update = step_ % config_.grpo.num_updates_per_rollout;
      if (update == 0) collect();
      const Stopwatch update_watch;
      const training::StepMetrics metrics = train_on(update);
      update_seconds_ = update_watch.seconds();
      check_logprob_gap(metrics);
      replace_reference(update);
      record(metrics, watch.seconds());
      ++step_;
      const bool last = ended(), stop = context_.stop_requested();
      if (!last && (step_ % config_.batch.save_steps == 0 || stop)) save();
      if (stop && !last) throw Interrupted("stopped after step " + std::to_string(step_) + ", checkpoint written", context_.name());
    }
    return finish();
  }

 private:
  // At max_steps, or between two rollouts once the budget of sampled tokens is spent.
  bool ended() const {
    const bool spent = config_.grpo.max_sampled_tokens > 0 && sampled_tokens_ >= config_.grpo.max_sampled_tokens;
    return step_ >= config_.grpo.max_steps || (spent && step_ % config_.grpo.num_updates_per_rollout == 0);
  }

  void load() {
    const Placement placement = place(context_.hardware());
    peak_flops_per_second_ = kernels::matrix_flops_per_second(placement.device, placement.dtype);
    const bool resumed = checkpoint::newest_checkpoint(context_.folder()).has_value();
    policy_ = load_trained_model(context_, config_.from, config_.optimizer);
    if (config_.grpo.beta > 0) reference_ = load_stage_model(context_, config_.from);
    if (algorithm_.needs_values()) {
      critic_ = std::make_unique<model::Transformer>(model::Transformer::with_score_head(*load_stage_model(context_, config_.from).model, 1));
      critic_->set_batch_invariant(policy_.model->is_batch_invariant());
      training::OptimizerConfig whole = config_.optimizer;
      whole.lora_r = 0;  // the value model has no use for adapters of a language model
      critic_optimizer_ = std::make_unique<training::AdamW>(*critic_, whole);
    }
    optimizer_ = std::make_unique<training::AdamW>(*policy_.model, config_.optimizer);
    writer_ = std::make_unique<PromptWriter>(config_.prompt, policy_);
    prompts_ = std::make_unique<PromptStream>(context_, config_, policy_, *writer_);
    if (!config_.rewards.reward_model.empty()) reward_model_ = std::make_unique<RewardModel>(context_, config_.rewards);
    if (!config_.rewards.reward_program.empty()) reward_program_ = std::make_unique<rewards::ProgramReward>(config_.rewards);
    if (reward_model_) batch_rewards_["reward_model"] = reward_model_.get();
    if (reward_program_) batch_rewards_["program"] = reward_program_.get();
    if (!config_.eval_dataset_name.empty()) eval_problems_ = problems_of_store(context_.resolve(config_.eval_dataset_name), config_.eval_num_problems);
    if (resumed) restore();
    context_.begin_at(step_);
    if (!resumed && config_.eval_steps > 0) {
      pipeline::Metrics before;
      evaluate(before);
      context_.note("before the first step: eval_accuracy " + format_fixed(before[0].second, 3));
    }
  }

  void restore() {
    const auto found = checkpoint::newest_checkpoint(context_.folder());
    const nlohmann::json state = checkpoint::read_state(*found);
    step_ = found->step;
    num_tokens_ = state.at("num_tokens");
    sampled_tokens_ = state.at("sampled_tokens");
    prompts_drawn_ = state.at("prompts_drawn");
    rollout_length_ = state.at("rollout_length");
    watch_.restore(state.at("hacking_watch"));
    optimizer_->restore(checkpoint::read_tensors(found->folder / "optimizer.safetensors"), state.at("optimizer_steps"), found->folder.string());
    if (reference_.model) copy_weights(checkpoint::read_tensors(found->folder / "reference.safetensors"), *reference_.model);
    if (critic_) {
      copy_weights(checkpoint::read_tensors(found->folder / "critic.safetensors"), *critic_);
      critic_optimizer_->restore(checkpoint::read_tensors(found->folder / "critic_optimizer.safetensors"), state.at("optimizer_steps"), found->folder.string());
    }
    if (!state.at("rollout").is_null()) rollout_ = rl::rollout_from_json(state.at("rollout"), found->folder.string());
    context_.note("goes on from step " + std::to_string(step_));
  }

  static void copy_weights(const checkpoint::Tensors& from, model::Transformer& to) {
    at::NoGradGuard guard;
    for (auto& [name, weight] : to.weights()) {
      const auto found = from.find(name);
      if (found == from.end()) throw Error("lacks " + name, "checkpoint", "remove this checkpoint and resume from an older one");
      weight.copy_(found->second.detach());
    }
  }

  // Samples the next rollout with the current weights and gives every sample its reward, advantage and update. With
  // dynamic sampling, in rounds, until there are enough groups that teach something.
  void collect() {
    const rl::GrpoConfig& grpo = config_.grpo;
    rollout_ = {};
    rollout_.number = step_ / grpo.num_updates_per_rollout;
    rollout_.weights_hash = weights_hash(*policy_.model);
    rollout_tokens_ = 0;
    rollout_seconds_ = reward_seconds_ = 0;
    rollout_length_ = sampling_now().max_completion_length;
    if (!config_.replay_rollouts.empty()) return replay();
    SamplingPass pass;
    std::vector<int64_t> indices;
    std::vector<double> greedy;
    int64_t groups_sampled = 0;
    const int64_t wanted = grpo.prompts_per_rollout();
    for (int64_t round = 0; static_cast<int64_t>(indices.size()) < wanted && round < (grpo.dynamic_sampling ? grpo.max_sampling_rounds : 1); ++round) {
      Round more = sample_round(wanted, round);
      groups_sampled += wanted;
      for (size_t p = 0; p < more.indices.size() && static_cast<int64_t>(indices.size()) < wanted; ++p) {
        if (grpo.dynamic_sampling && is_flat(more.pass, p)) continue;
        const int64_t place = static_cast<int64_t>(indices.size());
        indices.push_back(more.indices[p]);
        if (!more.greedy.empty()) greedy.push_back(more.greedy[p]);
        pass.prompts.push_back(more.pass.prompts[p]);
        for (int64_t g = 0; g < grpo.num_generations; ++g) {
          pass.completions.push_back(std::move(more.pass.completions[p * static_cast<size_t>(grpo.num_generations) + static_cast<size_t>(g)]));
          pass.completions.back().problem = place;
        }
      }
    }
    if (indices.empty()) {
      throw Error("no group of " + format_count(groups_sampled) + " had two different rewards", context_.name() + " step " + std::to_string(step_ + 1),
                  "the problems are too easy or too hard for this policy; turn dynamic_sampling off or choose others");
    }
    assign(pass, indices, greedy);
    if (grpo.dynamic_sampling) rollout_.metrics.emplace_back("groups_sampled", static_cast<double>(groups_sampled) / static_cast<double>(wanted));
    rl::deal_to_updates(rollout_, grpo.num_updates_per_rollout, context_.seed(), stage_number());
    write_samples(pass);
  }

  // The recorded rollout of this number, as if it had just been sampled and rewarded.
  void replay() {
    const fs::path file = fs::path(config_.replay_rollouts) / rl::rollout_file_name(rollout_.number);
    if (!is_file(file)) throw Error("has no rollout " + std::to_string(rollout_.number), config_.replay_rollouts, "the recorded run was shorter; lower max_steps");
    const rl::RecordedRollout recorded = rl::read_rollout(file);
    const int64_t G = config_.grpo.num_generations;
    if (recorded.samples.size() % static_cast<size_t>(G) != 0) throw Error("has " + std::to_string(recorded.samples.size()) + " samples, not groups of " + std::to_string(G), file.string());
    if (recorded.weights_hash != rollout_.weights_hash && !replays_others_) {
      context_.note("replays samples of other weights than the policy's from rollout " + std::to_string(rollout_.number) + " on");
      replays_others_ = true;
    }
    rollout_.weights_hash = recorded.weights_hash;
    SamplingPass pass;
    std::vector<int64_t> indices;
    for (size_t i = 0; i < recorded.samples.size(); ++i) {
      const rl::RecordedSample& sample = recorded.samples[i];
      if (i % static_cast<size_t>(G) == 0) {
        indices.push_back(prompts_->index_of(sample.problem_id));
        pass.prompts.push_back({policy_.tokenizer->decode(sample.prompt_ids, {}), sample.prompt_ids, false});
      }
      GradedCompletion graded;
      graded.problem = static_cast<int64_t>(indices.size()) - 1;
      graded.completion.sample_index = sample.sample_index;
      graded.completion.ids = sample.completion_ids;
      graded.completion.behavior_logprobs = sample.behavior_logprobs;
      graded.completion.stop_reason = sample.stop_reason;
      graded.completion.text = policy_.tokenizer->decode(sample.completion_ids, {.skip_special_tokens = true});
      graded.score = sample.score;
      rollout_tokens_ += static_cast<int64_t>(sample.completion_ids.size());
      pass.completions.push_back(std::move(graded));
    }
    prompts_drawn_ += static_cast<int64_t>(indices.size());
    assign(pass, indices, {});
    rl::deal_to_updates(rollout_, config_.grpo.num_updates_per_rollout, context_.seed(), stage_number());
    write_samples(pass);
  }

  // Prompts drawn, sampled and graded. prompts_drawn_ says where in the order the next one stands.
  struct Round {
    std::vector<int64_t> indices;  // into problems_, sorted; one a group
    SamplingPass pass;
    std::vector<double> greedy;
  };
  Round sample_round(int64_t num_prompts, int64_t number) {
    Round round;
    round.indices = prompts_->draw(prompts_drawn_, num_prompts, step_);
    prompts_drawn_ += num_prompts;
    std::vector<data::Problem> problems;
    std::vector<uint64_t> numbers;
    for (size_t i = 0; i < round.indices.size(); ++i) {
      problems.push_back(prompts_->problems()[static_cast<size_t>(round.indices[i])]);
      // A problem drawn twice in one round (a small store) gets a number of its own.
      numbers.push_back(name_number(problems.back().id) + (i > 0 && round.indices[i] == round.indices[i - 1] ? static_cast<uint64_t>(i) : 0));
    }
    std::vector<uint64_t> path = {context_.seed(), stage_number(), name_number("rollout"), static_cast<uint64_t>(rollout_.number)};
    if (number > 0) path.push_back(static_cast<uint64_t>(number));
    round.pass = sample_and_grade(context_, policy_, problems, numbers, *writer_, sampling_now(), rewards::at_step(config_.rewards, step_),
                                  config_.grpo.num_generations, path, false, batch_rewards_);
    if (round.pass.reward_failures > config_.max_reward_failures) {
      throw Error(format_fixed(100 * round.pass.reward_failures, 1) + " % of the rewards could not be computed (max_reward_failures " +
                      format_fixed(100 * config_.max_reward_failures, 1) + " %)", context_.name() + " step " + std::to_string(step_ + 1),
                  round.pass.first_failure.empty() ? "look at rollouts/ for the reasons" : round.pass.first_failure);
    }
    rollout_tokens_ += round.pass.num_tokens;
    rollout_seconds_ += round.pass.seconds - round.pass.reward_seconds;
    reward_seconds_ += round.pass.reward_seconds;
    round.greedy = greedy_rewards(problems, numbers);
    return round;
  }

  bool is_flat(const SamplingPass& pass, size_t prompt) const {
    const size_t G = static_cast<size_t>(config_.grpo.num_generations);
    for (size_t g = 1; g < G; ++g) {
      if (pass.completions[prompt * G + g].score.reward != pass.completions[prompt * G].score.reward) return false;
    }
    return true;
  }

  // Sampling as it is for a rollout that starts now.
  generation::SamplingConfig sampling_now() const {
    generation::SamplingConfig sampling = config_.sampling;
    sampling.max_completion_length = config_.grpo.completion_length_at(step_, sampling.max_completion_length);
    return sampling;
  }

  // ReMax's baseline: what the most likely completion of each prompt earns. Empty for other algorithms.
  std::vector<double> greedy_rewards(const std::vector<data::Problem>& problems, const std::vector<uint64_t>& numbers) {
    if (algorithm_.advantage != rl::AdvantageEstimator::greedy) return {};
    generation::SamplingConfig greedy = sampling_now();
    greedy.temperature = 0;
    const SamplingPass pass = sample_and_grade(context_, policy_, problems, numbers, *writer_, greedy, rewards::at_step(config_.rewards, step_), 1,
                                               {context_.seed(), stage_number(), name_number("greedy"), static_cast<uint64_t>(rollout_.number)}, false, batch_rewards_);
    std::vector<double> rewards;
    for (const GradedCompletion& graded : pass.completions) rewards.push_back(graded.score.reward);
    return rewards;
  }

  // Rewards to advantages, over what the policy, the reference and the value model say of every token.
  void assign(const SamplingPass& pass, const std::vector<int64_t>& indices, const std::vector<double>& greedy_rewards) {
    const int64_t G = config_.grpo.num_generations;
    Means means;
    double squares = 0;
    for (const GradedCompletion& graded : pass.completions) {
      rl::RolloutSample sample;
      sample.problem_index = indices[graded.problem];
      sample.sample_index = graded.completion.sample_index;
      sample.prompt_ids = pass.prompts[graded.problem].ids;
      sample.completion_ids = graded.completion.ids;
      sample.behavior_logprobs = graded.completion.behavior_logprobs;
      sample.reward = graded.score.reward;
      sample.finished = graded.completion.stop_reason != generation::StopReason::length;
      means.add("reward", sample.reward);
      squares += sample.reward * sample.reward;
      means.add("accuracy", graded.score.verdict.kind == grading::VerdictKind::correct);
      for (const auto& term : graded.score.terms) {
        if (term.name != "accuracy") means.add(term.name, term.value);
        means.add("reward_failures", term.failed);
      }
      const std::string& language = prompts_->problems()[static_cast<size_t>(sample.problem_index)].language;
      if (!language.empty()) means.add("language_mixed", grading::language_consistency(graded.completion.text, language) < 1);
      means.add("mean_length", static_cast<double>(sample.completion_ids.size()));
      means.add("truncated", !sample.finished);
      rollout_.samples.push_back(std::move(sample));
    }
    score_tokens();
    std::vector<rl::SampleSignal> signals;
    for (size_t i = 0; i < rollout_.samples.size(); ++i) {
      const rl::RolloutSample& sample = rollout_.samples[i];
      signals.push_back({.group = static_cast<int64_t>(i) / G, .reward = sample.reward,
                         .greedy_reward = greedy_rewards.empty() ? 0.0 : greedy_rewards[i / static_cast<size_t>(G)],
                         .num_tokens = static_cast<int64_t>(sample.completion_ids.size()), .trained = is_trained(sample),
                         .policy_logprobs = sample.old_logprobs.empty() ? sample.behavior_logprobs : sample.old_logprobs,
                         .reference_logprobs = sample.reference_logprobs, .values = sample.values});
    }
    const std::vector<rl::SampleAdvantage> advantages = rl::advantages_of(config_.grpo, signals);
    for (size_t i = 0; i < advantages.size(); ++i) {
      rollout_.samples[i].advantages = advantages[i].advantages;
      rollout_.samples[i].returns = advantages[i].returns;
      if (i % static_cast<size_t>(G) == 0) means.add("groups_without_signal", advantages[i].flat);
      for (float a : advantages[i].advantages) means.add("advantage_magnitude", std::abs(a));
    }
    rollout_.metrics = means.values();
    const double mean = rollout_.metrics.empty() ? 0 : rollout_.metrics[0].second, count = static_cast<double>(rollout_.samples.size());
    rollout_.metrics.emplace_back("reward_std", std::sqrt(std::max(0.0, squares / count - mean * mean)));
    sampled_tokens_ += rollout_tokens_;
    watch(pass);
  }

  void watch(const SamplingPass& pass) {
    rl::WatchedRollout watched;
    for (const auto& [name, value] : rollout_.metrics) {
      if (name == "reward") watched.reward = value;
      if (name == "mean_length") watched.mean_length = value;
    }
    const rewards::RewardConfig now = rewards::at_step(config_.rewards, step_);
    for (size_t t = 0; t < now.reward_funcs.size(); ++t) {
      double sum = 0, squares = 0;
      for (const GradedCompletion& graded : pass.completions) {
        const double value = (now.reward_weights.empty() ? 1.0 : now.reward_weights[t]) * graded.score.terms.at(t).value;
        sum += value;
        squares += value * value;
      }
      const double count = static_cast<double>(pass.completions.size());
      watched.term_variance.emplace_back(now.reward_funcs[t], std::max(0.0, squares / count - sum / count * sum / count));
    }
    for (const std::string& line : watch_.add(watched)) context_.note(line);
  }

  // Greedy accuracy on the held-out problems, every eval_steps and at the start.
  void evaluate(pipeline::Metrics& row) {
    if (eval_problems_.empty()) return;
    std::vector<uint64_t> numbers;
    for (const data::Problem& problem : eval_problems_) numbers.push_back(name_number(problem.id));
    generation::SamplingConfig greedy = sampling_now();
    greedy.temperature = 0;
    rewards::RewardConfig accuracy;
    accuracy.reward_funcs = {"accuracy"};
    at::NoGradGuard guard;
    const SamplingPass pass = sample_and_grade(context_, policy_, eval_problems_, numbers, *writer_, greedy, accuracy, 1, {context_.seed(), stage_number(), name_number("evaluate")}, false);
    double correct = 0;
    for (const GradedCompletion& graded : pass.completions) correct += graded.score.verdict.kind == grading::VerdictKind::correct;
    const double count = static_cast<double>(pass.completions.size());
    row.emplace_back("eval_accuracy", correct / count);
    row.emplace_back("eval_mean_length", static_cast<double>(pass.num_tokens) / count);
    for (const std::string& line : watch_.add_evaluation(correct / count)) context_.note(line);
  }

  void score_tokens() {
    if (config_.sampling.filters() || config_.grpo.importance_correction != "none") {
      const auto own = training::row_logprobs(*policy_.model, all_rows(), config_.batch.tile_tokens, temperature());
      for (size_t i = 0; i < own.size(); ++i) {
        rl::RolloutSample& sample = rollout_.samples[i];
        sample.old_logprobs = own[i];
        if (config_.grpo.importance_correction != "none") sample.corrections = rl::importance_correction(config_.grpo, own[i], sample.behavior_logprobs);
      }
    }
    score_reference();
    if (critic_) {
      const auto values = training::row_values(*critic_, all_rows(), config_.batch.tile_tokens);
      for (size_t i = 0; i < values.size(); ++i) rollout_.samples[i].values = values[i];
    }
  }

  class Means {
   public:
    void add(const std::string& name, double value) {
      for (auto& [key, sum, count] : entries_) {
        if (key == name) {
          sum += value;
          ++count;
          return;
        }
      }
      entries_.push_back({name, value, 1});
    }
    std::vector<std::pair<std::string, double>> values() const {
      std::vector<std::pair<std::string, double>> out;
      for (const auto& [key, sum, count] : entries_) out.emplace_back(key, sum / static_cast<double>(count));
      return out;
    }

   private:
    struct Entry {
      std::string name;
      double sum;
      int64_t count;
    };
    std::vector<Entry> entries_;
  };

  training::TrainingRow row_of_sample(const rl::RolloutSample& sample, size_t order) const {
    training::TrainingRow row;
    row.ids = sample.prompt_ids;
    row.num_prompt_ids = static_cast<int64_t>(row.ids.size());
    row.ids.insert(row.ids.end(), sample.completion_ids.begin(), sample.completion_ids.end());
    row.order = static_cast<int64_t>(order);
    row.advantages = sample.advantages;
    row.behavior_logprobs = sample.behavior_logprobs;
    row.old_logprobs = sample.old_logprobs;
    row.reference_logprobs = sample.reference_logprobs;
    row.corrections = sample.corrections;
    row.values = sample.values;
    row.returns = sample.returns;
    row.weight = is_trained(sample) ? 1 : 0;
    return row;
  }

  bool is_trained(const rl::RolloutSample& sample) const { return sample.finished || !config_.grpo.mask_truncated_completions; }

  std::vector<training::TrainingRow> all_rows() const {
    std::vector<training::TrainingRow> rows;
    for (size_t i = 0; i < rollout_.samples.size(); ++i) rows.push_back(row_of_sample(rollout_.samples[i], i));
    return rows;
  }

  void score_reference() {
    if (!reference_.model) return;
    const auto scores = training::row_logprobs(*reference_.model, all_rows(), config_.batch.tile_tokens, temperature());
    for (size_t i = 0; i < scores.size(); ++i) rollout_.samples[i].reference_logprobs = scores[i];
  }

  // On a rollout's first update the policy still is the sampler: the two log-probs of a token must agree.
  void check_logprob_gap(const training::StepMetrics& metrics) const {
    if (step_ % config_.grpo.num_updates_per_rollout != 0 || config_.sampling.filters() || replays_others_) return;
    const double gap = metrics.sum("logprob_gap"), allowed = policy_.model->is_batch_invariant() ? 0 : config_.grpo.max_logprob_gap;
    if (gap <= allowed || (allowed == 0 && !policy_.model->is_batch_invariant())) return;
    throw Error("sampler and trainer differ by " + std::to_string(gap) + " in a token's log-prob (allowed: " + std::to_string(allowed) + ")",
                context_.name() + " step " + std::to_string(step_ + 1), "the samples are not this policy's own; see importance_correction in docs/algorithms.md");
  }

  training::StepMetrics train_on(int64_t update) {
    std::vector<training::TrainingRow> rows;
    for (size_t i = 0; i < rollout_.samples.size(); ++i) {
      if (rollout_.samples[i].update == update) rows.push_back(row_of_sample(rollout_.samples[i], i));
    }
    const double rate = training::learning_rate_at(config_.optimizer, step_, config_.grpo.max_steps);
    const std::string where = context_.name() + " step " + std::to_string(step_ + 1);
    if (critic_) {
      training::OptimizerConfig value_optimizer = config_.optimizer;
      value_optimizer.learning_rate = config_.grpo.value_learning_rate;
      const auto loss = rl::value_loss(*critic_, rows, config_.grpo.value_clip);
      value_loss_ = training::train_step(*critic_, *critic_optimizer_, rows, config_.batch.tile_tokens, config_.batch.gradient_checkpointing,
                                         training::learning_rate_at(value_optimizer, step_, config_.grpo.max_steps), loss, where + ", value model").loss;
    }
    const auto loss = rl::policy_loss(*policy_.model, rows, config_.grpo, temperature(), rollout_length_);
    return training::train_step(*policy_.model, *optimizer_, rows, config_.batch.tile_tokens, config_.batch.gradient_checkpointing, rate, loss, where);
  }

  void replace_reference(int64_t update) {
    const int64_t every = config_.grpo.reference_update_steps;
    if (!reference_.model || every == 0 || (step_ + 1) % every != 0) return;
    copy_weights(policy_.model->weights(), *reference_.model);
    context_.note("reference replaced by the policy of step " + std::to_string(step_ + 1));
    if (update + 1 < config_.grpo.num_updates_per_rollout) score_reference();
  }

  void record(const training::StepMetrics& metrics, double seconds) {
    const bool fresh = step_ % config_.grpo.num_updates_per_rollout == 0;
    num_tokens_ += metrics.num_tokens + (fresh ? rollout_tokens_ : 0);
    const double weight = std::max(1.0, metrics.sum("weight"));
    pipeline::Metrics row = rollout_.metrics;
    row.insert(row.end(), {{"loss", metrics.loss}, {"kl", metrics.sum("kl") / weight}, {"entropy", metrics.sum("entropy") / weight},
                           {"clip_fraction", metrics.sum("clip_fraction") / weight}, {"clip_low", metrics.sum("clip_low") / weight},
                           {"clip_high", metrics.sum("clip_high") / weight}, {"ratio", metrics.sum("ratio") / weight}, {"grad_norm", metrics.grad_norm},
                           {"learning_rate", metrics.learning_rate}, {"tokens", static_cast<double>(num_tokens_)}, {"seconds", seconds},
                           {"tokens_per_second", static_cast<double>(metrics.num_tokens) / std::max(1e-9, seconds)}});
    if (critic_) row.emplace_back("value_loss", value_loss_);
    if (fresh) {
      if (!config_.sampling.filters()) row.emplace_back("max_logprob_gap", metrics.sum("logprob_gap"));
      row.emplace_back("rollout_seconds", rollout_seconds_);
      row.emplace_back("reward_seconds", reward_seconds_);
      row.emplace_back("rollout_tokens_per_second", static_cast<double>(rollout_tokens_) / std::max(1e-9, rollout_seconds_));
      if (rollout_seconds_ > 0) row.emplace_back("rollout_mfu", mfu(rollout_tokens_, 1, rollout_seconds_));
      row.emplace_back("reward_time_share", reward_seconds_ / std::max(1e-9, seconds));
    }
    row.emplace_back("update_seconds", update_seconds_);
    row.emplace_back("update_mfu", mfu(metrics.num_tokens, 3, update_seconds_));
    row.emplace_back("hacking_signs", static_cast<double>(watch_.num_signs()));
    row.emplace_back("peak_memory_gigabytes", peak_memory_gigabytes());
    if (config_.eval_steps > 0 && (step_ + 1) % config_.eval_steps == 0) evaluate(row);
    context_.record(step_, row);
    StateHash hash;
    training::add_tensors_to_hash(hash, policy_.model->weights());
    optimizer_->add_to_hash(hash);
    if (reference_.model) training::add_tensors_to_hash(hash, reference_.model->weights());
    if (critic_) {
      training::add_tensors_to_hash(hash, critic_->weights());
      critic_optimizer_->add_to_hash(hash);
    }
    hash.add(rollout_.weights_hash);
    hash.add_u64(static_cast<uint64_t>(rollout_.number));
    context_.ledger(step_, hash.hex(), {{"loss", metrics.loss}, {"samples", static_cast<double>(rollout_.samples.size())}});
    pipeline::Metrics shown;
    for (const auto& [name, value] : rollout_.metrics) {
      if (name == "reward" || name == "accuracy" || name == "mean_length") shown.emplace_back(name, value);
    }
    shown.emplace_back("tokens_per_second", static_cast<double>(metrics.num_tokens) / std::max(1e-9, seconds));
    context_.progress(step_ + 1, config_.grpo.max_steps, shown);
  }

  // Model FLOPs utilisation (PaLM, 2204.02311, appendix B): what the tokens' products need in so many passes, over what the
  // device's large products do in that time. Recomputation is not counted; a prompt is, once for each of its completions in the
  // update, so that sharing it can lift the figure above 1. Sampling counts completions only.
  double mfu(int64_t num_tokens, double passes, double seconds) const {
    const double flops = policy_.model->config().forward_flops_per_token(static_cast<double>(rollout_length_) / 2);
    return static_cast<double>(num_tokens) * passes * flops / std::max(1e-9, seconds) / peak_flops_per_second_;
  }

  void write_samples(const SamplingPass& pass) {
    make_folders(context_.folder() / "rollouts");
    if (config_.save_rollouts) {
      rl::RecordedRollout recorded{rollout_.number, rollout_.weights_hash, {}};
      for (size_t i = 0; i < pass.completions.size(); ++i) {
        const GradedCompletion& g = pass.completions[i];
        recorded.samples.push_back({prompts_->problems()[static_cast<size_t>(rollout_.samples[i].problem_index)].id, g.problem, g.completion.sample_index,
                                    pass.prompts[static_cast<size_t>(g.problem)].ids, g.completion.ids, g.completion.behavior_logprobs, g.completion.stop_reason, g.score});
      }
      rl::write_rollout(context_.folder() / "rollouts" / rl::rollout_file_name(rollout_.number), recorded);
    }
    std::string lines;
    for (size_t i = 0; i < std::min(kShownSamples, pass.completions.size()); ++i) {
      const GradedCompletion& g = pass.completions[i];
      nlohmann::json terms = nlohmann::json::object();
      for (const auto& term : g.score.terms) terms[term.name] = term.failed ? nlohmann::json(nullptr) : nlohmann::json(term.value);
      const nlohmann::json line = {{"problem_id", prompts_->problems()[static_cast<size_t>(rollout_.samples[i].problem_index)].id}, {"sample_index", g.completion.sample_index},
                                   {"prompt", pass.prompts[g.problem].text}, {"completion", g.completion.text},
                                   {"stop_reason", generation::to_string(g.completion.stop_reason)}, {"reward", g.score.reward},
                                   {"terms", terms}, {"verdict", grading::to_string(g.score.verdict.kind)}, {"reason", g.score.verdict.reason},
                                   {"weights_hash", rollout_.weights_hash}};
      lines += line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    }
    std::string number = std::to_string(rollout_.number);
    number.insert(0, 6 - std::min<size_t>(6, number.size()), '0');
    write_file(context_.folder() / "rollouts" / ("rollout-" + number + ".jsonl"), lines);
  }

  void save() {
    checkpoint::CheckpointContent content;
    content.policy = &policy_;
    content.optimizer = optimizer_->state();
    if (reference_.model) content.reference = reference_.model->weights();
    if (critic_) {
      content.critic = critic_->weights();
      content.critic_optimizer = critic_optimizer_->state();
    }
    const bool in_use = step_ % config_.grpo.num_updates_per_rollout != 0;
    content.state = {{"num_tokens", num_tokens_}, {"sampled_tokens", sampled_tokens_}, {"optimizer_steps", optimizer_->num_steps()},
                     {"prompts_drawn", prompts_drawn_}, {"rollout_length", rollout_length_}, {"hacking_watch", watch_.state()},
                     {"rollout", in_use ? rl::to_json(rollout_) : nlohmann::json(nullptr)}};
    checkpoint::write_checkpoint(context_.folder(), step_, content, config_.batch.save_total_limit);
  }

  nlohmann::json finish() {
    write_trained_model(context_, policy_, *optimizer_, config_.optimizer, config_.from);
    return {{"steps", step_}, {"tokens", num_tokens_}, {"sampled_tokens", sampled_tokens_}, {"trained_tokens", sampled_tokens_}, {"weights_hash", weights_hash(*policy_.model)}};
  }

  double temperature() const { return config_.sampling.temperature > 0 ? config_.sampling.temperature : 1.0; }
  uint64_t stage_number() const { return name_number(context_.name()); }

  pipeline::StageContext& context_;
  GrpoStageConfig config_;
  rl::Algorithm algorithm_;
  model::LoadedModel policy_, reference_;
  std::unique_ptr<model::Transformer> critic_;  // PPO's value model; null for the others
  std::unique_ptr<training::AdamW> optimizer_, critic_optimizer_;
  std::unique_ptr<PromptWriter> writer_;
  std::unique_ptr<PromptStream> prompts_;
  std::unique_ptr<RewardModel> reward_model_;
  std::unique_ptr<rewards::ProgramReward> reward_program_;
  rewards::BatchRewards batch_rewards_;
  std::vector<data::Problem> eval_problems_;
  rl::HackingWatch watch_;
  bool replays_others_ = false;
  rl::Rollout rollout_;
  int64_t step_ = 0, num_tokens_ = 0, sampled_tokens_ = 0, rollout_tokens_ = 0, rollout_length_ = 0, prompts_drawn_ = 0;
  double rollout_seconds_ = 0, reward_seconds_ = 0, update_seconds_ = 0, value_loss_ = 0, peak_flops_per_second_ = 0;
};

}  // namespace

nlohmann::json run_grpo(pipeline::StageContext& context) { return GrpoStage(context).run(); }

}  // namespace reprise::stages
