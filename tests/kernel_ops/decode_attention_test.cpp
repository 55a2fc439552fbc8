// Decode attention over pages: lengths on both sides of a split, groups of heads of every kind, pages that rows share.
#include "kernels/ops/decode_attention.h"

#include <numeric>

#include "kernel_ops/emulated.h"
#include "kernel_ops/harness.h"
#include "support/fault_of.h"

namespace reprise::kernels::ops {
namespace {

class DecodeAttentionOp : public KernelOp {};
REPRISE_EVERY_WAY(DecodeAttentionOp);

struct Shape {
  int64_t query_heads, kv_heads, head_dim, page;
  std::vector<int32_t> lengths;
};
const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {
      {1, 1, 32, 16, {1}},
      {14, 2, 64, 16, {1, 17, 0, 255}},        // Qwen2.5-0.5B's heads
      {12, 2, 128, 32, {256, 33}},             // 1.5B's
      {2, 2, 64, 7, {257, 40}},                // no sharing, pages that no split is a multiple of
      {8, 2, 128, 64, {300}},
      {10, 1, 256, 16, {5, 70}},               // more heads than one run takes
      {4, 4, 32, 16, {520}},
  };
  return all;
}

// The cache holds every row's pages in a shuffled order, NaN where no position lies.
struct Inputs {
  int64_t max_length, max_pages, num_pages;
  std::vector<int32_t> pages;
  std::vector<float> queries, keys, values;
  explicit Inputs(const Shape& s) {
    max_length = std::max<int64_t>(1, *std::max_element(s.lengths.begin(), s.lengths.end()));
    max_pages = (max_length + s.page - 1) / s.page;
    const int64_t rows = static_cast<int64_t>(s.lengths.size());
    num_pages = rows * max_pages + 1;
    pages.resize(static_cast<size_t>(rows * max_pages));
    std::iota(pages.begin(), pages.end(), 1);
    RandomStream stream({7});
    shuffle(pages, stream);
    // Rows of a group share their first page.
    for (int64_t r = 1; r < rows; ++r) pages[static_cast<size_t>(r * max_pages)] = pages[0];
    queries = normals(static_cast<size_t>(rows * s.query_heads * s.head_dim), 1);
    const size_t cache = static_cast<size_t>(num_pages * s.kv_heads * s.page * s.head_dim);
    keys.assign(cache, NAN);
    values.assign(cache, NAN);
    const auto k = normals(cache, 2), v = normals(cache, 3);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t t = 0; t < s.lengths[static_cast<size_t>(r)]; ++t) {
        for (int64_t h = 0; h < s.kv_heads; ++h) {
          const size_t at = static_cast<size_t>(((pages[static_cast<size_t>(r * max_pages + t / s.page)] * s.kv_heads + h) * s.page + t % s.page) * s.head_dim);
          for (size_t e = 0; e < static_cast<size_t>(s.head_dim); ++e) {
            keys[at + e] = k[at + e];
            values[at + e] = v[at + e];
          }
        }
      }
    }
  }
  DecodeAttention args(Memory& m, DType type, const Shape& s, int64_t sized_for) const {
    DecodeAttention a = {.dtype = type, .rows = static_cast<int64_t>(s.lengths.size()), .query_heads = s.query_heads, .key_value_heads = s.kv_heads, .head_dim = s.head_dim};
    a.scale = 1 / std::sqrt(static_cast<float>(s.head_dim));
    a.queries = m.input(type, queries);
    a.query_stride = s.query_heads * s.head_dim;
    a.key_cache = m.input(type, keys);
    a.value_cache = m.input(type, values);
    a.num_pages = num_pages;
    a.page_positions = s.page;
    a.pages = m.input(pages);
    a.max_pages = max_pages;
    a.lengths = m.input(s.lengths);
    a.max_length = sized_for;
    a.out = m.output(type, a.rows * a.query_stride);
    a.workspace = m.output<float>(workspace_floats(a));
    return a;
  }
};

TEST_P(DecodeAttentionOp, AgreesWithTheReference) {
  for (const Shape& s : shapes()) {
    SCOPED_TRACE(std::to_string(s.query_heads) + "/" + std::to_string(s.kv_heads) + " heads of " + std::to_string(s.head_dim) + ", " + std::to_string(s.lengths[0]) + " positions");
    const Inputs in(s);
    compare([&](Runs runs, Memory& m) -> Results {
      const DecodeAttention a = in.args(m, type(), s, in.max_length);
      perform(runs, a, decode_attention, emulated::decode_attention);
      return {{"out", m.fetch(type(), a.out), 2e-5 + rounding(type()), 3e-6}};
    });
  }
}

// A row alone, and among others in a launch sized for longer rows: the same bits.
TEST_P(DecodeAttentionOp, ARowDoesNotDependOnItsNeighbours) {
  const Shape all = {6, 2, 64, 16, {270, 40, 300}};
  const Inputs in(all);
  Memory together(GetParam().runs);
  const DecodeAttention a = in.args(together, type(), all, in.max_pages * all.page);
  perform(GetParam().runs, a, decode_attention, emulated::decode_attention);
  const auto want = together.fetch(type(), a.out);
  Memory alone(GetParam().runs);
  Shape one = all;
  one.lengths = {270};
  DecodeAttention b = in.args(alone, type(), one, 270);
  perform(GetParam().runs, b, decode_attention, emulated::decode_attention);
  const auto got = alone.fetch(type(), b.out);
  ASSERT_EQ(got.size(), 6u * 64u);
  for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], want[i]) << i;
}

TEST(DecodeAttentionOp, RefusesHeadsThatDoNotDivide) {
  EXPECT_EQ(testing::fault_of([&] { check(DecodeAttention{.rows = 1, .query_heads = 3, .key_value_heads = 2}); }), "decode_attention: query heads must be a multiple of key/value heads");
  EXPECT_EQ(testing::fault_of([&] { check(DecodeAttention{.rows = 1, .query_heads = 2, .key_value_heads = 2, .head_dim = 80}); }), "decode_attention: head_dim must be 32, 64, 128 or 256");
}

}  // namespace
}  // namespace reprise::kernels::ops
