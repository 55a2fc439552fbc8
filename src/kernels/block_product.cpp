// One kernel a vector width, number of rows and layout of the left operand.
#include "kernels/block_product.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace reprise::kernels {
namespace {

// Rows of x lie side by side (Across: element (r, k) at x[k * stride + r]) or below each other (x[r * stride + k]).
using Kernel = void (*)(const float* x, int64_t stride, const float* panel, int64_t panel_stride, int64_t K, float* out, int64_t out_stride, bool accumulate);

template <bool Across>
inline __attribute__((always_inline)) float element(const float* x, int64_t stride, int64_t r, int64_t k) {
  return Across ? x[k * stride + r] : x[r * stride + k];
}

template <int R, bool Across>
void kernel_plain(const float* x, int64_t stride, const float* panel, int64_t panel_stride, int64_t K, float* out, int64_t out_stride, bool accumulate) {
  float sums[R][kPanel] = {};
  if (accumulate) {
    for (int r = 0; r < R; ++r) std::copy_n(out + r * out_stride, kPanel, sums[r]);
  }
  for (int64_t k = 0; k < K; ++k) {
    for (int r = 0; r < R; ++r) {
      const float v = element<Across>(x, stride, r, k);
      for (int64_t n = 0; n < kPanel; ++n) sums[r][n] = std::fma(v, panel[k * panel_stride + n], sums[r][n]);
    }
  }
  for (int r = 0; r < R; ++r) std::copy_n(sums[r], kPanel, out + r * out_stride);
}

#if defined(__x86_64__)
template <int R, bool Across>
__attribute__((target("avx512f"))) void kernel_avx512(const float* x, int64_t stride, const float* panel, int64_t panel_stride, int64_t K, float* out,
                                                      int64_t out_stride, bool accumulate) {
  __m512 low[R], high[R];
  for (int r = 0; r < R; ++r) {
    low[r] = accumulate ? _mm512_loadu_ps(out + r * out_stride) : _mm512_setzero_ps();
    high[r] = accumulate ? _mm512_loadu_ps(out + r * out_stride + 16) : _mm512_setzero_ps();
  }
  for (int64_t k = 0; k < K; ++k) {
    const __m512 a = _mm512_loadu_ps(panel + k * panel_stride), b = _mm512_loadu_ps(panel + k * panel_stride + 16);
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      const __m512 v = _mm512_set1_ps(element<Across>(x, stride, r, k));
      low[r] = _mm512_fmadd_ps(v, a, low[r]);
      high[r] = _mm512_fmadd_ps(v, b, high[r]);
    }
  }
  for (int r = 0; r < R; ++r) {
    _mm512_storeu_ps(out + r * out_stride, low[r]);
    _mm512_storeu_ps(out + r * out_stride + 16, high[r]);
  }
}

template <int R, bool Across>
__attribute__((target("avx2,fma"))) void kernel_avx2(const float* x, int64_t stride, const float* panel, int64_t panel_stride, int64_t K, float* out,
                                                     int64_t out_stride, bool accumulate) {
  for (int64_t half = 0; half < kPanel; half += 16) {
    __m256 low[R], high[R];
    for (int r = 0; r < R; ++r) {
      low[r] = accumulate ? _mm256_loadu_ps(out + r * out_stride + half) : _mm256_setzero_ps();
      high[r] = accumulate ? _mm256_loadu_ps(out + r * out_stride + half + 8) : _mm256_setzero_ps();
    }
    for (int64_t k = 0; k < K; ++k) {
      const __m256 a = _mm256_loadu_ps(panel + k * panel_stride + half), b = _mm256_loadu_ps(panel + k * panel_stride + half + 8);
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) {
        const __m256 v = _mm256_set1_ps(element<Across>(x, stride, r, k));
        low[r] = _mm256_fmadd_ps(v, a, low[r]);
        high[r] = _mm256_fmadd_ps(v, b, high[r]);
      }
    }
    for (int r = 0; r < R; ++r) {
      _mm256_storeu_ps(out + r * out_stride + half, low[r]);
      _mm256_storeu_ps(out + r * out_stride + half + 8, high[r]);
    }
  }
}
#endif

// by_rows[across][R]: the kernel for R rows, 1 <= R <= most.
struct Kernels {
  int64_t most = 0;
  std::array<std::array<Kernel, 13>, 2> by_rows = {};
};

template <template <int, bool> class Family, int... R>
Kernels family(std::integer_sequence<int, R...>) {
  Kernels k;
  k.most = sizeof...(R);
  ((k.by_rows[0][R + 1] = Family<R + 1, false>::call, k.by_rows[1][R + 1] = Family<R + 1, true>::call), ...);
  return k;
}

template <int R, bool Across>
struct Plain {
  static constexpr Kernel call = kernel_plain<R, Across>;
};
#if defined(__x86_64__)
template <int R, bool Across>
struct Avx512 {
  static constexpr Kernel call = kernel_avx512<R, Across>;
};
template <int R, bool Across>
struct Avx2 {
  static constexpr Kernel call = kernel_avx2<R, Across>;
};
#endif

bool asked_for(const char* asked, const char* name) { return *asked == 0 || std::strcmp(asked, name) == 0; }

Kernels choose(const char* asked) {
#if defined(__x86_64__)
  if (asked_for(asked, "avx512") && __builtin_cpu_supports("avx512f")) return family<Avx512>(std::make_integer_sequence<int, 12>());
  if (asked_for(asked, "avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return family<Avx2>(std::make_integer_sequence<int, 6>());
#endif
  if (asked_for(asked, "plain")) return family<Plain>(std::make_integer_sequence<int, 4>());
  return {};
}

Kernels& kernels() {
  static Kernels chosen = choose("");
  return chosen;
}

}  // namespace

bool use_instruction_set(const char* name) {
  const Kernels asked = choose(name);
  if (asked.most == 0) return false;
  kernels() = asked;
  return true;
}

void block_product(const LeftRows& x, int64_t rows, const float* panel, int64_t panel_stride, int64_t K, float* out, int64_t out_stride, int64_t width,
                   bool accumulate) {
  const Kernels& chosen = kernels();
  const bool across = x.row_stride == 1 && x.k_stride != 1;
  const int64_t stride = across ? x.k_stride : x.row_stride;
  // Blocks of nearly the same size: 64 rows are five blocks of 10 or 11 and one more, not 12 and a rest of 4.
  const int64_t num_blocks = (rows + chosen.most - 1) / chosen.most;
  for (int64_t b = 0; b < num_blocks; ++b) {
    const int64_t begin = rows * b / num_blocks, count = rows * (b + 1) / num_blocks - begin;
    const Kernel kernel = chosen.by_rows[across][static_cast<size_t>(count)];
    const float* left = x.data + begin * x.row_stride;
    float* target = out + begin * out_stride;
    if (width == kPanel) {
      kernel(left, stride, panel, panel_stride, K, target, out_stride, accumulate);
      continue;
    }
    alignas(64) float sums[12 * kPanel];
    for (int64_t r = 0; accumulate && r < count; ++r) {
      std::copy_n(target + r * out_stride, width, sums + r * kPanel);
      std::fill(sums + r * kPanel + width, sums + (r + 1) * kPanel, 0.0f);
    }
    kernel(left, stride, panel, panel_stride, K, sums, kPanel, accumulate);
    for (int64_t r = 0; r < count; ++r) std::copy_n(sums + r * kPanel, width, target + r * out_stride);
  }
}

}  // namespace reprise::kernels
