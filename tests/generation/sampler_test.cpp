// The sampler against libm and against the distribution it must draw from.
#include "generation/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "base/random.h"

namespace reprise::generation {
namespace {

SamplingConfig plain(double temperature = 1.0) {
  SamplingConfig config;
  config.temperature = temperature;
  return config;
}

TEST(GumbelNoise, HasTheGumbelDistribution) {
  // Mean is Euler's constant, variance pi^2/6; 200,000 draws give standard errors of 0.003 and 0.009.
  const NoiseKey key = noise_key({1, 2, 3}, 4, 5);
  double sum = 0, squares = 0;
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) {
    const double g = gumbel_noise(key, static_cast<uint32_t>(i / 1000), static_cast<uint32_t>(i % 1000));
    sum += g;
    squares += g * g;
  }
  const double mean = sum / kDraws;
  EXPECT_NEAR(mean, 0.5772157, 0.012);
  EXPECT_NEAR(squares / kDraws - mean * mean, 1.6449341, 0.04);
}

TEST(DrawToken, FollowsTheSoftmaxAtItsTemperature) {
  const std::vector<float> logits = {0.5f, -1.0f, 2.0f, 0.0f, 1.25f, -3.0f, 0.1f};
  for (double temperature : {1.0, 0.6, 1.7}) {
    std::vector<double> probability;
    double total = 0;
    for (float l : logits) total += std::exp(l / temperature);
    for (float l : logits) probability.push_back(std::exp(l / temperature) / total);
    std::vector<int> counts(logits.size());
    std::vector<float> scratch;
    constexpr int kDraws = 40000;
    for (int i = 0; i < kDraws; ++i) {
      const Draw draw = draw_token(logits, plain(temperature), noise_key({9}, static_cast<uint64_t>(i), 0), 0, scratch);
      ++counts[draw.id];
      ASSERT_NEAR(draw.behavior_logprob, std::log(probability[draw.id]), 2e-6);
    }
    double chi_square = 0;
    for (size_t i = 0; i < logits.size(); ++i) {
      const double expected = probability[i] * kDraws;
      chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
    }
    EXPECT_LT(chi_square, 22.46) << "6 degrees of freedom, p = 0.001";
  }
}

TEST(DrawToken, DoesNotDependOnAConstantAddedToTheLogits) {
  std::vector<float> logits = {1, 2, 3, 4}, shifted = {257, 258, 259, 260}, scratch;
  for (uint64_t s = 0; s < 200; ++s) {
    const NoiseKey key = noise_key({7}, 1, s);
    EXPECT_EQ(draw_token(logits, plain(), key, 3, scratch).id, draw_token(shifted, plain(), key, 3, scratch).id);
  }
}

TEST(DrawToken, AtTemperatureZeroTakesTheLowestIdOfTheLargest) {
  std::vector<float> logits = {1, 5, 5, 2}, scratch;
  const Draw draw = draw_token(logits, plain(0), noise_key({1}, 1, 1), 0, scratch);
  EXPECT_EQ(draw.id, 1);
  EXPECT_EQ(draw.behavior_logprob, 0);
}

TEST(DrawToken, FiltersKeepTheMostLikelyAndRenormalise) {
  const std::vector<float> logits = {3, 2, 1, 0, -1};
  std::vector<float> scratch;
  SamplingConfig top_k = plain();
  top_k.top_k = 2;
  const double z2 = std::exp(3) + std::exp(2), z5 = z2 + std::exp(1) + 1 + std::exp(-1);
  std::map<int, int> seen;
  for (uint64_t s = 0; s < 300; ++s) {
    const Draw draw = draw_token(logits, top_k, noise_key({2}, 1, s), 0, scratch);
    ++seen[draw.id];
    EXPECT_NEAR(draw.behavior_logprob, logits[draw.id] - std::log(z2), 2e-6);
    EXPECT_NEAR(draw.full_logprob, logits[draw.id] - std::log(z5), 2e-6);
  }
  EXPECT_EQ(seen.size(), 2u);
  SamplingConfig nucleus = plain();
  nucleus.top_p = 0.5;  // the first token alone has 0.64
  for (uint64_t s = 0; s < 50; ++s) EXPECT_EQ(draw_token(logits, nucleus, noise_key({3}, 1, s), 0, scratch).id, 0);
  SamplingConfig floor = plain();
  floor.min_p = 0.3;  // e^-1 = 0.37 stays, e^-2 = 0.14 goes
  for (uint64_t s = 0; s < 100; ++s) EXPECT_LE(draw_token(logits, floor, noise_key({4}, 1, s), 0, scratch).id, 1);
}

TEST(DrawToken, UsesTheNoiseThatGumbelNoiseTells) {
  RandomStream stream({11});
  std::vector<float> logits(1003), scratch;
  for (float& l : logits) l = static_cast<float>(stream.normal());
  for (uint64_t s = 0; s < 20; ++s) {
    const NoiseKey key = noise_key({5, 6}, 7, s);
    int best = 0;
    double highest = -1e30;
    for (int i = 0; i < 1003; ++i) {
      const double value = double{logits[i]} + gumbel_noise(key, 12, static_cast<uint32_t>(i));
      if (value > highest) {
        highest = value;
        best = i;
      }
    }
    EXPECT_EQ(draw_token(logits, plain(), key, 12, scratch).id, best);
  }
}

}  // namespace
}  // namespace reprise::generation
