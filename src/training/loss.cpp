// SFT's and distillation's losses.
#include "training/loss.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

namespace reprise::training {
namespace {

double total_weight(const std::vector<TrainingRow>& rows) {
  double total = 0;
  for (const TrainingRow& row : rows) total += row.weight * static_cast<double>(row.num_targets());
  return total > 0 ? total : 1;
}

}  // namespace

TileLoss negative_log_likelihood(const model::Transformer& model, const std::vector<TrainingRow>& rows) {
  return [&model, total = total_weight(rows)](const TokenTile& tile, const at::Tensor& hidden_ND, StepMetrics&) {
    const auto scores = model.score(hidden_ND, tile.target_N, 1.0, 1024, false);
    return -(scores.logprobs_N * tile.weight_N).sum() / total;
  };
}

TileLoss distillation(const model::Transformer& student, const model::Transformer& teacher,
                      const std::vector<TrainingRow>& rows, double weight, double temperature) {
  return [&student, &teacher, total = total_weight(rows), weight, temperature](
             const TokenTile& tile, const at::Tensor& hidden_ND, StepMetrics& metrics) {
    at::Tensor teacher_ND;
    {
      at::NoGradGuard guard;
      teacher_ND = teacher.hidden_ND(tile.layout);
    }
    at::Tensor loss = hidden_ND.new_zeros({}, at::kFloat);
    constexpr int64_t kChunk = 256;
    for (int64_t start = 0; start < hidden_ND.size(0); start += kChunk) {
      const int64_t count = std::min(kChunk, hidden_ND.size(0) - start);
      const at::Tensor student_NV = at::log_softmax(student.logits(hidden_ND.narrow(0, start, count)) / temperature, -1);
      at::Tensor teacher_NV;
      {
        at::NoGradGuard guard;
        teacher_NV = at::log_softmax(teacher.logits(teacher_ND.narrow(0, start, count)) / temperature, -1);
      }
      const at::Tensor weights = tile.weight_N.narrow(0, start, count);
      const at::Tensor kl_N = (teacher_NV.exp() * (teacher_NV - student_NV)).sum(-1);
      loss = loss + (kl_N * weights).sum() * (temperature * temperature * weight / total);
    }
    metrics.add("distill_kl", loss.item<double>());
    if (weight < 1) {
      const auto scores = student.score(hidden_ND, tile.target_N, 1.0, 1024, false);
      loss = loss - (scores.logprobs_N * tile.weight_N).sum() * ((1 - weight) / total);
    }
    return loss;
  };
}

}  // namespace reprise::training
