// Each reward term against its formula, worked by hand.
#include "rewards/reward.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/error.h"

namespace reprise::rewards {
namespace {

data::Problem number_problem() {
  data::Problem p;
  p.id = "p";
  p.grader = "number";
  p.answer = "7";
  p.language = "en";
  return p;
}

class Rewards : public ::testing::Test {
 protected:
  // Value of one term.
  double term(const std::string& name, const std::string& completion, int64_t num_tokens = 10, bool finished = true, bool opened = false) {
    config_.reward_funcs = {name};
    return score_completion(config_, {problem_, completion, num_tokens, finished, opened}).terms.at(0).value;
  }
  RewardConfig config_;
  data::Problem problem_ = number_problem();
};

constexpr const char* kRight = "<think>so we add</think><answer>7</answer>";
constexpr const char* kWrong = "<think>so we add</think><answer>8</answer>";

TEST_F(Rewards, Accuracy) {
  EXPECT_EQ(term("accuracy", kRight), 1);
  EXPECT_EQ(term("accuracy", kWrong), 0);
}

TEST_F(Rewards, FormatIsAllOrNothing) {
  EXPECT_EQ(term("format", kRight), 1);
  EXPECT_EQ(term("format", kRight, 10, false), 0);  // cut off
  EXPECT_EQ(term("format", "so</think><answer>7</answer>", 10, true, true), 1);
  for (const char* bad : {"7", "<think>a</think>7", "<answer>7</answer><think>a</think>", "<think>a</think><answer>7</answer> and more <answer>8</answer>", "<think>a<think>b</think><answer>7</answer>"}) {
    EXPECT_EQ(term("format", bad), 0) << bad;
  }
}

TEST_F(Rewards, TagCountIsAQuarterEach) {
  EXPECT_EQ(term("tag_count", kRight), 1);
  EXPECT_EQ(term("tag_count", "<think>a</think>7"), 0.5);
  EXPECT_EQ(term("tag_count", "<think><think>a</think><answer>7</answer>"), 0.75);
  EXPECT_EQ(term("tag_count", "a</think><answer>7</answer>", 10, true, true), 1);
}

TEST_F(Rewards, LanguageConsistency) {
  EXPECT_DOUBLE_EQ(term("language_consistency", "<think>so we 加 一</think><answer>7</answer>"), 0.5);
}

TEST_F(Rewards, LengthNeverRewardsAWrongAnswer) {
  config_.cosine_max_len = 100;
  EXPECT_DOUBLE_EQ(term("length", kRight, 0), 0.5);
  EXPECT_DOUBLE_EQ(term("length", kRight, 50), 0);
  EXPECT_DOUBLE_EQ(term("length", kRight, 400), -0.5);
  EXPECT_DOUBLE_EQ(term("length", kWrong, 0), 0);
  EXPECT_DOUBLE_EQ(term("length", kWrong, 100), -0.5);
}

TEST_F(Rewards, CosineGoesFromEndToEnd) {
  config_.cosine_max_len = 1000;
  EXPECT_NEAR(term("cosine", kRight, 0), 1.0, 1e-12);
  EXPECT_NEAR(term("cosine", kRight, 1000), 0.5, 1e-12);
  EXPECT_NEAR(term("cosine", kRight, 250), 0.5 + 0.25 * (1 + std::cos(M_PI / 4)), 1e-9);
  EXPECT_NEAR(term("cosine", kWrong, 0), -1.0, 1e-12);
  EXPECT_NEAR(term("cosine", kWrong, 5000), -0.5, 1e-12);
}

TEST_F(Rewards, RepetitionPenaltyIsTheShareOfRepeats) {
  config_.repetition_n_grams = 2;
  config_.repetition_max_penalty = -2;
  EXPECT_DOUBLE_EQ(term("repetition_penalty", "a b c d"), 0);
  EXPECT_DOUBLE_EQ(term("repetition_penalty", "a b a b a"), -2 * 0.5);  // 4 bigrams, 2 of them different
  EXPECT_DOUBLE_EQ(term("repetition_penalty", "a"), 0);
}

TEST_F(Rewards, SoftOverlongIsDapos) {
  config_.max_completion_len = 100;
  config_.soft_punish_cache = 20;
  EXPECT_EQ(term("soft_overlong", kRight, 80), 0);
  EXPECT_DOUBLE_EQ(term("soft_overlong", kRight, 90), -0.5);
  EXPECT_DOUBLE_EQ(term("soft_overlong", kRight, 100), -1);
  EXPECT_EQ(term("soft_overlong", kRight, 101), -1);
}

TEST_F(Rewards, SumAndGate) {
  config_.reward_funcs = {"accuracy", "format"};
  config_.reward_weights = {2, 0.5};
  EXPECT_DOUBLE_EQ(score_completion(config_, {problem_, kRight, 10}).reward, 2.5);
  EXPECT_DOUBLE_EQ(score_completion(config_, {problem_, "7", 10}).reward, 2);
  config_.reward_combination = "gated";
  EXPECT_DOUBLE_EQ(score_completion(config_, {problem_, "7", 10}).reward, 0);
  config_.reward_weights = {1};
  EXPECT_THROW(score_completion(config_, {problem_, "7", 10}), Error);
}

TEST_F(Rewards, ARewardMayStartLater) {
  config_.reward_funcs = {"accuracy", "format"};
  config_.reward_start_steps = {0, 100};
  EXPECT_DOUBLE_EQ(score_completion(at_step(config_, 99), {problem_, kRight, 10}).reward, 1);
  EXPECT_DOUBLE_EQ(score_completion(at_step(config_, 100), {problem_, kRight, 10}).reward, 2);
  config_.reward_weights = {0.5, 3};
  EXPECT_DOUBLE_EQ(score_completion(at_step(config_, 99), {problem_, kRight, 10}).reward, 0.5);
  EXPECT_DOUBLE_EQ(score_completion(at_step(config_, 100), {problem_, kRight, 10}).reward, 3.5);
}

TEST_F(Rewards, WhatCannotBeGradedIsFailedNotZero) {
  problem_.grader = "math";
  problem_.answer = "\\pi";
  config_.reward_funcs = {"accuracy"};
  EXPECT_TRUE(score_completion(config_, {problem_, "\\boxed{3.14159}", 10}).terms[0].failed);  // right, as far as it goes
  EXPECT_FALSE(score_completion(config_, {problem_, "\\boxed{2\\pi/2}", 10}).terms[0].failed);
  // What nobody can read is the model's fault, not the grader's.
  EXPECT_FALSE(score_completion(config_, {problem_, "\\boxed{\\foo(}", 10}).terms[0].failed);
  EXPECT_EQ(score_completion(config_, {problem_, "\\boxed{\\foo(}", 10}).terms[0].value, 0);
  problem_.answer = "\\foo";
  EXPECT_TRUE(score_completion(config_, {problem_, "\\boxed{5}", 10}).terms[0].failed);
}

}  // namespace
}  // namespace reprise::rewards
