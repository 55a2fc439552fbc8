// Which row is drawn when: shares, epochs, curricula, going back.
#include "data/mixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "support/fault_of.h"

namespace reprise::data {
namespace {

TEST(Mixture, OfOneStoreIsItsOrder) {
  const Mixture mixture({7}, {}, {1, 2});
  const Order order(7, {1, 2});
  for (int64_t i = 0; i < 30; ++i) EXPECT_EQ(mixture.at(i), order.at(i));
}

TEST(Mixture, WithoutWeightsVisitsEveryRowOnceAnEpoch) {
  const Mixture mixture({3, 5}, {}, {1});
  for (int epoch = 0; epoch < 3; ++epoch) {
    std::set<int64_t> seen;
    for (int64_t i = 0; i < 8; ++i) seen.insert(mixture.at(8 * epoch + i));
    EXPECT_EQ(seen.size(), 8u);
  }
}

TEST(Mixture, KeepsSharesAtEveryDraw) {
  const Mixture mixture({10, 1000, 50}, {3, 1, 0}, {9});
  int64_t first = 0;
  std::set<int64_t> of_first;
  for (int64_t i = 0; i < 400; ++i) {
    const int64_t row = mixture.at(i);
    ASSERT_LT(row, 1010) << "a store of weight 0 is never drawn";
    if (row < 10) {
      ++first;
      of_first.insert(row);
      if (of_first.size() == 10) of_first.clear();  // each of its rows once before any again
    }
    EXPECT_NEAR(static_cast<double>(first), 0.75 * static_cast<double>(i + 1), 1.0);
  }
}

TEST(Mixture, GoesBack) {
  const Mixture mixture({4, 9}, {1, 2}, {5});
  std::vector<int64_t> forward;
  for (int64_t i = 0; i < 200; ++i) forward.push_back(mixture.at(i));
  for (int64_t i : {199, 150, 0, 77, 198}) EXPECT_EQ(mixture.at(i), forward[static_cast<size_t>(i)]) << i;
  EXPECT_EQ(Mixture({4, 9}, {1, 2}, {5}).at(150), forward[150]) << "after a resume";
}

TEST(Order, WithKeysGoesFromLowToHighAndShufflesEquals) {
  const std::vector<int64_t> keys = {3, 1, 2, 1, 3, 1, 2, 1};
  const Order order(8, {4}, keys);
  std::set<std::vector<int64_t>> epochs;
  for (int epoch = 0; epoch < 6; ++epoch) {
    std::vector<int64_t> rows;
    for (int64_t i = 0; i < 8; ++i) rows.push_back(order.at(8 * epoch + i));
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end(), [&](int64_t a, int64_t b) { return keys[static_cast<size_t>(a)] < keys[static_cast<size_t>(b)]; }));
    EXPECT_EQ(std::set<int64_t>(rows.begin(), rows.end()).size(), 8u);
    epochs.insert(rows);
  }
  EXPECT_GT(epochs.size(), 1u);
}

TEST(Mixture, NamesWeightsThatDoNotFit) {
  EXPECT_NE(testing::fault_of([] { Mixture({1, 2}, {1}, {}); }), "");
  EXPECT_NE(testing::fault_of([] { Mixture({1, 2}, {0, 0}, {}); }), "");
}

}  // namespace
}  // namespace reprise::data
