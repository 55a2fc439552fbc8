// Rotary positions with the write into the paged cache.
#include "kernels/ops/rope_cache.h"

#include "kernel_ops/emulated.h"
#include "kernel_ops/harness.h"
#include "support/fault_of.h"

namespace reprise::kernels::ops {
namespace {

class RopeCacheOp : public KernelOp {};
REPRISE_EVERY_WAY(RopeCacheOp);

struct Shape {
  int64_t tokens, heads, kv_heads, head_dim, shift;
};
constexpr Shape kShapes[] = {{1, 1, 1, 2, 0}, {5, 14, 2, 64, 0}, {5, 14, 2, 64, 1}, {3, 4, 4, 10, 0}, {7, 6, 1, 128, 0}, {0, 2, 1, 8, 0}};
constexpr int64_t kPositions = 40;

struct Tables {
  std::vector<float> cosine, sine;
  explicit Tables(int64_t half) {
    for (int64_t p = 0; p < kPositions; ++p) {
      for (int64_t i = 0; i < half; ++i) {
        const double angle = static_cast<double>(p) / std::pow(10000.0, static_cast<double>(i) / static_cast<double>(half));
        cosine.push_back(static_cast<float>(std::cos(angle)));
        sine.push_back(static_cast<float>(std::sin(angle)));
      }
    }
  }
};

TEST_P(RopeCacheOp, AgreesWithTheReference) {
  for (const Shape& s : kShapes) {
    for (const bool in_place : {false, true}) {
      SCOPED_TRACE(std::to_string(s.tokens) + " tokens, " + std::to_string(s.heads) + " heads of " + std::to_string(s.head_dim));
      // q, k and v of a token side by side, and a little more.
      const int64_t stride = (s.heads + 2 * s.kv_heads) * s.head_dim + 16, n = s.tokens * stride, pages = 4, page = 5;
      const auto qkv = normals(static_cast<size_t>(n), 1);
      const Tables tables(s.head_dim / 2);
      std::vector<int32_t> positions;
      std::vector<int64_t> slots;
      for (int64_t t = 0; t < s.tokens; ++t) {
        positions.push_back(static_cast<int32_t>((t * 17 + 3) % kPositions));
        slots.push_back(t == 2 ? -1 : (t * 7 + 4) % (pages * page));
      }
      if (s.tokens > 4) positions[4] = kPositions;  // beyond the tables: left alone
      const size_t cache = static_cast<size_t>(pages * s.kv_heads * page * s.head_dim);
      compare([&](Runs runs, Memory& m) -> Results {
        void* base = m.input(type(), qkv);
        const auto at = [&](void* from, int64_t heads) { return static_cast<char*>(from) + heads * s.head_dim * size_of(type()); };
        void* to = in_place ? base : m.input(type(), std::vector<float>(static_cast<size_t>(n), 0.25f));
        RopeCache a = {.dtype = type(), .tokens = s.tokens, .query_heads = s.heads, .key_value_heads = s.kv_heads, .head_dim = s.head_dim, .stride = stride};
        a.queries = base;
        a.keys = at(base, s.heads);
        a.values = at(base, s.heads + s.kv_heads);
        a.rotated_queries = to;
        a.rotated_keys = at(to, s.heads);
        a.cosine = m.input(tables.cosine);
        a.sine = m.input(tables.sine);
        a.num_positions = kPositions;
        a.positions = m.input(positions);
        a.key_cache = m.input(type(), std::vector<float>(cache, 0.5f));
        a.value_cache = m.input(type(), std::vector<float>(cache, 0.5f));
        a.slots = m.input(slots);
        a.num_pages = pages;
        a.page_positions = page;
        perform(runs, a, rope_cache, emulated::rope_cache);
        const double near = 1e-6 + rounding(type());
        return {{"rotated", m.fetch(type(), to), near, 1e-6}, {"key_cache", m.fetch(type(), a.key_cache), near, 1e-6}, {"value_cache", m.fetch(type(), a.value_cache), 0, 0}};
      }, s.shift);
    }
  }
}

TEST_P(RopeCacheOp, BackTurnsBack) {
  const int64_t E = 16, stride = 3 * E, tokens = 4;
  const auto qk = normals(static_cast<size_t>(tokens * stride), 1);
  const Tables tables(E / 2);
  compare([&](Runs runs, Memory& m) -> Results {
    void* base = m.input(type(), qk);
    RopeCache a = {.dtype = type(), .tokens = tokens, .query_heads = 2, .key_value_heads = 1, .head_dim = E, .stride = stride, .queries = base, .rotated_queries = base};
    a.keys = a.rotated_keys = static_cast<char*>(base) + 2 * E * size_of(type());
    a.cosine = m.input(tables.cosine);
    a.sine = m.input(tables.sine);
    a.num_positions = kPositions;
    a.positions = m.input(std::vector<int32_t>{0, 1, 7, 39});
    perform(runs, a, rope_cache, emulated::rope_cache);
    a.back = true;
    perform(runs, a, rope_cache, emulated::rope_cache);
    const auto got = m.fetch(type(), base);
    for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], qk[i], type() == DType::float32 ? 1e-5 : 0.03);
    return {{"there and back", got, 1e-6 + 2 * rounding(type()), 1e-6 + 2 * rounding(type())}};
  });
}

TEST(RopeCacheOp, RefusesHalfACache) {
  float one = 1;
  const int32_t position = 0;
  RopeCache a = {.tokens = 1, .query_heads = 1, .key_value_heads = 1, .head_dim = 2, .stride = 4, .queries = &one, .keys = &one, .rotated_queries = &one, .cosine = &one, .sine = &one, .num_positions = 1, .positions = &position, .key_cache = &one};
  EXPECT_EQ(testing::fault_of([&] { rope_cache(a, {}); }), "rope_cache: values, slots and both caches come together");
}

}  // namespace
}  // namespace reprise::kernels::ops
