// The table of rewards and how their terms become one number.
#include "rewards/reward.h"

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
                            {"repetition_penalty", repetition_penalty}, {"soft_overlong", soft_overlong}};

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

ScoredCompletion score_completion(const RewardConfig& config, const RewardInput& input) {
  if (!config.reward_weights.empty() && config.reward_weights.size() != config.reward_funcs.size()) {
    throw Error("has " + std::to_string(config.reward_weights.size()) + " weights for " + std::to_string(config.reward_funcs.size()) + " rewards",
                "reward_weights", "one weight per reward, or none");
  }
  ScoredCompletion scored;
  scored.verdict = grading::grade({input.problem, input.completion, input.prompt_opened_think, input.finished});
  const text::TaggedText tags = text::split_think_tags(input.completion, input.prompt_opened_think);
  const TermInput term_input{config, input, scored.verdict, tags};
  const bool gate = config.reward_combination == "gated" && format(term_input).value < 1;
  for (size_t i = 0; i < config.reward_funcs.size(); ++i) {
    RewardTerm term = function_of(config.reward_funcs[i])(term_input);
    const double weight = config.reward_weights.empty() ? 1.0 : config.reward_weights[i];
    if (!term.failed && !(gate && term.name != "format")) scored.reward += weight * term.value;
    scored.terms.push_back(std::move(term));
  }
  return scored;
}

}  // namespace reprise::rewards
