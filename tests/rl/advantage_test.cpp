// Advantages against TRL's and RLOO's lines, numpy (tests/golden/make_rl_golden.py) and values worked by hand.
#include "rl/advantage.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/files.h"
#include "base/json.h"
#include "support/test_data.h"

namespace reprise::rl {
namespace {

const nlohmann::json& golden() {
  static const nlohmann::json json = nlohmann::json::parse(read_file(testing::source_folder() / "tests/golden/rl_losses.json"));
  return json;
}

std::vector<SampleSignal> signals(const std::vector<std::vector<double>>& groups, int64_t num_tokens = 1) {
  std::vector<SampleSignal> samples;
  for (size_t g = 0; g < groups.size(); ++g) {
    for (double r : groups[g]) samples.push_back({.group = static_cast<int64_t>(g), .reward = r, .num_tokens = num_tokens});
  }
  return samples;
}

GrpoConfig config_of(const std::string& loss_type, const std::string& scale = "auto") {
  GrpoConfig config;
  config.loss_type = loss_type;
  config.scale_rewards = scale;
  config.beta = 0;
  return config;
}

std::vector<double> first_tokens(const GrpoConfig& config, const std::vector<SampleSignal>& samples) {
  std::vector<double> all;
  for (const auto& one : advantages_of(config, samples)) all.push_back(one.advantages.at(0));
  return all;
}

TEST(Advantages, AreThoseOfTrlAndNumpy) {
  const auto samples = signals(golden()["rewards"].get<std::vector<std::vector<double>>>(), 3);
  const auto check = [&](const std::string& name, const GrpoConfig& config) {
    const auto out = advantages_of(config, samples);
    for (size_t i = 0; i < out.size(); ++i) {
      ASSERT_EQ(out[i].advantages.size(), 3u);
      for (float a : out[i].advantages) EXPECT_NEAR(a, golden()["advantage_cases"][name][i / 4][i % 4].get<double>(), 1e-6) << name << " " << i;
    }
  };
  check("group", config_of("grpo"));
  check("batch", config_of("grpo", "batch"));
  check("none", config_of("dr_grpo"));
  check("leave_one_out", config_of("rloo"));
}

TEST(Advantages, AFlatGroupAndAGroupOfOneTeachNothing) {
  for (const char* type : {"grpo", "dr_grpo", "dapo", "gspo", "cispo", "rloo", "reinforce_pp_baseline"}) {
    GrpoConfig config = config_of(type);
    config.whiten_advantages = "false";
    for (const auto& one : advantages_of(config, signals({{0.7, 0.7, 0.7}, {1.0}}))) {
      EXPECT_TRUE(one.flat);
      EXPECT_EQ(one.advantages.at(0), 0.0f) << type;
    }
  }
}

TEST(Advantages, RemaxTakesTheGreedyReward) {
  auto samples = signals({{1, 0, 1}});
  for (auto& sample : samples) sample.greedy_reward = 0.25;
  EXPECT_EQ(first_tokens(config_of("remax"), samples), (std::vector<double>{0.75, -0.25, 0.75}));
}

TEST(Advantages, ReinforceIsTheRewardItself) { EXPECT_EQ(first_tokens(config_of("reinforce"), signals({{1, 0}, {2}})), (std::vector<double>{1, 0, 2})); }

TEST(Advantages, RewardsToGoAreDiscounted) {
  GrpoConfig config = config_of("reinforce");
  config.gamma = 0.5;
  const auto out = advantages_of(config, signals({{8}}, 4));
  EXPECT_EQ(out[0].advantages, (std::vector<float>{1, 2, 4, 8}));
}

// Token rewards enter as beta 1 times k1 against a reference of 0.
TEST(Advantages, GaeIsItsDefinition) {
  const auto& g = golden()["gae"];
  GrpoConfig config = config_of("ppo");
  config.whiten_advantages = "false";
  config.beta = 1;
  config.gamma = g["gamma"];
  config.gae_lambda = g["lambda"];
  const auto rewards = g["token_rewards"].get<std::vector<double>>();
  SampleSignal sample{.reward = rewards.back(), .num_tokens = static_cast<int64_t>(rewards.size()), .values = g["values"].get<std::vector<float>>()};
  for (size_t t = 0; t < rewards.size(); ++t) {
    sample.policy_logprobs.push_back(t + 1 < rewards.size() ? static_cast<float>(-rewards[t]) : 0.0f);
    sample.reference_logprobs.push_back(0);
  }
  const auto out = advantages_of(config, {sample});
  for (size_t t = 0; t < rewards.size(); ++t) {
    EXPECT_NEAR(out[0].advantages[t], g["advantages"][t].get<double>(), 1e-6);
    EXPECT_NEAR(out[0].returns[t], g["advantages"][t].get<double>() + sample.values[t], 1e-6);
  }
}

// With lambda and gamma 1 the values cancel: the advantage is the reward to go minus the value.
TEST(Advantages, GaeWithoutDiscountIsRewardMinusValue) {
  GrpoConfig config = config_of("ppo");
  config.whiten_advantages = "false";
  const auto out = advantages_of(config, {{.reward = 1, .num_tokens = 3, .values = {0.25f, 0.5f, -1}}});
  EXPECT_EQ(out[0].advantages, (std::vector<float>{0.75f, 0.5f, 2}));
  EXPECT_EQ(out[0].returns, (std::vector<float>{1, 1, 1}));
}

TEST(Advantages, KlInTheRewardIsTakenFromTheSequence) {
  GrpoConfig config = config_of("rloo");
  config.beta = 0.5;
  std::vector<SampleSignal> samples = signals({{1, 1}}, 2);
  samples[0].policy_logprobs = {-1, -2};
  samples[0].reference_logprobs = {-1.5f, -2.5f};  // k1 = 0.5 + 0.5
  samples[1].policy_logprobs = samples[1].reference_logprobs = {-1, -1};
  // Rewards 1 - 0.5 and 1: each minus the other.
  EXPECT_EQ(first_tokens(config, samples), (std::vector<double>{-0.5, 0.5}));
}

TEST(Advantages, WhiteningHasMeanZeroAndDeviationOneOverTrainedTokens) {
  std::vector<SampleSignal> samples = signals({{1, 0, 0.5}}, 1);
  samples[0].num_tokens = 7;
  samples[2].trained = false;
  const auto out = advantages_of(config_of("reinforce_pp"), samples);
  double sum = 0, squares = 0, count = 0;
  for (int i : {0, 1}) {
    for (float a : out[i].advantages) {
      sum += a;
      squares += a * a;
      ++count;
    }
  }
  EXPECT_NEAR(sum, 0, 1e-5);
  EXPECT_NEAR(squares / (count - 1), 1, 1e-5);
}

TEST(Advantages, OfAnEmptyCompletionAreEmpty) {
  for (const std::string& type : loss_types()) {
    std::vector<SampleSignal> samples = signals({{1, 0}}, 2);
    samples[1].num_tokens = 0;
    samples[0].values = {0, 0};
    const auto out = advantages_of(config_of(type), samples);
    EXPECT_EQ(out[0].advantages.size(), 2u) << type;
    EXPECT_TRUE(out[1].advantages.empty()) << type;
    for (float a : out[0].advantages) EXPECT_TRUE(std::isfinite(a)) << type;
  }
}

TEST(KlEstimates, AreSchulmans) {
  EXPECT_DOUBLE_EQ(kl_estimate(1, 0.3), 0.3);
  EXPECT_DOUBLE_EQ(kl_estimate(2, 0.3), 0.045);
  EXPECT_DOUBLE_EQ(kl_estimate(3, 0.3), std::exp(-0.3) + 0.3 - 1);
  EXPECT_TRUE(std::isfinite(kl_estimate(3, -1e30)));
}

// k1 and k3 are unbiased: their mean under pi is the KL, here over a distribution small enough to sum.
TEST(KlEstimates, K1AndK3AreUnbiasedAndK2IsNot) {
  const double pi[] = {0.5, 0.3, 0.2}, reference[] = {0.2, 0.3, 0.5};
  double kl = 0, k[4] = {};
  for (int i = 0; i < 3; ++i) {
    const double x = std::log(pi[i] / reference[i]);
    kl += pi[i] * x;
    for (int e = 1; e <= 3; ++e) k[e] += pi[i] * kl_estimate(e, x);
  }
  EXPECT_NEAR(k[1], kl, 1e-12);
  EXPECT_NEAR(k[3], kl, 1e-12);
  EXPECT_GT(std::abs(k[2] - kl), 0.01);
}

TEST(Algorithms, AKeyRulesOverItsPreset) {
  GrpoConfig config = config_of("dapo");
  EXPECT_EQ(algorithm_of(config).aggregation, Aggregation::token_mean);
  config.loss_aggregation = "seq-mean-token-mean";
  config.importance_sampling_level = "sequence_token";
  config.kl_in = "reward";
  config.kl_estimator = "k2";
  const Algorithm a = algorithm_of(config);
  EXPECT_EQ(a.aggregation, Aggregation::seq_mean_token_mean);
  EXPECT_EQ(a.ratio, RatioLevel::sequence_token);
  EXPECT_EQ(a.kl_place, KlPlace::reward);
  EXPECT_EQ(a.kl, 2);
  config.beta = 0.1;
  EXPECT_EQ(describe(config), "dapo: advantage group_mean / group std, ratio per sequence_token, clipped, seq-mean-token-mean, k2 in the reward x 0.1");
}

}  // namespace
}  // namespace reprise::rl
