// Losses and gradients against TRL 1.16 and numpy (tests/golden/make_rl_golden.py), and against values worked by hand from
// DeepSeekMath equation 3.
#include "rl/policy_loss.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "base/json.h"
#include "config/reader.h"
#include "support/golden_model.h"
#include "training/train_step.h"

namespace reprise::rl {
namespace {

at::Tensor row(std::vector<float> values) { return at::tensor(values); }

SurrogateInput one_token(double policy, double behavior, double reference, double advantage) {
  SurrogateInput in;
  in.policy_N = row({static_cast<float>(policy)});
  in.old_N = row({static_cast<float>(behavior)});
  in.reference_N = row({static_cast<float>(reference)});
  in.advantage_N = row({static_cast<float>(advantage)});
  in.row_N = at::zeros({1}, at::kLong);
  in.num_rows = 1;
  return in;
}

TEST(ClippedSurrogate, IsMinusTheAdvantageOnPolicy) {
  const auto out = surrogate(one_token(-1, -1, -1, 0.8), {});
  EXPECT_NEAR(out.loss_N.item<float>(), -0.8, 1e-6);
  EXPECT_EQ(out.kl_N.item<float>(), 0);
  EXPECT_FALSE(out.clipped_low_N.item<bool>());
  EXPECT_FALSE(out.clipped_high_N.item<bool>());
}

TEST(ClippedSurrogate, ClipsAGainFromAboveOnly) {
  GrpoConfig config;
  config.epsilon = 0.2;
  config.beta = 0;
  // ratio e^0.5 = 1.6487 > 1.2, A > 0: clipped to 1.2 A.
  EXPECT_NEAR(surrogate(one_token(-0.5, -1, 0, 1), config).loss_N.item<float>(), -1.2, 1e-6);
  // The same ratio with A < 0 is the pessimistic side: not clipped.
  EXPECT_NEAR(surrogate(one_token(-0.5, -1, 0, -1), config).loss_N.item<float>(), std::exp(0.5), 1e-5);
  // ratio e^-0.5 = 0.6065 < 0.8, A < 0: clipped to 0.8.
  EXPECT_NEAR(surrogate(one_token(-1.5, -1, 0, -1), config).loss_N.item<float>(), 0.8, 1e-6);
}

TEST(ClippedSurrogate, ClipHigherMovesTheUpperBoundAlone) {
  GrpoConfig config;
  config.beta = 0;
  config.epsilon_high = 0.28;
  EXPECT_NEAR(surrogate(one_token(-0.5, -1, 0, 1), config).loss_N.item<float>(), -1.28, 1e-6);
  EXPECT_NEAR(surrogate(one_token(-1.5, -1, 0, -1), config).loss_N.item<float>(), 0.8, 1e-6);
}

TEST(ClippedSurrogate, WithR1sEpsilonOfTenTheLowerClipNeverBinds) {
  GrpoConfig config;
  config.beta = 0;
  config.epsilon = 10;
  EXPECT_NEAR(surrogate(one_token(-6, -1, 0, -1), config).loss_N.item<float>(), std::exp(-5.0), 1e-6);
  EXPECT_NEAR(surrogate(one_token(-1, -4, 0, 1), config).loss_N.item<float>(), -11, 1e-5);
}

TEST(ClippedSurrogate, K3IsExpMinusOneMinusX) {
  GrpoConfig config;
  config.beta = 0.5;
  const double x = -2.0 - (-1.5);  // reference - policy
  const double k3 = std::exp(x) - x - 1;
  const auto out = surrogate(one_token(-1.5, -1.5, -2.0, 0.25), config);
  EXPECT_NEAR(out.kl_N.item<float>(), k3, 1e-6);
  EXPECT_NEAR(out.loss_N.item<float>(), -0.25 + 0.5 * k3, 1e-6);
}

TEST(ClippedSurrogate, TheGradientOnPolicyIsTheAdvantageTimesTheScore) {
  auto in = one_token(-1, -1, -1, 0.7);
  in.policy_N.set_requires_grad(true);
  GrpoConfig config;
  config.beta = 0;
  surrogate(in, config).loss_N.sum().backward();
  EXPECT_NEAR(in.policy_N.grad().item<float>(), -0.7, 1e-6);
}

TEST(ClippedSurrogate, SequenceLevelUsesTheGeometricMeanOfARowsRatios) {
  SurrogateInput in;
  in.policy_N = row({-1.0f, -1.0f, -3.0f});
  in.old_N = row({-1.1f, -1.3f, -3.0f});
  in.advantage_N = row({1, 1, 1});
  in.reference_N = at::empty({0});
  in.row_N = at::tensor(std::vector<int64_t>{0, 0, 1});
  in.num_rows = 2;
  GrpoConfig config;
  config.importance_sampling_level = "sequence";
  config.beta = 0;
  config.epsilon = 0.5;
  const auto out = surrogate(in, config);
  EXPECT_NEAR(out.ratio_N[0].item<float>(), std::exp(0.2), 1e-5);
  EXPECT_NEAR(out.ratio_N[1].item<float>(), std::exp(0.2), 1e-5);
  EXPECT_NEAR(out.ratio_N[2].item<float>(), 1.0, 1e-6);
}

TEST(ClippedSurrogate, ABrokenSampleDoesNotOverflow) {
  const auto out = surrogate(one_token(0, -1000, 0, -1), {});
  EXPECT_TRUE(std::isfinite(out.loss_N.item<float>()));
}

const nlohmann::json& golden() {
  static const nlohmann::json json = nlohmann::json::parse(read_file(testing::source_folder() / "tests/golden/rl_losses.json"));
  return json;
}

std::vector<std::vector<float>> rows_of(const char* name) { return golden()[name].get<std::vector<std::vector<float>>>(); }

// The batch of the golden file: four completions of 5, 2, 4 and 1 tokens.
struct GoldenBatch {
  SurrogateInput in;
  std::vector<int64_t> lengths;
  GoldenBatch() {
    std::vector<float> policy, old, reference, advantage;
    std::vector<int64_t> row;
    const auto p = rows_of("policy"), o = rows_of("old"), r = rows_of("reference");
    for (size_t b = 0; b < p.size(); ++b) {
      lengths.push_back(static_cast<int64_t>(p[b].size()));
      policy.insert(policy.end(), p[b].begin(), p[b].end());
      old.insert(old.end(), o[b].begin(), o[b].end());
      reference.insert(reference.end(), r[b].begin(), r[b].end());
      advantage.insert(advantage.end(), p[b].size(), golden()["advantages"][b].get<float>());
      row.insert(row.end(), p[b].size(), static_cast<int64_t>(b));
    }
    in.policy_N = at::tensor(policy).set_requires_grad(true);
    in.old_N = at::tensor(old);
    in.reference_N = at::tensor(reference);
    in.advantage_N = at::tensor(advantage);
    in.row_N = at::tensor(row);
    in.num_rows = static_cast<int64_t>(p.size());
  }
  at::Tensor loss(const GrpoConfig& config) const {
    LossTotals totals{static_cast<double>(in.num_rows), static_cast<double>(in.policy_N.numel())};
    std::vector<float> share;
    for (int64_t length : lengths) {
      share.insert(share.end(), static_cast<size_t>(length),
                   static_cast<float>(token_share(algorithm_of(config).aggregation, length, totals, golden()["max_completion_length"].get<int64_t>())));
    }
    return (surrogate(in, config).loss_N * at::tensor(share)).sum();
  }
};

TEST(PolicyLoss, IsThatOfTrlAndNumpyForEveryAlgorithm) {
  int trl = 0;
  for (const auto& one : golden()["cases"]) {
    const auto config = config::config_from_json<GrpoConfig>(one["keys"], one["name"]);
    GoldenBatch batch;
    const at::Tensor loss = batch.loss(config);
    loss.backward();
    EXPECT_NEAR(loss.item<double>(), one["numpy_loss"].get<double>(), 2e-6) << one["name"];
    const at::Tensor gradient = batch.in.policy_N.grad();
    for (const char* oracle : {"numpy", "trl"}) {
      if (!one.contains(std::string(oracle) + "_loss")) continue;
      trl += oracle == std::string("trl");
      EXPECT_NEAR(loss.item<double>(), one[std::string(oracle) + "_loss"].get<double>(), 2e-6) << one["name"];
      int64_t n = 0;
      for (const auto& row : one[std::string(oracle) + "_gradient"]) {
        for (double g : row) EXPECT_NEAR(gradient[n++].item<double>(), g, 2e-5) << one["name"] << " " << oracle << " token " << n;
      }
    }
  }
  EXPECT_EQ(trl, 12);
}

TEST(PolicyLoss, GspoTokenHasGsposValueAndEachTokensOwnGradient) {
  GrpoConfig sequence, token;
  sequence.loss_type = token.loss_type = "gspo";
  sequence.beta = token.beta = 0;
  sequence.epsilon = token.epsilon = 10;  // nothing is clipped
  token.importance_sampling_level = "sequence_token";
  GoldenBatch a, b;
  const at::Tensor first = a.loss(sequence), second = b.loss(token);
  EXPECT_NEAR(first.item<double>(), second.item<double>(), 1e-6);
  first.backward();
  second.backward();
  // With one advantage for the whole completion both gradients are s_i A_i / (B |o_i|) (Zheng et al. 2025, equations 12 and 18).
  EXPECT_LT((a.in.policy_N.grad() - b.in.policy_N.grad()).abs().max().item<double>(), 1e-6);
}

// docs/algorithms.md's table of what each estimator's gradient is, over a vocabulary small enough to sum: the mean over
// samples of pi of the loss term's gradient, against the gradient of the KL itself.
TEST(KlGradients, AreWhatTheTableSays) {
  const at::Tensor reference = at::tensor(std::vector<double>{0.2, 0.7, 0.1}).log();
  at::Tensor logits = at::tensor(std::vector<double>{0.3, -0.4, 0.9}).set_requires_grad(true);
  const auto gradient_of = [&](const at::Tensor& value) {
    logits.mutable_grad() = at::Tensor();
    value.backward();
    return logits.grad().clone();
  };
  const auto log_pi = [&] { return at::log_softmax(logits, 0); };
  const at::Tensor reverse = gradient_of((log_pi().exp() * (log_pi() - reference)).sum());
  const at::Tensor forward = gradient_of((reference.exp() * (reference - log_pi())).sum());
  const auto mean_gradient = [&](const char* estimator, bool corrected) {
    GrpoConfig config;
    config.beta = 1;
    config.kl_estimator = estimator;
    config.use_bias_correction_kl = corrected;
    SurrogateInput in;
    in.policy_N = log_pi();
    in.old_N = in.policy_N.detach();
    in.reference_N = reference;
    in.advantage_N = at::zeros({3}, at::kDouble);
    in.row_N = at::arange(3);
    in.num_rows = 3;
    return gradient_of((in.old_N.exp() * surrogate(in, config).loss_N).sum());
  };
  const auto gap = [](const at::Tensor& a, const at::Tensor& b) { return (a - b).abs().max().item<double>(); };
  EXPECT_LT(mean_gradient("k1", false).abs().max().item<double>(), 1e-12);
  EXPECT_LT(gap(mean_gradient("k2", false), reverse), 1e-12);
  EXPECT_LT(gap(mean_gradient("k3", false), forward), 1e-12);
  EXPECT_GT(gap(mean_gradient("k3", false), reverse), 0.05);
  EXPECT_LT(gap(mean_gradient("k1", true), reverse), 1e-12);
  EXPECT_LT(gap(mean_gradient("k3", true), reverse), 1e-12);
}

TEST(PolicyLoss, DualClipBoundsANegativeAdvantage) {
  GrpoConfig config;
  config.beta = 0;
  EXPECT_NEAR(surrogate(one_token(1, -1, 0, -1), config).loss_N.item<float>(), std::exp(2.0), 1e-4);
  config.delta = 3;
  EXPECT_NEAR(surrogate(one_token(1, -1, 0, -1), config).loss_N.item<float>(), 3, 1e-6);
  EXPECT_NEAR(surrogate(one_token(1, -1, 0, 1), config).loss_N.item<float>(), -1.2, 1e-6);
}

TEST(PolicyLoss, ClipsAreCountedOnTheirSide) {
  GrpoConfig config;
  EXPECT_TRUE(surrogate(one_token(-0.5, -1, 0, 1), config).clipped_high_N.item<bool>());
  EXPECT_FALSE(surrogate(one_token(-0.5, -1, 0, -1), config).clipped_high_N.item<bool>());
  EXPECT_TRUE(surrogate(one_token(-1.5, -1, 0, -1), config).clipped_low_N.item<bool>());
}

TEST(PolicyLoss, InfiniteLogRatiosAreDefined) {
  for (const std::string& type : loss_types()) {
    for (double old : {-1e30, 0.0}) {
      auto in = one_token(old == 0.0 ? -1e30 : 0, old, -1, -1);
      in.policy_N.set_requires_grad(true);
      GrpoConfig config;
      config.loss_type = type;
      config.policy_objective = "clipped";
      const at::Tensor loss = surrogate(in, config).loss_N.sum();
      loss.backward();
      EXPECT_TRUE(std::isfinite(loss.item<float>())) << type;
      EXPECT_TRUE(std::isfinite(in.policy_N.grad().item<float>())) << type;
    }
  }
}

TEST(ImportanceCorrection, TruncatesOrMasks) {
  GrpoConfig config;
  config.importance_correction_max = 2;
  config.importance_correction_min = 0.5;
  const float two_e = std::log(3.0f), small = std::log(0.25f);
  const std::vector<float> old = {two_e, small, 0.1f}, behavior = {0, 0, 0};
  const auto weights = [&](const char* kind) {
    config.importance_correction = kind;
    return importance_correction(config, old, behavior);
  };
  EXPECT_NEAR(weights("token_truncate")[0], 2, 1e-6);
  EXPECT_NEAR(weights("token_truncate")[1], 0.5, 1e-6);
  EXPECT_NEAR(weights("token_truncate")[2], std::exp(0.1), 1e-6);
  EXPECT_EQ(weights("token_mask")[0], 0);
  EXPECT_EQ(weights("token_mask")[1], 0);
  EXPECT_NEAR(weights("token_mask")[2], std::exp(0.1), 1e-6);
  const double product = 0.75 * std::exp(0.1);
  for (float w : weights("sequence_truncate")) EXPECT_NEAR(w, product, 1e-6);
  for (float w : weights("sequence_mask")) EXPECT_NEAR(w, product, 1e-6);
  for (float w : weights("sequence_geometric_mask")) EXPECT_NEAR(w, std::cbrt(product), 1e-6);
  config.importance_correction_max = 0.8;
  for (float w : weights("sequence_mask")) EXPECT_EQ(w, 0);
}

// ---- whole updates: the same rows, however they are cut, padded and ordered

std::vector<training::TrainingRow> some_rows() {
  std::vector<training::TrainingRow> rows;
  const int lengths[] = {6, 3, 9, 3, 5, 2};
  for (int i = 0; i < 6; ++i) {
    training::TrainingRow row;
    for (int t = 0; t < 3 + lengths[i]; ++t) row.ids.push_back(3 + (7 * i + 5 * t) % 37);
    row.num_prompt_ids = 3;
    row.order = i;
    for (int t = 0; t < lengths[i]; ++t) {
      row.advantages.push_back(0.5f - 0.3f * static_cast<float>(i));
      row.behavior_logprobs.push_back(-3.0f - 0.1f * static_cast<float>(t));
      row.reference_logprobs.push_back(-3.4f + 0.05f * static_cast<float>(i));
    }
    row.weight = i == 4 ? 0 : 1;  // masked
    rows.push_back(std::move(row));
  }
  return rows;
}

struct Outcome {
  double loss = 0, norm = 0;
  model::NamedTensors gradients;
};

Outcome outcome_of(const std::string& type, const std::vector<training::TrainingRow>& rows, int64_t tile_tokens) {
  model::Transformer model = testing::golden_model(testing::golden_models()["models"][0]);
  GrpoConfig config;
  config.loss_type = type;
  config.beta = 0.1;
  Outcome out;
  for (auto& [name, weight] : model.weights()) weight.set_requires_grad(true);
  const auto loss = policy_loss(model, rows, config, 1.0, 16);
  training::StepMetrics metrics;
  for (const auto& indices : training::cut_tiles(rows, tile_tokens, true)) {
    const auto tile = training::make_tile(rows, indices, at::kCPU, true);
    const at::Tensor part = loss(tile, model.hidden_ND(tile.layout), metrics);
    out.loss += part.item<double>();
    part.backward();
  }
  model.finish_gradients();
  for (const auto& [name, weight] : model.weights()) out.gradients[name] = weight.grad().clone();
  return out;
}

TEST(PolicyLoss, DoesNotDependOnTilesPaddingOrOrder) {
  for (const std::string& type : loss_types()) {
    auto rows = some_rows();
    const Outcome whole = outcome_of(type, rows, 1000);
    auto reversed = rows;
    std::reverse(reversed.begin(), reversed.end());
    auto shuffled_order = rows;
    for (size_t i = 0; i < shuffled_order.size(); ++i) shuffled_order[i].order = 100 - static_cast<int64_t>(i);
    for (const Outcome& other : {outcome_of(type, rows, 1), outcome_of(type, rows, 40), outcome_of(type, reversed, 25), outcome_of(type, shuffled_order, 30)}) {
      EXPECT_NEAR(other.loss, whole.loss, 1e-5 * std::max(1.0, std::abs(whole.loss))) << type;
      for (const auto& [name, gradient] : whole.gradients) {
        const double scale = std::max(1e-3, gradient.abs().max().item<double>());
        EXPECT_LT(testing::max_difference(gradient, other.gradients.at(name)) / scale, 1e-4) << type << " " << name;
      }
    }
  }
}

TEST(PolicyLoss, OfAnAllMaskedUpdateIsZeroWithZeroGradients) {
  for (const std::string& type : loss_types()) {
    auto rows = some_rows();
    for (auto& row : rows) row.weight = 0;
    const Outcome out = outcome_of(type, rows, 30);
    EXPECT_EQ(out.loss, 0) << type;
    for (const auto& [name, gradient] : out.gradients) EXPECT_EQ(gradient.abs().max().item<double>(), 0) << type << " " << name;
  }
}

// The whole way down to a weight: central differences of the loss against the gradient.
TEST(PolicyLoss, GradientsAreFiniteDifferences) {
  auto rows = some_rows();
  for (const char* type : {"grpo", "gspo", "rloo", "reinforce"}) {
    const Outcome out = outcome_of(type, rows, 1000);
    const std::string name = "model.norm.weight";
    model::Transformer model = testing::golden_model(testing::golden_models()["models"][0]);
    GrpoConfig config;
    config.loss_type = type;
    config.beta = 0.1;
    const auto loss_at = [&](double shift) {
      at::NoGradGuard guard;
      model.weights().at(name)[1].add_(shift);
      const auto loss = policy_loss(model, rows, config, 1.0, 16);
      training::StepMetrics metrics;
      const auto tile = training::make_tile(rows, {0, 1, 2, 3, 4, 5}, at::kCPU, true);
      const double value = loss(tile, model.hidden_ND(tile.layout), metrics).item<double>();
      model.weights().at(name)[1].sub_(shift);
      return value;
    };
    const double h = 2e-3, difference = (loss_at(h) - loss_at(-h)) / (2 * h);
    EXPECT_NEAR(out.gradients.at(name)[1].item<double>(), difference, 2e-3 * std::max(1.0, std::abs(difference))) << type;
  }
}

}  // namespace
}  // namespace reprise::rl
