// Rewards by name (TRL's and open-r1's `reward_funcs`): accuracy, format, tag_count, language_consistency, length ...
// Torch-free and pure. A reward that cannot be computed is `failed`, never a zero.
#pragma once

#include <map>
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
  std::string reason;  // of a failure, where one is known
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
  std::string reward_model, reward_model_on = "all";
  std::vector<std::string> reward_program;
  double reward_program_timeout_seconds = 60;
  std::string reward_scaling = "none";

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("reward_funcs", reward_funcs, "Rewards by name; their weighted sum is the reward.",
            one_of({"accuracy", "format", "tag_count", "language_consistency", "length", "cosine", "repetition_penalty", "soft_overlong", "reward_model", "program"}));
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
    v.reference("reward_model", reward_model,
                "reward_model: a sequence classifier with one label (a model of the recipe or a Hugging Face folder); its score of prompt and completion.");
    v.field("reward_model_on", reward_model_on, "ungraded: only problems that no rule decides (grader: none) are scored, the others get 0 (R1's last stage).", one_of({"all", "ungraded"}));
    v.field("reward_program", reward_program,
            "program: the words of a command. It reads one JSON line a completion (problem_id, prompt, answer, completion, num_tokens, finished) "
            "and answers each, in order, with {\"reward\": x} or {\"error\": \"why\"}.");
    v.field("reward_program_timeout_seconds", reward_program_timeout_seconds, "program: it is ended after so long; what it has not answered has failed.", more_than(0));
    v.field("reward_scaling", reward_scaling,
            "group: each reward is centred and divided by its standard deviation in its group before it is weighted, so that none rules by "
            "its range alone (GDPO). batch: the same over the rollout.", one_of({"none", "group", "batch"}));
    v.field("repetition_n_grams", repetition_n_grams, "repetition_penalty: n of the word n-grams.", at_least(1));
    v.field("repetition_max_penalty", repetition_max_penalty, "repetition_penalty: value when every n-gram is a repeat; at most 0.",
            between(-1e9, 0));
  }
};

// The rewards as they count at a step of RL: those that have not started weigh nothing.
RewardConfig at_step(const RewardConfig& config, int64_t step);

// A reward that looks at many completions at once, or needs what this room does not link: one term an input, in order.
class BatchReward {
 public:
  virtual ~BatchReward() = default;
  virtual std::vector<RewardTerm> score(const std::vector<RewardInput>& inputs) = 0;
};
using BatchRewards = std::map<std::string, BatchReward*>;  // by name in reward_funcs

// Throws Error for unknown names or a weights list of another length (the recipe's fault), or a batch reward that is not there.
std::vector<ScoredCompletion> score_completions(const RewardConfig& config, const std::vector<RewardInput>& inputs, const BatchRewards& batch = {});
ScoredCompletion score_completion(const RewardConfig& config, const RewardInput& input);
// reward_scaling: writes each completion's reward anew from its terms, for groups of group_size completions in order.
void scale_rewards(const RewardConfig& config, int64_t group_size, std::vector<ScoredCompletion*> completions);

// The user's own program (reward_program).
class ProgramReward : public BatchReward {
 public:
  explicit ProgramReward(const RewardConfig& config) : command_(config.reward_program), timeout_seconds_(config.reward_program_timeout_seconds) {}
  std::vector<RewardTerm> score(const std::vector<RewardInput>& inputs) override;

 private:
  std::vector<std::string> command_;
  double timeout_seconds_;
};
std::vector<std::string> reward_names();

}  // namespace reprise::rewards
