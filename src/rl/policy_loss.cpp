// Ratio, objective, KL, averages and metrics, in that order.
#include "rl/policy_loss.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace reprise::rl {
namespace {

// A log-ratio beyond 20 is a broken sample, not a gradient: clamped as TRL, verl and OpenRLHF do.
constexpr double kMaxLogRatio = 20;

at::Tensor sum_of_rows(const at::Tensor& values_N, const SurrogateInput& in) {
  return at::zeros({in.num_rows}, values_N.options().requires_grad(false)).index_add(0, in.row_N, values_N);
}

at::Tensor log_ratio(const SurrogateInput& in, RatioLevel level) {
  const at::Tensor token_N = (in.policy_N - in.old_N).clamp(-kMaxLogRatio, kMaxLogRatio);
  if (level == RatioLevel::token) return token_N;
  const at::Tensor sum_B = sum_of_rows(token_N, in);
  if (level == RatioLevel::trajectory) return sum_B.clamp(-kMaxLogRatio, kMaxLogRatio).index_select(0, in.row_N);
  const at::Tensor mean_N = (sum_B / sum_of_rows(at::ones_like(token_N.detach()), in).clamp_min(1)).index_select(0, in.row_N);
  if (level == RatioLevel::sequence) return mean_N;
  return mean_N.detach() + in.policy_N - in.policy_N.detach();
}

at::Tensor kl_term(const SurrogateInput& in, int estimator) {
  const at::Tensor x_N = (in.policy_N - in.reference_N).clamp(-kMaxLogRatio, kMaxLogRatio);
  if (estimator == 1) return x_N;
  if (estimator == 2) return x_N.square() / 2;
  return (-x_N).exp() + x_N - 1;
}

at::Tensor on_device(const std::vector<float>& values, at::Device device) {
  at::Tensor host = at::empty({static_cast<int64_t>(values.size())}, at::kFloat);
  std::copy(values.begin(), values.end(), host.data_ptr<float>());
  return host.to(device);
}

}  // namespace

LossTotals loss_totals(const std::vector<training::TrainingRow>& rows) {
  LossTotals totals;
  for (const auto& row : rows) {
    totals.num_rows += 1;
    if (row.weight > 0) totals.num_tokens += static_cast<double>(row.num_targets());
  }
  return totals;
}

Surrogate surrogate(const SurrogateInput& in, const GrpoConfig& config) {
  const Algorithm algorithm = algorithm_of(config);
  Surrogate out;
  out.ratio_N = log_ratio(in, algorithm.ratio).exp();
  const at::Tensor& A = in.advantage_N;
  const double low = 1 - config.epsilon, high = 1 + config.upper_epsilon();
  out.clipped_low_N = at::zeros_like(A, at::kBool);
  out.clipped_high_N = at::zeros_like(A, at::kBool);
  switch (algorithm.objective) {
    case Objective::clipped: {
      const at::Tensor bounded = config.delta > 0 ? out.ratio_N.clamp_max(config.delta) : out.ratio_N;
      out.loss_N = -at::minimum(bounded * A, out.ratio_N.clamp(low, high) * A);
      out.clipped_low_N = (out.ratio_N < low).logical_and(A < 0);
      out.clipped_high_N = (out.ratio_N > high).logical_and(A > 0);
      break;
    }
    case Objective::cispo:
      out.loss_N = -out.ratio_N.clamp_max(high).detach() * A * in.policy_N;
      out.clipped_high_N = out.ratio_N > high;
      break;
    case Objective::score:
      out.loss_N = -A * in.policy_N;
      break;
  }
  if (in.correction_N.defined() && in.correction_N.numel() > 0) out.loss_N = out.loss_N * in.correction_N;
  if (in.reference_N.defined() && in.reference_N.numel() > 0) {
    out.kl_N = kl_term(in, 3).detach();
    if (config.beta > 0 && algorithm.kl_place == KlPlace::loss) {
      at::Tensor kl_N = kl_term(in, algorithm.kl);
      if (config.use_bias_correction_kl) kl_N = kl_N * out.ratio_N;
      out.loss_N = out.loss_N + config.beta * kl_N;
    }
  }
  return out;
}

double token_share(Aggregation aggregation, int64_t length, const LossTotals& totals, int64_t max_completion_length) {
  const double tokens = static_cast<double>(std::max<int64_t>(1, length));
  switch (aggregation) {
    case Aggregation::seq_mean_token_mean: return 1 / (tokens * totals.num_rows);
    case Aggregation::token_mean: return 1 / std::max(1.0, totals.num_tokens);
    case Aggregation::seq_mean_token_sum: return 1 / totals.num_rows;
    case Aggregation::seq_mean_token_sum_norm: return 1 / (totals.num_rows * static_cast<double>(max_completion_length));
  }
  return 0;
}

