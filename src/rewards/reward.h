// Rewards by name (TRL's and open-r1's `reward_funcs`): accuracy, format, tag_count, language_consistency, length ...
// Torch-free and pure. A reward that cannot be computed is `failed`, never a zero.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  std::vector<double> reward_weights;       // empty: all 1
  // "sum": R = sum w_i r_i (R1's equation 4). "gated": terms other than format count only when format is 1.
  std::string reward_combination = "sum";

  template <class Visitor>
  void fields(Visitor& v);
};

// Throws Error for unknown names or a weights list of another length (the recipe's fault).
ScoredCompletion score_completion(const RewardConfig& config, const RewardInput& input);
std::vector<std::string> reward_names();

}  // namespace reprise::rewards
