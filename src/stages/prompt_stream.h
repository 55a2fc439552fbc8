// Which problems a grpo stage draws, in which order: several stores by weight, filtered by how often the starting policy solves
// them, as a curriculum or shuffled.
#pragma once

#include <memory>
#include <vector>

#include "data/mixture.h"
#include "stages/sampling_pass.h"

namespace reprise::stages {

class PromptStream {
 public:
  // `start`: the policy whose pass rates filter the problems; sampled once, kept in the stage's folder.
  PromptStream(pipeline::StageContext& context, const GrpoStageConfig& config, const model::LoadedModel& start, const PromptWriter& writer);

  // All problems that may be drawn; indices into it.
  const std::vector<data::Problem>& problems() const { return problems_; }
  // The draws first .. first + count of a rollout that begins at `step`, sorted.
  std::vector<int64_t> draw(int64_t first, int64_t count, int64_t step) const;
  // For a replay: the problem of an id.
  int64_t index_of(const std::string& problem_id) const;

 private:
  std::vector<double> pass_rates(pipeline::StageContext& context, const GrpoStageConfig& config, const model::LoadedModel& start, const PromptWriter& writer) const;

  std::vector<data::Problem> problems_;
  std::vector<int64_t> sizes_;  // of each store, after the filter
  // From a step on: the stores that are drawn from then, and which of problems_ their rows are.
  struct Phase {
    int64_t start = 0;
    data::Mixture mixture;
    std::vector<int64_t> rows;
  };
  std::vector<Phase> phases_;
};

}  // namespace reprise::stages
