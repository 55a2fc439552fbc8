// The table of rewards and how their terms become one number.
#include "rewards/reward.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/strings.h"
#include "grading/grader.h"
#include "rewards/terms.h"

namespace reprise::rewards {
namespace {

using Function = RewardTerm (*)(const TermInput&);
struct Row {
  const char* name;
  Function function;
};
constexpr Row kRewards[] = {{"accuracy", accuracy}, {"format", format}, {"tag_count", tag_count},
                            {"language_consistency", language_consistency}, {"length", length}, {"cosine", cosine},
                            {"repetition_penalty", repetition_penalty}, {"soft_overlong", soft_overlong},
                            {"reward_model", nullptr}, {"program", nullptr}};  // null: a BatchReward's

Function function_of(const std::string& name) {
  for (const Row& row : kRewards) {
    if (name == row.name) return row.function;
  }
  throw Error("'" + name + "' is not a reward", "reward_funcs", "rewards: " + join(reward_names(), ", "));
}

}  // namespace

std::vector<std::string> reward_names() {
  std::vector<std::string> names;
  for (const Row& row : kRewards) names.emplace_back(row.name);
  return names;
}

RewardConfig at_step(const RewardConfig& config, int64_t step) {
  if (config.reward_start_steps.empty()) return config;
  RewardConfig now = config;
  if (now.reward_weights.empty()) now.reward_weights.assign(now.reward_funcs.size(), 1.0);
  for (size_t i = 0; i < now.reward_weights.size() && i < config.reward_start_steps.size(); ++i) {
    if (step < config.reward_start_steps[i]) now.reward_weights[i] = 0;
  }
  return now;
}

namespace {

double weight_of(const RewardConfig& config, size_t i) { return config.reward_weights.empty() ? 1.0 : config.reward_weights[i]; }

// The weighted sum. Behind a closed gate only format counts.
void combine(const RewardConfig& config, bool gate_closed, ScoredCompletion& scored) {
  scored.reward = 0;
  for (size_t i = 0; i < scored.terms.size(); ++i) {
    const RewardTerm& term = scored.terms[i];
    if (!term.failed && !(gate_closed && term.name != "format")) scored.reward += weight_of(config, i) * term.value;
  }
}

}  // namespace

std::vector<ScoredCompletion> score_completions(const RewardConfig& config, const std::vector<RewardInput>& inputs, const BatchRewards& batch) {
  if (!config.reward_weights.empty() && config.reward_weights.size() != config.reward_funcs.size()) {
    throw Error("has " + std::to_string(config.reward_weights.size()) + " weights for " + std::to_string(config.reward_funcs.size()) + " rewards",
                "reward_weights", "one weight per reward, or none");
  }
  std::vector<std::vector<RewardTerm>> of_batch(config.reward_funcs.size());
  for (size_t i = 0; i < config.reward_funcs.size(); ++i) {
    if (function_of(config.reward_funcs[i])) continue;
    const auto found = batch.find(config.reward_funcs[i]);
    if (found == batch.end()) throw Error("'" + config.reward_funcs[i] + "' is not a reward here", "reward_funcs", "it belongs to a grpo stage");
    of_batch[i] = found->second->score(inputs);
  }
  std::vector<ScoredCompletion> all;
  for (size_t n = 0; n < inputs.size(); ++n) {
    const RewardInput& input = inputs[n];
    ScoredCompletion scored;
    scored.verdict = grading::grade({input.problem, input.completion, input.prompt_opened_think, input.finished});
    const text::TaggedText tags = text::split_think_tags(input.completion, input.prompt_opened_think);
    const TermInput term_input{config, input, scored.verdict, tags};
    for (size_t i = 0; i < config.reward_funcs.size(); ++i) {
      const Function function = function_of(config.reward_funcs[i]);
      scored.terms.push_back(function ? function(term_input) : of_batch[i].at(n));
    }
    combine(config, config.reward_combination == "gated" && format(term_input).value < 1, scored);
    all.push_back(std::move(scored));
  }
  return all;
}

ScoredCompletion score_completion(const RewardConfig& config, const RewardInput& input) { return score_completions(config, {input})[0]; }

void scale_rewards(const RewardConfig& config, int64_t group_size, std::vector<ScoredCompletion*> completions) {
  if (config.reward_scaling == "none" || completions.empty()) return;
  const size_t size = config.reward_scaling == "group" ? static_cast<size_t>(group_size) : completions.size();
  for (size_t start = 0; start < completions.size(); start += size) {
    const size_t end = std::min(completions.size(), start + size);
    std::vector<double> rewards(end - start, 0.0);
    for (size_t i = 0; i < config.reward_funcs.size(); ++i) {
      double sum = 0, squares = 0, count = 0;
      for (size_t n = start; n < end; ++n) {
        const RewardTerm& term = completions[n]->terms[i];
        if (term.failed) continue;
        sum += term.value;
        ++count;
      }
      const double mean = count > 0 ? sum / count : 0;
      for (size_t n = start; n < end; ++n) {
        const RewardTerm& term = completions[n]->terms[i];
        if (!term.failed) squares += (term.value - mean) * (term.value - mean);
      }
      // As GRPO's own advantages: the standard deviation of a sample, plus a small number. A flat term adds nothing.
      const double deviation = count > 1 ? std::sqrt(squares / (count - 1)) : 0;
      for (size_t n = start; n < end && deviation > 0; ++n) {
        const RewardTerm& term = completions[n]->terms[i];
        if (!term.failed) rewards[n - start] += weight_of(config, i) * (term.value - mean) / (deviation + 1e-4);
      }
    }
    for (size_t n = start; n < end; ++n) completions[n]->reward = rewards[n - start];
  }
}

}  // namespace reprise::rewards
