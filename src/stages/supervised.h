// The loop that pretrain, sft and distill share: rows in, a trained model out, resumable at any step.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/weights.h"
#include "pipeline/stage.h"
#include "stages/stage_support.h"
#include "training/batch_config.h"
#include "training/optimizer_config.h"
#include "training/train_step.h"

namespace reprise::stages {

struct SupervisedPlan {
  int64_t num_steps = 0;
  int64_t per_step_batch_size = 1;
  double target_loss = 0;  // 0: none
  std::string from;        // what the model was loaded from; "" for fresh weights
  training::OptimizerConfig optimizer;
  training::BatchConfig batch;
  std::vector<int64_t> store_sizes;   // rows of each store, when there are several; empty: all are one
  std::vector<double> store_weights;  // their shares (data/mixture.h)
  // The loss over one step's rows.
  std::function<training::TileLoss(const std::vector<training::TrainingRow>&)> loss;
};

// The steps of a stage: max_steps, else as many as train on about max_trained_tokens tokens with a loss, else epochs.
int64_t num_supervised_steps(const std::vector<training::TrainingRow>& rows, int64_t per_step_batch_size, int64_t max_steps,
                             int64_t max_trained_tokens, double num_train_epochs);

// Trains `model` in place and writes it to context.folder()/model. Rows are drawn epoch by epoch in a shuffled order
// that depends on the seed and the stage's name alone.
nlohmann::json train_supervised(pipeline::StageContext& context, model::LoadedModel& model,
                                const std::vector<training::TrainingRow>& rows, const SupervisedPlan& plan);

}  // namespace reprise::stages
