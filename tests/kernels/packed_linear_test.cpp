// The packed product against its definition: one chain of fused multiply-adds over k, bit for bit, for every instruction
// set of this CPU, any number of rows and outputs that fill no panel.
#include "kernels/packed_linear.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "base/random.h"
#include "kernels/row_ops.h"

namespace reprise::kernels {
namespace {

std::vector<float> normals(size_t count, uint64_t seed) {
  RandomStream stream({seed});
  std::vector<float> values(count);
  for (float& v : values) v = static_cast<float>(stream.normal());
  return values;
}

float chain(const float* x, const float* w, int64_t K) {
  float sum = 0;
  for (int64_t k = 0; k < K; ++k) sum = std::fma(x[k], w[k], sum);
  return sum;
}

class PackedLinear : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!use_packed_linear(GetParam())) GTEST_SKIP() << "needs a CPU with " << GetParam();
  }
  void TearDown() override { use_packed_linear(""); }
};

TEST_P(PackedLinear, IsOneChainOfFusedMultiplyAdds) {
  for (const auto& [N, K] : {std::pair<int64_t, int64_t>{1, 1}, {32, 64}, {33, 7}, {97, 130}, {70, 1}}) {
    const auto w = normals(static_cast<size_t>(N * K), 1);
    PackedWeights packed(N, K);
    packed.set_rows(0, w.data(), N / 2);
    packed.set_rows(N / 2, w.data() + N / 2 * K, N - N / 2);
    for (int64_t M : {1, 2, 5, 11, 12, 13, 25, 200}) {
      const auto x = normals(static_cast<size_t>(M * K), 2);
      std::vector<float> y(static_cast<size_t>(M * N), -1);
      packed_linear(x.data(), K, M, packed, y.data(), N);
      for (int64_t m = 0; m < M; ++m) {
        for (int64_t n = 0; n < N; ++n) ASSERT_EQ(y[m * N + n], chain(x.data() + m * K, w.data() + n * K, K)) << N << "x" << K << " row " << m << " of " << M << ", output " << n;
      }
    }
  }
}

TEST_P(PackedLinear, WritesNothingBehindItsRows) {
  PackedWeights packed(5, 3);
  const auto w = normals(15, 3), x = normals(6, 4);
  packed.set_rows(0, w.data(), 5);
  std::vector<float> y(2 * 9, 7.0f);
  packed_linear(x.data(), 3, 2, packed, y.data(), 9);
  for (int m = 0; m < 2; ++m) {
    for (int n = 5; n < 9; ++n) EXPECT_EQ(y[m * 9 + n], 7.0f);
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, PackedLinear, ::testing::Values("avx512", "avx2", "plain"), [](const auto& info) { return std::string(info.param); });

TEST(RowOps, AgreeWithDoubles) {
  const int64_t n = 203, E = 72;
  auto gate = normals(n, 5);
  const auto up = normals(n, 6);
  gate[3] = 100;
  gate[4] = -100;
  std::vector<float> out(n);
  silu_product_row(gate.data(), up.data(), out.data(), n);
  for (int64_t i = 0; i < n; ++i) {
    const double want = double{gate[i]} / (1 + std::exp(-double{gate[i]})) * up[i];
    EXPECT_NEAR(out[i], want, 1e-6 * std::max(1.0, std::abs(want))) << i;
  }

  // Attention of one query over n positions.
  const auto query = normals(E, 7), keys = normals(static_cast<size_t>(E * n), 8), values = normals(static_cast<size_t>(E * n), 9);
  std::vector<float> scores(n), mixed(E, 0.0f);
  score_positions(query.data(), keys.data(), n, n, E, 0.125f, scores.data());
  std::vector<double> exact(n);
  double most = -1e9, sum = 0;
  for (int64_t t = 0; t < n; ++t) {
    for (int64_t e = 0; e < E; ++e) exact[t] += double{query[e]} * 0.125 * keys[e * n + t];
    EXPECT_NEAR(scores[t], exact[t], 1e-5) << t;
    most = std::max(most, exact[t]);
  }
  softmax_row(scores.data(), n);
  for (double& s : exact) sum += s = std::exp(s - most);
  mix_values(scores.data(), values.data(), n, E, mixed.data());
  for (int64_t t = 0; t < n; ++t) EXPECT_NEAR(scores[t], exact[t] / sum, 1e-6);
  for (int64_t e = 0; e < E; ++e) {
    double want = 0;
    for (int64_t t = 0; t < n; ++t) want += exact[t] / sum * values[t * E + e];
    EXPECT_NEAR(mixed[e], want, 1e-5) << e;
  }
}

// A score's bits are those of its position alone: how many positions follow does not matter.
TEST(RowOps, AScoreDoesNotDependOnHowManyFollow) {
  const int64_t n = 150, E = 64;
  const auto query = normals(E, 10), keys = normals(static_cast<size_t>(E * n), 11);
  std::vector<float> all(n), some(n);
  score_positions(query.data(), keys.data(), n, n, E, 0.3f, all.data());
  for (int64_t count : {1, 15, 16, 17, 63, 64, 65, 100, 149}) {
    score_positions(query.data(), keys.data(), n, count, E, 0.3f, some.data());
    for (int64_t t = 0; t < count; ++t) ASSERT_EQ(some[t], all[t]) << count << " " << t;
  }
}

}  // namespace
}  // namespace reprise::kernels
