// One micro-kernel a vector width: a block of rows times a panel, the sums held in registers.
#include "kernels/packed_linear.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace reprise::kernels {
namespace {

constexpr int64_t kPanel = PackedWeights::kPanel;

// x: `R` rows; panel [K][32]; sums [R][32] out.
using BlockKernel = void (*)(const float* x, int64_t x_stride, const float* panel, int64_t K, float* sums);

template <int R>
void block_plain(const float* x, int64_t x_stride, const float* panel, int64_t K, float* sums) {
  for (int64_t i = 0; i < R * kPanel; ++i) sums[i] = 0;
  for (int64_t k = 0; k < K; ++k) {
    for (int r = 0; r < R; ++r) {
      for (int64_t n = 0; n < kPanel; ++n) sums[r * kPanel + n] = std::fma(x[r * x_stride + k], panel[k * kPanel + n], sums[r * kPanel + n]);
    }
  }
}

#if defined(__x86_64__)
template <int R>
__attribute__((target("avx512f"))) void block_avx512(const float* x, int64_t x_stride, const float* panel, int64_t K, float* sums) {
  __m512 low[R], high[R];
  for (int r = 0; r < R; ++r) low[r] = high[r] = _mm512_setzero_ps();
  for (int64_t k = 0; k < K; ++k) {
    const __m512 a = _mm512_loadu_ps(panel + k * kPanel), b = _mm512_loadu_ps(panel + k * kPanel + 16);
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      const __m512 v = _mm512_set1_ps(x[r * x_stride + k]);
      low[r] = _mm512_fmadd_ps(v, a, low[r]);
      high[r] = _mm512_fmadd_ps(v, b, high[r]);
    }
  }
  for (int r = 0; r < R; ++r) {
    _mm512_storeu_ps(sums + r * kPanel, low[r]);
    _mm512_storeu_ps(sums + r * kPanel + 16, high[r]);
  }
}

template <int R>
__attribute__((target("avx2,fma"))) void block_avx2(const float* x, int64_t x_stride, const float* panel, int64_t K, float* sums) {
  for (int64_t half = 0; half < kPanel; half += 16) {
    __m256 low[R], high[R];
    for (int r = 0; r < R; ++r) low[r] = high[r] = _mm256_setzero_ps();
    for (int64_t k = 0; k < K; ++k) {
      const __m256 a = _mm256_loadu_ps(panel + k * kPanel + half), b = _mm256_loadu_ps(panel + k * kPanel + half + 8);
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) {
        const __m256 v = _mm256_broadcast_ss(x + r * x_stride + k);
        low[r] = _mm256_fmadd_ps(v, a, low[r]);
        high[r] = _mm256_fmadd_ps(v, b, high[r]);
      }
    }
    for (int r = 0; r < R; ++r) {
      _mm256_storeu_ps(sums + r * kPanel + half, low[r]);
      _mm256_storeu_ps(sums + r * kPanel + half + 8, high[r]);
    }
  }
}
#endif

// by_rows[R]: the kernel for R rows, 1 <= R <= most.
struct Kernels {
  int most = 4;
  BlockKernel by_rows[13] = {};
};

bool asked_for(const char* asked, const char* name) { return *asked == 0 || std::strcmp(asked, name) == 0; }

