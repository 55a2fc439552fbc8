// A reward model: a sequence classifier's score of prompt and completion, as the chat template of its own folder lays them
// out (the plain text where it has none).
#pragma once

#include "model/weights.h"
#include "pipeline/stage.h"
#include "rewards/reward.h"

namespace reprise::stages {

class RewardModel : public rewards::BatchReward {
 public:
  // Throws Error for a model that is no classifier with one label.
  RewardModel(const pipeline::StageContext& context, const rewards::RewardConfig& config);
  std::vector<rewards::RewardTerm> score(const std::vector<rewards::RewardInput>& inputs) override;

 private:
  model::LoadedModel model_;
  bool ungraded_only_;
};

}  // namespace reprise::stages
