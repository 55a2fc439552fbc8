// Sampling: the very token of the CPU's sampler, over temperatures, filters, ties, banned tokens and flat rows.
#include "kernels/ops/sampling.h"

#include <algorithm>

#include "generation/sampler.h"
#include "kernel_ops/emulated.h"
#include "kernel_ops/harness.h"
#include "kernels/row_ops.h"
#include "support/fault_of.h"

namespace reprise::kernels::ops {
namespace {

class SamplingOp : public KernelOp {};
REPRISE_EVERY_WAY(SamplingOp);

struct Filters {
  double temperature;
  int64_t top_k;
  double top_p, min_p;
};
constexpr Filters kFilters[] = {{0, 0, 1, 0},    {1, 0, 1, 0},       {0.6, 0, 1, 0},   {1.7, 0, 1, 0},   {1, 1, 1, 0},      {1, 40, 1, 0},       {0.6, 0, 0.95, 0}, {1, 0, 0.5, 0},
                                 {1, 0, 0, 0},    {1.3, 0, 0.999, 0}, {1, 0, 1, 0.05},  {0.8, 50, 0.9, 0}, {1, 2000, 0.7, 0}, {1, 1500, 1, 0.001}, {1, 30, 0.9, 0.1}, {1, 0, 0.9, 0.02},
                                 {2, 0, 1, 0.0001}, {1, 100000, 1, 0}};
std::string text(const Filters& f) {
  return "temperature " + std::to_string(f.temperature) + ", top_k " + std::to_string(f.top_k) + ", top_p " + std::to_string(f.top_p) + ", min_p " + std::to_string(f.min_p);
}

struct Shape {
  int64_t vocabulary;
  float spread;   // of the logits; 0: all equal
  int levels;     // logits rounded to multiples of 1 / levels: ties; 0: not rounded
};
constexpr Shape kShapes[] = {{1, 1, 0}, {7, 1, 0}, {1000, 3, 0}, {2101, 1, 4}, {1100, 0, 1}, {3003, 4, 0}};
constexpr int64_t kRows = 2;

std::vector<float> logits_of(const Shape& s, DType type) {
  auto values = normals(static_cast<size_t>(kRows * s.vocabulary), static_cast<uint64_t>(s.vocabulary), s.spread);
  for (size_t i = 0; i < values.size(); ++i) {
    if (s.levels) values[i] = std::round(values[i] * static_cast<float>(s.levels)) / static_cast<float>(s.levels);
    if (s.levels && i % 5 == 0) values[i] = -values[i];  // zeros of both signs
    if (type == DType::bfloat16) values[i] = float_of(rounded_to<Bf16>(values[i]));
  }
  return values;
}

struct Inputs {
  std::vector<SamplingKey> keys;
  std::vector<uint32_t> positions;
  std::vector<int32_t> banned, banned_begin = {0};
  std::vector<std::vector<int32_t>> banned_of;
  std::vector<generation::NoiseKey> noise;
  Inputs(const Shape& s, const std::vector<float>& logits, uint64_t seed) {
    for (int64_t r = 0; r < kRows; ++r) {
      noise.push_back(generation::noise_key({seed}, static_cast<uint64_t>(r), 3));
      keys.push_back({{noise.back().key[0], noise.back().key[1]}, noise.back().upper});
      positions.push_back(static_cast<uint32_t>(17 * r + 5));
      banned_of.emplace_back();
      // In row 1 the most likely token and another are banned; row 0 bans ids that are not there.
      const float* row = logits.data() + r * s.vocabulary;
      if (r == 1 && s.vocabulary > 2) banned_of.back() = {static_cast<int32_t>(std::max_element(row, row + s.vocabulary) - row), 2};
      if (r == 0) banned_of.back() = {-1, static_cast<int32_t>(s.vocabulary)};
      banned.insert(banned.end(), banned_of.back().begin(), banned_of.back().end());
      banned_begin.push_back(static_cast<int32_t>(banned.size()));
    }
  }
  Sampling args(Memory& m, DType type, const Shape& s, const std::vector<float>& logits, const Filters& f, bool with_banned) const {
    Sampling a = {.dtype = type, .rows = kRows, .vocabulary = s.vocabulary, .stride = s.vocabulary, .logits = m.input(type, logits), .temperature = f.temperature, .top_k = f.top_k, .top_p = f.top_p, .min_p = f.min_p};
    a.keys = m.input(keys);
    a.positions = m.input(positions);
    if (with_banned) {
      a.banned = m.input(banned);
      a.banned_begin = m.input(banned_begin);
    }
    a.ids = m.output<int32_t>(kRows);
    a.behavior_logprob = m.output<float>(kRows);
    a.full_logprob = m.output<float>(kRows);
    return a;
  }
};

TEST_P(SamplingOp, DrawsTheCpusVeryToken) {
  for (const Shape& s : kShapes) {
    const auto logits = logits_of(s, type());
    for (const Filters& f : kFilters) {
      // Small rows with banned tokens and without, large ones alternately.
      for (const bool with_banned : {false, true}) {
        if (s.vocabulary > 1000 && with_banned != ((&f - kFilters) % 2 == 1)) continue;
        const uint64_t seed = with_banned ? 2 : 1;
        SCOPED_TRACE(std::to_string(s.vocabulary) + " tokens, " + text(f) + (with_banned ? ", banned" : ""));
        const Inputs in(s, logits, seed);
        Memory memory(GetParam().runs);
        emulator::set_order(kOrders[(&f - kFilters) % 3]);
        const Sampling a = in.args(memory, type(), s, logits, f, with_banned);
        perform(GetParam().runs, a, sample, emulated::sample);
        emulator::set_order(emulator::Order::ascending);
        memory.expect_guards_whole();
        const auto ids = memory.fetch(a.ids);
        const auto behavior = memory.fetch(a.behavior_logprob), full = memory.fetch(a.full_logprob);
        generation::SamplingConfig config;
        config.temperature = f.temperature;
        config.top_k = f.top_k;
        config.top_p = f.top_p;
        config.min_p = f.min_p;
        std::vector<float> scratch;
        for (size_t r = 0; r < kRows; ++r) {
          const std::span<const float> row(logits.data() + static_cast<int64_t>(r) * s.vocabulary, static_cast<size_t>(s.vocabulary));
          const auto draw = generation::draw_token(row, config, in.noise[r], in.positions[r], scratch, with_banned ? std::span<const int32_t>(in.banned_of[r]) : std::span<const int32_t>());
          ASSERT_EQ(ids[r], draw.id) << "row " << r;
          ASSERT_NEAR(behavior[r], draw.behavior_logprob, 1e-6 * (1 + std::abs(draw.behavior_logprob)));
          ASSERT_NEAR(full[r], draw.full_logprob, 1e-6 * (1 + std::abs(draw.full_logprob)));
        }
      }
    }
  }
}

// top_p put just where a running sum meets it: a total that is one bit off keeps one token more or less. The logits are spread
// wide, because sums of weights of one size are exact in double whatever their order.
TEST_P(SamplingOp, TheBorderOfANucleusFallsWhereTheCpusFalls) {
  const Shape s = {1003, 8, 0};
  auto logits = logits_of(s, type());
  std::copy_n(logits.begin(), s.vocabulary, logits.begin() + s.vocabulary);  // both rows alike
  const Inputs in(s, logits, 1);
  const std::span<const float> row(logits.data(), static_cast<size_t>(s.vocabulary));
  const auto z = kernels::normaliser_of(row.data(), s.vocabulary, 1.0f);
  std::vector<float> sorted(row.begin(), row.end());
  std::sort(sorted.rbegin(), sorted.rend());
  std::vector<float> weights(sorted.size());
  kernels::exp_row(sorted.data(), s.vocabulary, z.maximum, 1.0f, 1.0f, weights.data());
  double running = 0;
  for (size_t i = 0; i < 40; ++i) {
    running += weights[i];
    const Filters f = {1, 0, running / z.sum, 0};
    Memory memory(GetParam().runs);
    const Sampling a = in.args(memory, type(), s, logits, f, false);
    perform(GetParam().runs, a, sample, emulated::sample);
    generation::SamplingConfig config;
    config.top_p = f.top_p;
    std::vector<float> scratch;
    for (size_t r = 0; r < kRows; ++r) {
      const auto draw = generation::draw_token(row, config, in.noise[r], in.positions[r], scratch);
      ASSERT_EQ(memory.fetch(a.ids)[r], draw.id) << i;
      ASSERT_NEAR(memory.fetch(a.behavior_logprob)[r], draw.behavior_logprob, 1e-6 * (1 + std::abs(draw.behavior_logprob))) << i;
    }
  }
}

TEST_P(SamplingOp, AgreesWithTheReferenceAndRepeats) {
  const Shape s = {2003, 3, 0};
  const auto logits = logits_of(s, type());
  const Inputs in(s, logits, 1);
  for (const Filters& f : kFilters) {
    if (type() == DType::bfloat16 && (f.top_k > 0 || f.min_p > 0 || f.top_p < 1)) continue;  // ties at the border of a filter: libm may see them otherwise
    SCOPED_TRACE(text(f));
    compare([&](Runs runs, Memory& m) -> Results {
      const Sampling a = in.args(m, type(), s, logits, f, false);
      perform(runs, a, sample, emulated::sample);
      std::vector<float> ids;
      for (const int32_t id : m.fetch(a.ids)) ids.push_back(static_cast<float>(id));
      return {{"ids", ids, 0, 0}, {"behavior_logprob", m.fetch(a.behavior_logprob), 2e-6, 2e-6}, {"full_logprob", m.fetch(a.full_logprob), 2e-6, 2e-6}};
    });
  }
}

TEST(SamplingOp, RefusesProbabilitiesBeyondOne) {
  Sampling a = {.rows = 1, .vocabulary = 1, .stride = 1, .top_p = 1.5};
  float one = 1;
  SamplingKey key = {};
  uint32_t position = 0;
  int32_t id = 0;
  a.logits = a.behavior_logprob = a.full_logprob = &one;
  a.keys = &key;
  a.positions = &position;
  a.ids = &id;
  EXPECT_EQ(testing::fault_of([&] { sample(a, {}); }), "sample: temperature and top_k must not be negative, top_p and min_p lie in [0, 1]");
}

}  // namespace
}  // namespace reprise::kernels::ops
