// Packing keeps every row once and never overfills; tiles depend on the rows alone.
#include "training/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace reprise::training {
namespace {

std::vector<TrainingRow> random_rows(int count, int64_t longest, uint64_t seed) {
  RandomStream stream({seed});
  std::vector<TrainingRow> rows(count);
  for (int i = 0; i < count; ++i) {
    const int64_t length = 2 + static_cast<int64_t>(stream.below(longest - 1));
    for (int64_t t = 0; t < length; ++t) rows[i].ids.push_back(i * 1000 + static_cast<int32_t>(t));
    rows[i].num_prompt_ids = 1 + static_cast<int64_t>(stream.below(length));
    rows[i].order = i;
  }
  return rows;
}

TEST(PackRows, KeepsEveryRowOnceAndFits) {
  const auto rows = random_rows(200, 90, 3);
  const auto packed = pack_rows(rows, 128);
  std::map<int32_t, int> first_ids;
  int64_t targets = 0, packed_targets = 0, total = 0;
  for (const auto& row : rows) {
    targets += row.num_targets();
    total += static_cast<int64_t>(row.ids.size());
  }
  for (const auto& row : packed) {
    EXPECT_LE(row.ids.size(), 128u);
    packed_targets += row.num_targets();
    size_t start = 0;
    for (int64_t length : row.segment_lengths) {
      ++first_ids[row.ids[start]];
      for (int64_t t = 0; t < length; ++t) ASSERT_EQ(row.ids[start + t], row.ids[start] + t);
      start += length;
    }
    EXPECT_EQ(start, row.ids.size());
  }
  EXPECT_EQ(first_ids.size(), rows.size());
  EXPECT_EQ(packed_targets, targets);
  // Best fit wastes little: at most a tenth more rows than a perfect packing.
  EXPECT_LE(static_cast<int64_t>(packed.size()), (total / 128 + 1) * 11 / 10 + 1);
}

TEST(CutTiles, KeepsOrderAndBudgetAndEveryRowOnce) {
  const auto rows = random_rows(50, 40, 4);
  for (const bool batch_invariant : {true, false}) {
    std::map<int64_t, int> seen;
    size_t longest_before = 0;
    int64_t before = -1;
    for (const auto& tile : cut_tiles(rows, 100, batch_invariant)) {
      int64_t tokens = 0;
      size_t longest = 0;
      for (int64_t index : tile) {
        ++seen[index];
        tokens += static_cast<int64_t>(rows[index].ids.size());
        longest = std::max(longest, rows[index].ids.size());
        if (batch_invariant) EXPECT_EQ(index, ++before) << "in order";
        else EXPECT_GE(rows[index].ids.size(), longest_before) << "by length";
        longest_before = rows[index].ids.size();
      }
      EXPECT_LE(batch_invariant ? tokens : static_cast<int64_t>(tile.size() * longest), 100);
    }
    EXPECT_EQ(seen.size(), rows.size());
  }
  EXPECT_EQ(cut_tiles(rows, 1, true).size(), 50u) << "a row longer than the budget goes alone";
}

TEST(CutTiles, KeepsAGroupTogether) {
  std::vector<TrainingRow> rows;
  for (int i = 0; i < 12; ++i) {
    TrainingRow row;
    for (int t = 0; t < 10; ++t) row.ids.push_back(100 * (i / 4) + t);
    row.num_prompt_ids = 10;
    for (int t = 0; t <= i; ++t) row.ids.push_back(7 + t);
    row.order = i;
    rows.push_back(row);
  }
  EXPECT_THAT(cut_tiles(rows, 1, true), ::testing::ElementsAre(::testing::ElementsAre(0, 1, 2, 3), ::testing::ElementsAre(4, 5, 6, 7), ::testing::ElementsAre(8, 9, 10, 11)));
  const TokenTile tile = make_tile(rows, {4, 5, 6, 7}, at::kCPU, true);
  EXPECT_EQ(tile.layout.num_tokens(), 10 + 5 + 6 + 7 + 8) << "the prompt once";
  EXPECT_EQ(tile.num_tokens, 40 + 5 + 6 + 7 + 8);
  ASSERT_EQ(tile.layout.sequences.size(), 5u);
  EXPECT_EQ(tile.layout.sequences[4].prefix, 0);
  EXPECT_EQ(tile.layout.outputs[5], 9) << "the second completion's first token is read from the prompt's last";
  EXPECT_EQ(make_tile(rows, {4, 5, 6, 7}, at::kCPU, false).layout.num_tokens(), tile.num_tokens);
  // Groups too long for one tile are cut whatever the budget.
  for (auto& row : rows) row.ids.resize(1500, 3);
  EXPECT_EQ(cut_tiles(rows, 1, true).size(), 12u);
}

TEST(MakeTile, ShiftsLabelsOnce) {
  TrainingRow row;
  row.ids = {10, 11, 12, 13};
  row.num_prompt_ids = 2;
  TrainingRow shorter;
  shorter.ids = {20, 21};
  const TokenTile tile = make_tile({row, shorter}, {0, 1}, at::kCPU, true);
  // Row 0 trains on 12 (read at token 1) and 13 (token 2); row 1 on 21 (token 0 of row 1, token 4 of all).
  EXPECT_EQ(tile.target_N.numel(), 3);
  const auto* target = tile.target_N.const_data_ptr<int64_t>();
  EXPECT_EQ(tile.layout.outputs, (std::vector<int64_t>{1, 2, 4}));
  EXPECT_EQ(std::vector<int64_t>(target, target + 3), (std::vector<int64_t>{12, 13, 21}));
}

TEST(MakeTile, NeverTrainsOnTheFirstTokenOfAPackedSequence) {
  const auto rows = random_rows(6, 10, 8);
  const auto packed = pack_rows(rows, 64);
  ASSERT_EQ(packed.size(), 1u);
  const TokenTile tile = make_tile(packed, {0}, at::kCPU, true);
  const std::vector<int64_t>& source = tile.layout.outputs;
  EXPECT_EQ(tile.layout.sequences.size(), 6u);
  const auto* target = tile.target_N.const_data_ptr<int64_t>();
  for (int64_t n = 0; n < tile.target_N.numel(); ++n) {
    EXPECT_EQ(packed[0].ids[source[static_cast<size_t>(n)]] + 1, target[n]) << "the predictor is the token before, of the same sequence";
  }
}

}  // namespace
}  // namespace reprise::training