std::vector<float> importance_correction(const GrpoConfig& config, const std::vector<float>& old_logprobs, const std::vector<float>& behavior_logprobs) {
  const std::string& kind = config.importance_correction;
  std::vector<double> log_weights;
  double sum = 0;
  for (size_t t = 0; t < old_logprobs.size(); ++t) {
    log_weights.push_back(double{old_logprobs[t]} - behavior_logprobs[t]);
    sum += log_weights.back();
  }
  if (kind.starts_with("sequence")) {
    const double one = kind == "sequence_geometric_mask" ? sum / std::max<double>(1, static_cast<double>(log_weights.size())) : sum;
    std::fill(log_weights.begin(), log_weights.end(), one);
  }
  std::vector<float> weights;
  for (double x : log_weights) {
    const double w = std::exp(std::clamp(x, -kMaxLogRatio, kMaxLogRatio));
    const bool inside = w >= config.importance_correction_min && w <= config.importance_correction_max;
    const double kept = kind.ends_with("mask") ? (inside ? w : 0.0) : std::clamp(w, config.importance_correction_min, config.importance_correction_max);
    weights.push_back(static_cast<float>(kept));
  }
  return weights;
}

training::TileLoss policy_loss(const model::Transformer& policy, const std::vector<training::TrainingRow>& rows,
                               const GrpoConfig& config, double temperature, int64_t max_completion_length) {
  const LossTotals totals = loss_totals(rows);
  const Aggregation aggregation = algorithm_of(config).aggregation;
  return [&policy, config, totals, aggregation, temperature, max_completion_length](
             const training::TokenTile& tile, const at::Tensor& hidden_ND, training::StepMetrics& metrics) {
    const auto scores = policy.score(hidden_ND, tile.target_N, temperature);
    const Surrogate terms = surrogate({scores.logprobs_N, tile.old_N, tile.reference_N, tile.advantage_N, tile.correction_N, tile.row_N,
                                       static_cast<int64_t>(tile.row_indices.size())}, config);
    std::vector<float> share_B;
    for (int64_t length : tile.row_targets) share_B.push_back(static_cast<float>(token_share(aggregation, length, totals, max_completion_length)));
    const at::Tensor share_N = on_device(share_B, tile.row_N.device()).index_select(0, tile.row_N) * tile.weight_N;
    {
      at::NoGradGuard guard;
      const auto sum = [&](const at::Tensor& t) { return (t.detach() * tile.weight_N).sum(at::kDouble).item<double>(); };
      if (terms.kl_N.defined()) metrics.add("kl", sum(terms.kl_N));
      const double low = sum(terms.clipped_low_N.to(at::kFloat)), high = sum(terms.clipped_high_N.to(at::kFloat));
      metrics.add("clip_low", low);
      metrics.add("clip_high", high);
      metrics.add("clip_fraction", low + high);
      metrics.add("ratio", sum(terms.ratio_N));
      metrics.add("entropy", sum(scores.entropy_N));
      metrics.add("weight", tile.weight_N.sum(at::kDouble).item<double>());
      const double gap = (scores.logprobs_N.detach() - tile.behavior_N).abs().max().item<double>();
      metrics.add("logprob_gap", std::max(0.0, gap - metrics.sum("logprob_gap")));
    }
    return (terms.loss_N * share_N).sum();
  };
}

training::TileLoss value_loss(const model::Transformer& critic, const std::vector<training::TrainingRow>& rows, double value_clip) {
  const LossTotals totals = loss_totals(rows);
  return [&critic, totals, value_clip](const training::TokenTile& tile, const at::Tensor& hidden_ND, training::StepMetrics&) {
    const at::Tensor value_N = critic.head_scores(hidden_ND).select(-1, 0);
    at::Tensor error_N = (value_N - tile.return_N).square();
    if (value_clip > 0) {
      const at::Tensor near_N = tile.value_N + (value_N - tile.value_N).clamp(-value_clip, value_clip);
      error_N = at::maximum(error_N, (near_N - tile.return_N).square());
    }
    return (error_N * tile.weight_N).sum() * (0.5 / std::max(1.0, totals.num_tokens));
  };
}

}  // namespace reprise::rl
