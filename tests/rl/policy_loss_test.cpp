// The clipped surrogate against values worked by hand from DeepSeekMath equation 3, and its gradient against theory.
#include "rl/policy_loss.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

namespace reprise::rl {
namespace {

at::Tensor row(std::vector<float> values) { return at::tensor(values); }

SurrogateInput one_token(double policy, double behavior, double reference, double advantage) {
  SurrogateInput in;
  in.policy_N = row({static_cast<float>(policy)});
  in.behavior_N = row({static_cast<float>(behavior)});
  in.reference_N = row({static_cast<float>(reference)});
  in.advantage_N = row({static_cast<float>(advantage)});
  in.weight_N = row({1});
  in.row_N = at::zeros({1}, at::kLong);
  in.num_rows = 1;
  return in;
}

TEST(ClippedSurrogate, IsMinusTheAdvantageOnPolicy) {
  const auto out = clipped_surrogate(one_token(-1, -1, -1, 0.8), {});
  EXPECT_NEAR(out.loss_N.item<float>(), -0.8, 1e-6);
  EXPECT_EQ(out.k3_N.item<float>(), 0);
  EXPECT_FALSE(out.clipped_N.item<bool>());
}

TEST(ClippedSurrogate, ClipsAGainFromAboveOnly) {
  GrpoConfig config;
  config.epsilon = 0.2;
  config.beta = 0;
  // ratio e^0.5 = 1.6487 > 1.2, A > 0: clipped to 1.2 A.
  EXPECT_NEAR(clipped_surrogate(one_token(-0.5, -1, 0, 1), config).loss_N.item<float>(), -1.2, 1e-6);
  // The same ratio with A < 0 is the pessimistic side: not clipped.
  EXPECT_NEAR(clipped_surrogate(one_token(-0.5, -1, 0, -1), config).loss_N.item<float>(), std::exp(0.5), 1e-5);
  // ratio e^-0.5 = 0.6065 < 0.8, A < 0: clipped to 0.8.
  EXPECT_NEAR(clipped_surrogate(one_token(-1.5, -1, 0, -1), config).loss_N.item<float>(), 0.8, 1e-6);
}

TEST(ClippedSurrogate, ClipHigherMovesTheUpperBoundAlone) {
  GrpoConfig config;
  config.beta = 0;
  config.epsilon_high = 0.28;
  EXPECT_NEAR(clipped_surrogate(one_token(-0.5, -1, 0, 1), config).loss_N.item<float>(), -1.28, 1e-6);
  EXPECT_NEAR(clipped_surrogate(one_token(-1.5, -1, 0, -1), config).loss_N.item<float>(), 0.8, 1e-6);
}

TEST(ClippedSurrogate, WithR1sEpsilonOfTenTheLowerClipNeverBinds) {
  GrpoConfig config;
  config.beta = 0;
  config.epsilon = 10;
  EXPECT_NEAR(clipped_surrogate(one_token(-6, -1, 0, -1), config).loss_N.item<float>(), std::exp(-5.0), 1e-6);
  EXPECT_NEAR(clipped_surrogate(one_token(-1, -4, 0, 1), config).loss_N.item<float>(), -11, 1e-5);
}

TEST(ClippedSurrogate, K3IsExpMinusOneMinusX) {
  GrpoConfig config;
  config.beta = 0.5;
  const double x = -2.0 - (-1.5);  // reference - policy
  const double k3 = std::exp(x) - x - 1;
  const auto out = clipped_surrogate(one_token(-1.5, -1.5, -2.0, 0.25), config);
  EXPECT_NEAR(out.k3_N.item<float>(), k3, 1e-6);
  EXPECT_NEAR(out.loss_N.item<float>(), -0.25 + 0.5 * k3, 1e-6);
}

TEST(ClippedSurrogate, TheGradientOnPolicyIsTheAdvantageTimesTheScore) {
  auto in = one_token(-1, -1, -1, 0.7);
  in.policy_N.set_requires_grad(true);
  GrpoConfig config;
  config.beta = 0;
  clipped_surrogate(in, config).loss_N.sum().backward();
  EXPECT_NEAR(in.policy_N.grad().item<float>(), -0.7, 1e-6);
}

TEST(ClippedSurrogate, SequenceLevelUsesTheGeometricMeanOfARowsRatios) {
  SurrogateInput in;
  in.policy_N = row({-1.0f, -1.0f, -3.0f});
  in.behavior_N = row({-1.1f, -1.3f, -3.0f});
  in.advantage_N = row({1, 1, 1});
  in.weight_N = row({1, 1, 1});
  in.reference_N = at::empty({0});
  in.row_N = at::tensor(std::vector<int64_t>{0, 0, 1});
  in.num_rows = 2;
  GrpoConfig config;
  config.importance_sampling_level = "sequence";
  config.beta = 0;
  config.epsilon = 0.5;
  const auto out = clipped_surrogate(in, config);
  EXPECT_NEAR(out.ratio_N[0].item<float>(), std::exp(0.2), 1e-5);
  EXPECT_NEAR(out.ratio_N[1].item<float>(), std::exp(0.2), 1e-5);
  EXPECT_NEAR(out.ratio_N[2].item<float>(), 1.0, 1e-6);
}

TEST(ClippedSurrogate, ABrokenSampleDoesNotOverflow) {
  const auto out = clipped_surrogate(one_token(0, -1000, 0, -1), {});
  EXPECT_TRUE(std::isfinite(out.loss_N.item<float>()));
}

}  // namespace
}  // namespace reprise::rl
