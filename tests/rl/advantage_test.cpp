// Group advantages against hand-worked values.
#include "rl/advantage.h"

#include <gtest/gtest.h>

#include <cmath>

namespace reprise::rl {
namespace {

TEST(GroupAdvantages, AConstantGroupTeachesNothing) {
  for (const char* scale : {"group", "none"}) {
    for (double a : group_advantages({0.7, 0.7, 0.7}, scale)) EXPECT_EQ(a, 0.0);
  }
}

TEST(GroupAdvantages, AGroupOfOneTeachesNothing) { EXPECT_EQ(group_advantages({1.0}, "group"), std::vector<double>{0.0}); }

TEST(GroupAdvantages, DivideByTheUnbiasedStandardDeviation) {
  // Rewards 1, 0, 0, 1: mean 1/2, unbiased variance (4 * 1/4) / 3 = 1/3.
  const auto a = group_advantages({1, 0, 0, 1}, "group");
  const double expected = 0.5 / (std::sqrt(1.0 / 3.0) + 1e-4);
  EXPECT_DOUBLE_EQ(a[0], expected);
  EXPECT_DOUBLE_EQ(a[1], -expected);
}

TEST(GroupAdvantages, WithoutScalingAreDifferencesFromTheMean) {
  const auto a = group_advantages({3, 0, 0}, "none");
  EXPECT_DOUBLE_EQ(a[0], 2);
  EXPECT_DOUBLE_EQ(a[1], -1);
}

TEST(GroupAdvantages, SumToZero) {
  double sum = 0;
  for (double a : group_advantages({0.2, 1.2, 0.1, 0.9, 0.0}, "group")) sum += a;
  EXPECT_NEAR(sum, 0, 1e-12);
}

}  // namespace
}  // namespace reprise::rl
