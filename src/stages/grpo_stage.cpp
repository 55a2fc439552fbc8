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
#include "data/order.h"
#include "grading/language.h"
#include "io/jsonl.h"
#include "rl/advantage.h"
#include "rl/policy_loss.h"
#include "rl/rollout.h"
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
      const training::StepMetrics metrics = train_on(update);
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
    place(context_.hardware());
    policy_ = load_checkpoint_model(context_);
    const bool resumed = policy_.model != nullptr;
    if (!resumed) policy_ = load_stage_model(context_, config_.from);
    if (config_.grpo.beta > 0) reference_ = load_stage_model(context_, config_.from);
    if (algorithm_.needs_values()) {
      critic_ = std::make_unique<model::Transformer>(model::Transformer::with_score_head(*load_stage_model(context_, config_.from).model, 1));
      critic_->set_batch_invariant(policy_.model->is_batch_invariant());
      critic_optimizer_ = std::make_unique<training::AdamW>(*critic_, config_.optimizer);
    }
    optimizer_ = std::make_unique<training::AdamW>(*policy_.model, config_.optimizer);
    problems_ = problems_of_store(context_.resolve(config_.dataset_name), 0);
    writer_ = std::make_unique<PromptWriter>(config_.prompt, policy_);
    order_ = std::make_unique<data::Order>(static_cast<int64_t>(problems_.size()),
                                           std::vector<uint64_t>{context_.seed(), stage_number(), name_number("prompts")});
    if (resumed) restore();
    context_.begin_at(step_);
  }

  void restore() {
    const auto found = checkpoint::newest_checkpoint(context_.folder());
    const nlohmann::json state = checkpoint::read_state(*found);
    step_ = found->step;
    num_tokens_ = state.at("num_tokens");
    sampled_tokens_ = state.at("sampled_tokens");
    prompts_drawn_ = state.at("prompts_drawn");
    rollout_length_ = state.at("rollout_length");
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
    rollout_seconds_ = 0;
    rollout_length_ = sampling_now().max_completion_length;
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

  // Prompts drawn, sampled and graded. prompts_drawn_ says where in the order the next one stands.
  struct Round {
    std::vector<int64_t> indices;  // into problems_, sorted; one a group
    SamplingPass pass;
    std::vector<double> greedy;
  };
  Round sample_round(int64_t num_prompts, int64_t number) {
    Round round;
    for (int64_t i = 0; i < num_prompts; ++i) round.indices.push_back(order_->at(prompts_drawn_ + i));
    prompts_drawn_ += num_prompts;
    std::sort(round.indices.begin(), round.indices.end());
    std::vector<data::Problem> problems;
    std::vector<uint64_t> numbers;
    for (size_t i = 0; i < round.indices.size(); ++i) {
      problems.push_back(problems_[round.indices[i]]);
      // A problem drawn twice in one round (a small store) gets a number of its own.
      numbers.push_back(name_number(problems.back().id) + (i > 0 && round.indices[i] == round.indices[i - 1] ? static_cast<uint64_t>(i) : 0));
    }
    std::vector<uint64_t> path = {context_.seed(), stage_number(), name_number("rollout"), static_cast<uint64_t>(rollout_.number)};
    if (number > 0) path.push_back(static_cast<uint64_t>(number));
    round.pass = sample_and_grade(context_, policy_, problems, numbers, *writer_, sampling_now(), rewards::at_step(config_.rewards, step_),
                                  config_.grpo.num_generations, path, false);
    if (round.pass.reward_failures > config_.max_reward_failures) {
      throw Error(format_fixed(100 * round.pass.reward_failures, 1) + " % of the rewards could not be computed (max_reward_failures " +
                      format_fixed(100 * config_.max_reward_failures, 1) + " %)", context_.name() + " step " + std::to_string(step_ + 1),
                  "look at rollouts/ for the reasons");
    }
    rollout_tokens_ += round.pass.num_tokens;
    rollout_seconds_ += round.pass.seconds;
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
                                               {context_.seed(), stage_number(), name_number("greedy"), static_cast<uint64_t>(rollout_.number)}, false);
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
      }
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
    if (step_ % config_.grpo.num_updates_per_rollout != 0 || config_.sampling.filters()) return;
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
      row.emplace_back("rollout_tokens_per_second", static_cast<double>(rollout_tokens_) / std::max(1e-9, rollout_seconds_));
    }
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

  void write_samples(const SamplingPass& pass) {
    make_folders(context_.folder() / "rollouts");
    std::string lines;
    for (size_t i = 0; i < std::min(kShownSamples, pass.completions.size()); ++i) {
      const GradedCompletion& g = pass.completions[i];
      nlohmann::json terms = nlohmann::json::object();
      for (const auto& term : g.score.terms) terms[term.name] = term.failed ? nlohmann::json(nullptr) : nlohmann::json(term.value);
      const nlohmann::json line = {{"problem_id", problems_[rollout_.samples[i].problem_index].id}, {"sample_index", g.completion.sample_index},
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
                     {"prompts_drawn", prompts_drawn_}, {"rollout_length", rollout_length_},
                     {"rollout", in_use ? rl::to_json(rollout_) : nlohmann::json(nullptr)}};
    checkpoint::write_checkpoint(context_.folder(), step_, content, config_.batch.save_total_limit);
  }

  nlohmann::json finish() {
    for (auto& [name, weight] : policy_.model->weights()) weight.set_requires_grad(false);
    const fs::path output = context_.folder() / "model";
    fs::remove_all(output);
    write_folder(output, [&](const fs::path& temporary) {
      model::save_model(temporary, *policy_.model, policy_.tokenizer.get(), policy_.chat_template, policy_.generation_config_json);
    });
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
  std::vector<data::Problem> problems_;
  std::unique_ptr<PromptWriter> writer_;
  std::unique_ptr<data::Order> order_;
  rl::Rollout rollout_;
  int64_t step_ = 0, num_tokens_ = 0, sampled_tokens_ = 0, rollout_tokens_ = 0, rollout_length_ = 0, prompts_drawn_ = 0;
  double rollout_seconds_ = 0, value_loss_ = 0;
};

}  // namespace

nlohmann::json run_grpo(pipeline::StageContext& context) { return GrpoStage(context).run(); }

}  // namespace reprise::stages
