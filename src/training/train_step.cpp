// The inner loop of all training.
#include "training/train_step.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "base/error.h"

namespace reprise::training {
namespace {

// One number for each target of each row, without gradients.
std::vector<std::vector<float>> row_scores(const model::Transformer& model, const std::vector<TrainingRow>& rows, int64_t tile_tokens,
                                           const std::function<at::Tensor(const TokenTile& tile, const at::Tensor& hidden_ND)>& score) {
  at::NoGradGuard guard;
  std::vector<std::vector<float>> result(rows.size());
  for (const auto& indices : cut_tiles(rows, tile_tokens, model.is_batch_invariant())) {
    const TokenTile tile = make_tile(rows, indices, model.device(), model.is_batch_invariant());
    if (tile.target_N.numel() == 0) continue;
    const at::Tensor host = score(tile, model.hidden_ND(tile.layout)).to(at::kCPU, at::kFloat).contiguous();
    const float* value = host.const_data_ptr<float>();
    for (size_t b = 0; b < tile.row_indices.size(); ++b) {
      result[tile.row_indices[b]].assign(value, value + tile.row_targets[b]);
      value += tile.row_targets[b];
    }
  }
  return result;
}

}  // namespace

void StepMetrics::add(const std::string& name, double value) {
  for (auto& [key, sum] : sums) {
    if (key == name) {
      sum += value;
      return;
    }
  }
  sums.emplace_back(name, value);
}

double StepMetrics::sum(const std::string& name) const {
  for (const auto& [key, sum] : sums) {
    if (key == name) return sum;
  }
  return 0;
}

StepMetrics train_step(model::Transformer& model, AdamW& optimizer, const std::vector<TrainingRow>& rows,
                       int64_t tile_tokens, bool gradient_checkpointing, double learning_rate, const TileLoss& loss,
                       const std::string& where) {
  StepMetrics metrics;
  metrics.learning_rate = learning_rate;
  optimizer.zero_gradients();
  for (const auto& indices : cut_tiles(rows, tile_tokens, model.is_batch_invariant())) {
    const TokenTile tile = make_tile(rows, indices, model.device(), model.is_batch_invariant());
    metrics.num_tokens += tile.num_tokens;
    if (tile.target_N.numel() == 0) continue;
    metrics.num_trained_tokens += tile.target_N.numel();
    const at::Tensor tile_loss = loss(tile, model.hidden_ND(tile.layout, gradient_checkpointing), metrics);
    metrics.loss += tile_loss.item<double>();
    tile_loss.backward();
  }
  model.finish_gradients();
  if (!std::isfinite(metrics.loss)) {
    throw Error("the loss is " + std::to_string(metrics.loss), where, "lower learning_rate, or look at the last rows of metrics.jsonl");
  }
  metrics.grad_norm = optimizer.clip_gradients();
  if (!std::isfinite(metrics.grad_norm)) {
    throw Error("the gradients are not finite", where, "lower learning_rate, or look at the last rows of metrics.jsonl");
  }
  optimizer.step(learning_rate);
  optimizer.zero_gradients();
  return metrics;
}

std::vector<std::vector<float>> row_logprobs(const model::Transformer& model, const std::vector<TrainingRow>& rows,
                                             int64_t tile_tokens, double temperature) {
  return row_scores(model, rows, tile_tokens, [&](const TokenTile& tile, const at::Tensor& hidden_ND) {
    return model.score(hidden_ND, tile.target_N, temperature, 1024, false).logprobs_N;
  });
}

std::vector<std::vector<float>> row_values(const model::Transformer& critic, const std::vector<TrainingRow>& rows, int64_t tile_tokens) {
  return row_scores(critic, rows, tile_tokens, [&](const TokenTile&, const at::Tensor& hidden_ND) { return critic.head_scores(hidden_ND).select(-1, 0); });
}

}  // namespace reprise::training
