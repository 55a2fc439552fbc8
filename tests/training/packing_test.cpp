// Packing keeps every row once and never overfills; tiles depend on the rows alone.
#include "training/packing.h"

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

TEST(CutTiles, PutsRowsOfLikeLengthTogetherInAStableOrder) {
  const auto rows = random_rows(50, 40, 4);
  const auto tiles = cut_tiles(rows, 8);
  ASSERT_EQ(tiles.size(), 7u);
  size_t previous = 0;
  std::map<int64_t, int> seen;
  for (const auto& tile : tiles) {
    EXPECT_LE(tile.size(), 8u);
    for (int64_t index : tile) {
      EXPECT_GE(rows[index].ids.size(), previous);
      previous = rows[index].ids.size();
      ++seen[index];
    }
  }
  EXPECT_EQ(seen.size(), rows.size());
}

TEST(MakeTile, ShiftsLabelsOnce) {
  TrainingRow row;
  row.ids = {10, 11, 12, 13};
  row.num_prompt_ids = 2;
  TrainingRow shorter;
  shorter.ids = {20, 21};
  const TokenTile tile = make_tile({row, shorter}, {0, 1}, at::kCPU);
  // Row 0 trains on 12 (read at position 1) and 13 (position 2); row 1 on 21 (position 0 of row 1, index 4).
  EXPECT_EQ(tile.target_N.numel(), 3);
  const auto* source = tile.source_N.const_data_ptr<int64_t>();
  const auto* target = tile.target_N.const_data_ptr<int64_t>();
  EXPECT_EQ(std::vector<int64_t>(source, source + 3), (std::vector<int64_t>{1, 2, 4}));
  EXPECT_EQ(std::vector<int64_t>(target, target + 3), (std::vector<int64_t>{12, 13, 21}));
}

TEST(MakeTile, NeverTrainsOnTheFirstTokenOfAPackedSequence) {
  const auto rows = random_rows(6, 10, 8);
  const auto packed = pack_rows(rows, 64);
  ASSERT_EQ(packed.size(), 1u);
  const TokenTile tile = make_tile(packed, {0}, at::kCPU);
  const auto* source = tile.source_N.const_data_ptr<int64_t>();
  const auto* target = tile.target_N.const_data_ptr<int64_t>();
  for (int64_t n = 0; n < tile.target_N.numel(); ++n) {
    EXPECT_EQ(packed[0].ids[source[n]] + 1, target[n]) << "the predictor is the token before, of the same sequence";
  }
}

}  // namespace
}  // namespace reprise::training
