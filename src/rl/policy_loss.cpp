// The clipped surrogate, its averages and its metrics.
#include "rl/policy_loss.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace reprise::rl {

LossTotals loss_totals(const std::vector<training::TrainingRow>& rows) {
  LossTotals totals;
  for (const auto& row : rows) {
    totals.num_rows += 1;
    if (row.weight > 0) totals.num_tokens += static_cast<double>(row.num_targets());
  }
  return totals;
}

Surrogate clipped_surrogate(const SurrogateInput& in, const GrpoConfig& config) {
  Surrogate out;
  // A log-ratio beyond 20 is a broken sample, not a gradient: clamped as TRL, verl and OpenRLHF do.
  at::Tensor log_ratio_N = (in.policy_N - in.behavior_N).clamp(-20, 20);
  if (config.importance_sampling_level == "sequence") {
    const at::Tensor ones_N = at::ones_like(log_ratio_N.detach());
    const at::Tensor zeros_B = at::zeros({in.num_rows}, log_ratio_N.options().requires_grad(false));
    const at::Tensor count_B = zeros_B.index_add(0, in.row_N, ones_N).clamp_min(1);
    const at::Tensor mean_B = zeros_B.index_add(0, in.row_N, log_ratio_N) / count_B;
    log_ratio_N = mean_B.index_select(0, in.row_N);
  }
  out.ratio_N = log_ratio_N.exp();
  const at::Tensor clamped_N = out.ratio_N.clamp(1 - config.epsilon, 1 + config.upper_epsilon());
  const at::Tensor unclipped = out.ratio_N * in.advantage_N;
  const at::Tensor clipped = clamped_N * in.advantage_N;
  out.loss_N = -at::minimum(unclipped, clipped);
  out.clipped_N = (clipped < unclipped).detach();
  if (in.reference_N.numel() > 0) {
    const at::Tensor x_N = (in.reference_N - in.policy_N).clamp(-20, 20);
    out.k3_N = x_N.exp() - x_N - 1;
    if (config.beta > 0) out.loss_N = out.loss_N + config.beta * out.k3_N;
  }
  return out;
}

training::TileLoss grpo_loss(const model::Transformer& policy, const std::vector<training::TrainingRow>& rows,
                             const GrpoConfig& config, double temperature, int64_t max_completion_length) {
  const LossTotals totals = loss_totals(rows);
  return [&policy, &rows, config, totals, temperature, max_completion_length](
             const training::TokenTile& tile, const at::Tensor& hidden_ND, training::StepMetrics& metrics) {
    const auto scores = policy.score(hidden_ND, tile.target_N, temperature);
    const SurrogateInput input{scores.logprobs_N, tile.behavior_N, tile.reference_N, tile.advantage_N,
                               tile.weight_N, tile.row_N, static_cast<int64_t>(tile.row_indices.size())};
    const Surrogate surrogate = clipped_surrogate(input, config);

    // Each token's share of the mean that loss_type names.
    std::vector<float> share_B;
    for (size_t b = 0; b < tile.row_indices.size(); ++b) {
      const double length = static_cast<double>(std::max<int64_t>(1, tile.row_targets[b]));
      double share = 0;
      if (config.loss_type == "grpo") share = 1 / (length * totals.num_rows);
      if (config.loss_type == "dapo") share = 1 / std::max(1.0, totals.num_tokens);
      if (config.loss_type == "dr_grpo") share = 1 / (totals.num_rows * static_cast<double>(max_completion_length));
      share_B.push_back(static_cast<float>(share));
    }
    at::Tensor share = at::empty({static_cast<int64_t>(share_B.size())}, at::kFloat);
    std::copy(share_B.begin(), share_B.end(), share.data_ptr<float>());
    const at::Tensor share_N = share.to(tile.row_N.device()).index_select(0, tile.row_N) * tile.weight_N;
    {
      at::NoGradGuard guard;
      const auto sum = [&](const at::Tensor& t) { return (t.detach() * tile.weight_N).sum(at::kDouble).item<double>(); };
      if (surrogate.k3_N.defined()) metrics.add("kl", sum(surrogate.k3_N));
      metrics.add("clip_fraction", sum(surrogate.clipped_N.to(at::kFloat)));
      metrics.add("entropy", sum(scores.entropy_N));
      metrics.add("weight", tile.weight_N.sum(at::kDouble).item<double>());
      const double gap = (scores.logprobs_N.detach() - tile.behavior_N).abs().max().item<double>();
      metrics.add("logprob_gap", std::max(0.0, gap - metrics.sum("logprob_gap")));
    }
    return (surrogate.loss_N * share_N).sum();
  };
}

}  // namespace reprise::rl
