// Sampling and grading in one pass: problems in, graded completions out. Rejection sampling, evaluation and the
// rollouts of RL all go through here.
#pragma once

#include <string>
#include <vector>

#include "rewards/reward.h"
#include "stages/stage_support.h"

namespace reprise::stages {

struct GradedCompletion {
  int64_t problem = 0;  // index into the pass's problems
  generation::Completion completion;
  rewards::ScoredCompletion score;
};

struct SamplingPass {
  std::vector<Prompt> prompts;               // one per problem
  std::vector<GradedCompletion> completions; // in (problem, sample) order
  int64_t num_tokens = 0;
  double seconds = 0, reward_seconds = 0;    // sampling and grading together; grading alone
  double reward_failures = 0;                // share of reward terms that could not be computed
  std::string first_failure;                 // why the first of them could not
};

// random_path: (seed, stage, purpose, step). problem_numbers: each problem's place in the path.
SamplingPass sample_and_grade(pipeline::StageContext& context, const model::LoadedModel& model,
                              const std::vector<data::Problem>& problems, const std::vector<uint64_t>& problem_numbers,
                              const PromptWriter& writer, const generation::SamplingConfig& sampling,
                              const rewards::RewardConfig& rewards, int64_t num_generations,
                              const std::vector<uint64_t>& random_path, bool show_progress,
                              const rewards::BatchRewards& batch_rewards = {});

}  // namespace reprise::stages
