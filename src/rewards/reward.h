// Rewards by name (TRL's and open-r1's `reward_funcs`): accuracy, format, tag_count, language_consistency, length ...
// Torch-free and pure. A reward that cannot be computed is `failed`, never a zero.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/field.h"
#include "data/problem.h"
#include "grading/verdict.h"

namespace reprise::rewards {

struct RewardInput {
  const data::Problem& problem;
  std::string_view completion;
  int64_t num_tokens = 0;
  bool finished = true;
  bool prompt_opened_think = false;
};

struct RewardTerm {
  std::string name;
  double value = 0;
  bool failed = false;
};

struct ScoredCompletion {
  grading::Verdict verdict;        // of the problem's grader (also when accuracy is no reward)
  std::vector<RewardTerm> terms;   // one per reward_funcs, in order
  double reward = 0;               // sum of weight * value (see combine)
};

struct RewardConfig {
  std::vector<std::string> reward_funcs = {"accuracy", "format"};
  std::vector<double> reward_weights;
  std::vector<int64_t> reward_start_steps;
  std::string reward_combination = "sum";
  int64_t max_completion_len = 0, soft_punish_cache = 0;
  double cosine_min_value_wrong = -1.0, cosine_max_value_wrong = -0.5;
  double cosine_min_value_correct = 0.5, cosine_max_value_correct = 1.0;
  int64_t cosine_max_len = 1000;
  int64_t repetition_n_grams = 3;
  double repetition_max_penalty = -1.0;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("reward_funcs", reward_funcs, "Rewards by name; their weighted sum is the reward.",
            one_of({"accuracy", "format", "tag_count", "language_consistency", "length", "cosine", "repetition_penalty", "soft_overlong"}));
    v.field("reward_weights", reward_weights, "One weight per reward; empty means 1 each (R1-Zero: accuracy and format alike).");
    v.field("reward_start_steps", reward_start_steps,
            "One step per reward from which on it counts (R1's last stage adds the preference reward for its last 400 steps); empty: all from the start.");
    v.field("reward_combination", reward_combination,
            "sum: R = sum of weight x reward (R1's equation 4). gated: all but format count only where format is 1.",
            one_of({"sum", "gated"}));
    v.field("max_completion_len", max_completion_len, "soft_overlong: length at which the penalty reaches -1 (DAPO: 20480).", at_least(0));
    v.field("soft_punish_cache", soft_punish_cache, "soft_overlong: the penalty grows over these last tokens (DAPO: 4096).", at_least(0));
    v.field("cosine_min_value_wrong", cosine_min_value_wrong, "cosine: reward of a wrong answer at length 0.");
    v.field("cosine_max_value_wrong", cosine_max_value_wrong, "cosine: reward of a wrong answer at cosine_max_len.");
    v.field("cosine_min_value_correct", cosine_min_value_correct, "cosine: reward of a right answer at cosine_max_len.");
    v.field("cosine_max_value_correct", cosine_max_value_correct, "cosine: reward of a right answer at length 0.");
    v.field("cosine_max_len", cosine_max_len, "cosine: length in tokens at which the curve ends.", at_least(1));
    v.field("repetition_n_grams", repetition_n_grams, "repetition_penalty: n of the word n-grams.", at_least(1));
    v.field("repetition_max_penalty", repetition_max_penalty, "repetition_penalty: value when every n-gram is a repeat; at most 0.",
            between(-1e9, 0));
  }
};

// The rewards as they count at a step of RL: those that have not started weigh nothing.
RewardConfig at_step(const RewardConfig& config, int64_t step);

// Throws Error for unknown names or a weights list of another length (the recipe's fault).
ScoredCompletion score_completion(const RewardConfig& config, const RewardInput& input);
std::vector<std::string> reward_names();

}  // namespace reprise::rewards
