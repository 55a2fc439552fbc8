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
    if (!use_instruction_set(GetParam())) GTEST_SKIP() << "needs a CPU with " << GetParam();
  }
  void TearDown() override { use_instruction_set(""); }
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

TEST_P(PackedLinear, GoesOnFromWhatStandsThere) {
  const auto w = normals(33 * 40, 3), x = normals(7 * 40, 4);
  PackedWeights packed(33, 40);
  packed.set_columns(0, x.data(), 0);  // nothing
  packed.set_rows(0, w.data(), 33);
  std::vector<float> y(7 * 33, 0.5f);
  packed_linear(x.data(), 40, 7, packed, y.data(), 33, true);
  for (int m = 0; m < 7; ++m) {
    for (int n = 0; n < 33; ++n) {
      float sum = 0.5f;
      for (int k = 0; k < 40; ++k) sum = std::fma(x[static_cast<size_t>(m * 40 + k)], w[static_cast<size_t>(n * 40 + k)], sum);
      ASSERT_EQ(y[static_cast<size_t>(m * 33 + n)], sum) << m << " " << n;
    }
  }
}

TEST_P(PackedLinear, ColumnsAreTheTranspose) {
  const int64_t N = 45, K = 37;
  const auto w = normals(static_cast<size_t>(N * K), 5), x = normals(static_cast<size_t>(5 * N), 6);
  PackedWeights transposed(K, N);  // the product with W itself: inputs N, outputs K
  transposed.set_columns(0, w.data(), 20);
  transposed.set_columns(20, w.data() + 20 * K, N - 20);
  std::vector<float> y(static_cast<size_t>(5 * K));
  packed_linear(x.data(), N, 5, transposed, y.data(), K);
  for (int64_t m = 0; m < 5; ++m) {
    for (int64_t k = 0; k < K; ++k) {
      float sum = 0;
      for (int64_t n = 0; n < N; ++n) sum = std::fma(x[static_cast<size_t>(m * N + n)], w[static_cast<size_t>(n * K + k)], sum);
      ASSERT_EQ(y[static_cast<size_t>(m * K + k)], sum);
    }
  }
}

// One chain over the rows, however they are cut into calls.
TEST_P(PackedLinear, AWeightGradientIsAChainOverRows) {
  for (const auto& [N, K] : {std::pair<int64_t, int64_t>{1, 1}, {50, 33}, {7, 96}, {130, 64}}) {
    const int64_t M = 300;
    const auto dy = normals(static_cast<size_t>(M * N), 7), x = normals(static_cast<size_t>(M * K), 8);
    std::vector<float> whole(static_cast<size_t>(N * K), 0.25f), cut = whole;
    add_weight_gradient(dy.data(), N, x.data(), K, M, N, K, whole.data());
    int64_t at = 0;
    for (int64_t count : {1, 100, 7, 192}) {
      add_weight_gradient(dy.data() + at * N, N, x.data() + at * K, K, count, N, K, cut.data());
      at += count;
    }
    ASSERT_EQ(at, M);
    EXPECT_EQ(cut, whole);
    for (int64_t n = 0; n < N; ++n) {
      for (int64_t k = 0; k < K; ++k) {
        float sum = 0.25f;
        for (int64_t m = 0; m < M; ++m) sum = std::fma(dy[static_cast<size_t>(m * N + n)], x[static_cast<size_t>(m * K + k)], sum);
        ASSERT_EQ(whole[static_cast<size_t>(n * K + k)], sum) << N << "x" << K;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, PackedLinear, ::testing::Values("avx512", "avx2", "plain"), [](const auto& info) { return std::string(info.param); });

TEST(RowOps, AgreeWithDoubles) {
  const int64_t n = 203;
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
}

}  // namespace
}  // namespace reprise::kernels
