// Learning-rate schedules at their corners and against libm's cosine.
#include "training/schedule.h"

#include <gtest/gtest.h>

#include <cmath>

namespace reprise::training {
namespace {

OptimizerConfig config(const char* type) {
  OptimizerConfig c;
  c.learning_rate = 5e-5;
  c.lr_scheduler_type = type;
  c.min_lr_rate = 0.1;
  return c;
}

TEST(LearningRate, WarmsUpInALineAndReachesThePeak) {
  OptimizerConfig c = config("constant");
  c.warmup_steps = 4;
  EXPECT_DOUBLE_EQ(learning_rate_at(c, 0, 100), 5e-5 / 4);
  EXPECT_DOUBLE_EQ(learning_rate_at(c, 3, 100), 5e-5);
  EXPECT_DOUBLE_EQ(learning_rate_at(c, 99, 100), 5e-5);
}

TEST(LearningRate, CosineFallsFromR1sPeakToATenth) {
  const OptimizerConfig c = config("cosine");
  EXPECT_DOUBLE_EQ(learning_rate_at(c, 0, 101), 5e-5);
  EXPECT_NEAR(learning_rate_at(c, 50, 101), 5e-5 * 0.55, 1e-18);
  EXPECT_NEAR(learning_rate_at(c, 100, 101), 5e-6, 1e-18);
  for (int step = 0; step <= 100; ++step) {
    EXPECT_NEAR(learning_rate_at(c, step, 101), 5e-5 * (0.1 + 0.45 * (1 + std::cos(M_PI * step / 100))), 1e-16);
  }
}

TEST(LearningRate, LinearEndsAtItsFloor) {
  const OptimizerConfig c = config("linear");
  EXPECT_NEAR(learning_rate_at(c, 9, 10), 5e-6, 1e-20);
}

TEST(LearningRate, OneStepIsThePeak) { EXPECT_DOUBLE_EQ(learning_rate_at(config("cosine"), 0, 1), 5e-5); }

}  // namespace
}  // namespace reprise::training
