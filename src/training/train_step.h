// One optimizer step over a list of rows, tile by tile in a fixed order: forward, loss, backward, clip, AdamW.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "training/optimizer.h"
#include "training/token_batch.h"

namespace reprise::training {

// Sums over the update's trained tokens or rows; the step divides by what each needs.
struct StepMetrics {
  double loss = 0;
  double grad_norm = 0;
  double learning_rate = 0;
  int64_t num_tokens = 0;          // read by the model, padding not counted
  int64_t num_trained_tokens = 0;
  std::vector<std::pair<std::string, double>> sums;  // named by the loss function: "kl", "clip_fraction", ...

  void add(const std::string& name, double value);
  double sum(const std::string& name) const;  // 0 if never added
};

// The loss of one tile, already divided by the update's totals, so that tile losses add up to the update's loss.
// hidden_ND are the states that predict the tile's targets. May add to metrics.sums.
using TileLoss = std::function<at::Tensor(const TokenTile& tile, const at::Tensor& hidden_ND, StepMetrics& metrics)>;

// Throws Error when loss or gradients are not finite (`where` names stage and step): the weights stay as they were.
StepMetrics train_step(model::Transformer& model, AdamW& optimizer, const std::vector<TrainingRow>& rows,
                       int64_t tile_tokens, bool gradient_checkpointing, double learning_rate, const TileLoss& loss,
                       const std::string& where);

// log-probs of every row's targets under the model (no gradients), one list per row, in the rows' order.
// temperature as in Transformer::score.
std::vector<std::vector<float>> row_logprobs(const model::Transformer& model, const std::vector<TrainingRow>& rows,
                                             int64_t tile_tokens, double temperature);

// The first output of a score head before every target of every row: a value model's estimate of the state that the
// token is chosen in.
std::vector<std::vector<float>> row_values(const model::Transformer& critic, const std::vector<TrainingRow>& rows, int64_t tile_tokens);

}  // namespace reprise::training