Kernels choose(const char* asked) {
  Kernels k;
#if defined(__x86_64__)
  if (asked_for(asked, "avx512") && __builtin_cpu_supports("avx512f")) {
    k.most = 12;
    BlockKernel all[] = {nullptr, block_avx512<1>, block_avx512<2>, block_avx512<3>, block_avx512<4>, block_avx512<5>, block_avx512<6>,
                         block_avx512<7>, block_avx512<8>, block_avx512<9>, block_avx512<10>, block_avx512<11>, block_avx512<12>};
    std::copy(std::begin(all), std::end(all), k.by_rows);
    return k;
  }
  if (asked_for(asked, "avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    k.most = 6;
    BlockKernel all[] = {nullptr, block_avx2<1>, block_avx2<2>, block_avx2<3>, block_avx2<4>, block_avx2<5>, block_avx2<6>};
    std::copy(std::begin(all), std::end(all), k.by_rows);
    return k;
  }
#endif
  if (!asked_for(asked, "plain")) return k;
  BlockKernel all[] = {nullptr, block_plain<1>, block_plain<2>, block_plain<3>, block_plain<4>};
  std::copy(std::begin(all), std::end(all), k.by_rows);
  return k;
}

Kernels& kernels() {
  static Kernels chosen = choose("");
  return chosen;
}

}  // namespace

bool use_packed_linear(const char* instruction_set) {
  const Kernels asked = choose(instruction_set);
  if (!asked.by_rows[1]) return false;
  kernels() = asked;
  return true;
}

void PackedWeights::Free::operator()(float* p) const { std::free(p); }

PackedWeights::PackedWeights(int64_t outputs, int64_t inputs) : outputs_(outputs), inputs_(inputs) {
  const size_t bytes = static_cast<size_t>(num_panels() * inputs * kPanel) * sizeof(float);
  void* memory = std::aligned_alloc(64, std::max<size_t>(64, bytes));
  if (!memory) throw std::bad_alloc();
  std::memset(memory, 0, bytes);
  values_.reset(static_cast<float*>(memory));
}

void PackedWeights::set_rows(int64_t first, const float* rows, int64_t count) {
  at::parallel_for(0, count, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float* panel = values_.get() + (first + i) / kPanel * inputs_ * kPanel + (first + i) % kPanel;
      for (int64_t k = 0; k < inputs_; ++k) panel[k * kPanel] = rows[i * inputs_ + k];
    }
  });
}

void packed_linear(const float* x, int64_t x_stride, int64_t rows, const PackedWeights& weights, float* y, int64_t y_stride,
                   int64_t first_panel, int64_t last_panel) {
  const Kernels& chosen = kernels();
  const int64_t K = weights.inputs();
  // The rows are cut into blocks of nearly the same size: 64 rows are five blocks of 10 or 11 and one more, not 12 and a rest of 4.
  const int64_t num_blocks = (rows + chosen.most - 1) / chosen.most;
  alignas(64) float sums[12 * kPanel];
  for (int64_t p = first_panel; p < last_panel; ++p) {
    const int64_t width = std::min(kPanel, weights.outputs() - p * kPanel);
    for (int64_t b = 0; b < num_blocks; ++b) {
      const int64_t begin = rows * b / num_blocks, end = rows * (b + 1) / num_blocks;
      chosen.by_rows[end - begin](x + begin * x_stride, x_stride, weights.panel(p), K, sums);
      for (int64_t m = begin; m < end; ++m) std::memcpy(y + m * y_stride + p * kPanel, sums + (m - begin) * kPanel, sizeof(float) * static_cast<size_t>(width));
    }
  }
}

void packed_linear(const float* x, int64_t x_stride, int64_t rows, const PackedWeights& weights, float* y, int64_t y_stride) {
  if (rows == 0) return;
  // A thread is worth waking for about 100,000 multiply-adds.
  const int64_t per_panel = std::max<int64_t>(1, rows * weights.inputs() * kPanel), grain = std::max<int64_t>(1, 100000 / per_panel);
  // Many rows: blocks of rows too, so that x's part stays in the cache.
  constexpr int64_t kRowsAtOnce = 192;
  for (int64_t start = 0; start < rows; start += kRowsAtOnce) {
    const int64_t count = std::min(kRowsAtOnce, rows - start);
    at::parallel_for(0, weights.num_panels(), grain, [&](int64_t begin, int64_t end) {
      packed_linear(x + start * x_stride, x_stride, count, weights, y + start * y_stride, y_stride, begin, end);
    });
  }
}

}  // namespace reprise::kernels
