// Compiled for several instruction sets; the dynamic linker chooses one at start. Same operations, same bits in each.
#include "kernels/row_ops.h"

#include <cmath>

#pragma GCC optimize("O3", "no-trapping-math", "no-math-errno")
#pragma GCC diagnostic ignored "-Wpsabi"  // vectors are passed between inlined functions only
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define REPRISE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define REPRISE_CLONES
#endif

namespace reprise::kernels {
namespace {

// Sixteen floats side by side; the compiler makes of them what the instruction set has.
typedef float Lanes __attribute__((vector_size(64), aligned(4), may_alias));

inline __attribute__((always_inline)) float sum_of(const Lanes& lanes) {
  float sum = 0;
  for (int i = 0; i < 16; ++i) sum += lanes[i];
  return sum;
}

typedef int32_t IntLanes __attribute__((vector_size(64), aligned(4), may_alias));

// e^x, relative error under 2e-7 for -87 <= x <= 88, clamped outside. Sixteen at once, or one: the same operations.
template <class Float, class Int>
inline __attribute__((always_inline)) Float fast_exp_of(Float x, Int zero) {
  constexpr float kRound = 12582912.0f;  // 1.5 * 2^23: adding it rounds to the nearest integer
  x = x < -87.0f ? Float{} - 87.0f : x;
  x = x > 88.0f ? Float{} + 88.0f : x;
  const Float shifted = x * 1.44269504f + kRound;
  const Float k = shifted - kRound;
  const Float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  Float p = Float{} + 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  // The low bits of `shifted` are k in two's complement: moved to the exponent they multiply by 2^k.
  const Int power = (__builtin_bit_cast(Int, shifted) - (zero + 0x4B400000) + 127) << 23;
  return p * __builtin_bit_cast(Float, power);
}

inline __attribute__((always_inline)) float fast_exp(float x) { return fast_exp_of<float, int32_t>(x, 0); }
inline __attribute__((always_inline)) Lanes fast_exp(Lanes x) { return fast_exp_of<Lanes, IntLanes>(x, IntLanes{}); }

}  // namespace

REPRISE_CLONES void add_row(float* target, const float* source, int64_t count) {
  for (int64_t i = 0; i < count; ++i) target[i] += source[i];
}

REPRISE_CLONES void rms_norm_row(const float* x, const float* weight, float* out, int64_t count, double eps) {
  float lanes[8] = {};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int j = 0; j < 8; ++j) lanes[j] += x[i + j] * x[i + j];
  }
  for (; i < count; ++i) lanes[0] += x[i] * x[i];
  float sum = 0;
  for (float lane : lanes) sum += lane;
  const float scale = 1.0f / std::sqrt(sum / static_cast<float>(count) + static_cast<float>(eps));
  for (int64_t n = 0; n < count; ++n) out[n] = x[n] * scale * weight[n];
}

REPRISE_CLONES void rotate_row(float* x, const float* cosine, const float* sine, int64_t half) {
  for (int64_t i = 0; i < half; ++i) {
    const float a = x[i], b = x[i + half];
    x[i] = a * cosine[i] - b * sine[i];
    x[i + half] = b * cosine[i] + a * sine[i];
  }
}

REPRISE_CLONES void score_positions(const float* query, const float* keys, int64_t stride, int64_t count,
                                    int64_t head_dim, float scale, float* scores) {
  int64_t t = 0;
  for (; t + 64 <= count; t += 64) {  // 64 positions in registers
    Lanes a = {}, b = {}, c = {}, d = {};
    for (int64_t e = 0; e < head_dim; ++e) {
      const float q = query[e] * scale;
      const Lanes* row = reinterpret_cast<const Lanes*>(keys + e * stride + t);
      a += q * row[0];
      b += q * row[1];
      c += q * row[2];
      d += q * row[3];
    }
    Lanes* out = reinterpret_cast<Lanes*>(scores + t);
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
  }
  for (; t + 16 <= count; t += 16) {
    Lanes a = {};
    for (int64_t e = 0; e < head_dim; ++e) a += query[e] * scale * *reinterpret_cast<const Lanes*>(keys + e * stride + t);
    *reinterpret_cast<Lanes*>(scores + t) = a;
  }
  if (t == count) return;
  float rest[16] = {};
  for (int64_t e = 0; e < head_dim; ++e) {
    const float q = query[e] * scale;
    const float* row = keys + e * stride + t;
    for (int64_t i = 0; i < count - t; ++i) rest[i] += q * row[i];
  }
  for (int64_t i = 0; i < count - t; ++i) scores[t + i] = rest[i];
}

REPRISE_CLONES void softmax_row(float* values, int64_t count) {
  float most[16];
  for (float& m : most) m = values[0];
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int j = 0; j < 16; ++j) most[j] = values[i + j] > most[j] ? values[i + j] : most[j];
  }
  float maximum = most[0];
  for (float m : most) maximum = m > maximum ? m : maximum;
  for (; i < count; ++i) maximum = values[i] > maximum ? values[i] : maximum;
  Lanes lanes = {};
  for (i = 0; i + 16 <= count; i += 16) {
    Lanes& here = *reinterpret_cast<Lanes*>(values + i);
    here = fast_exp(here - maximum);
    lanes += here;
  }
  float sum = sum_of(lanes);
  for (; i < count; ++i) sum += values[i] = fast_exp(values[i] - maximum);
  const float inverse = 1.0f / sum;
  for (i = 0; i < count; ++i) values[i] *= inverse;
}

REPRISE_CLONES void mix_values(const float* weights, const float* values, int64_t count, int64_t head_dim, float* result) {
  int64_t e = 0;
  for (; e + 64 <= head_dim; e += 64) {  // 64 outputs in registers
    Lanes* out = reinterpret_cast<Lanes*>(result + e);
    Lanes a = out[0], b = out[1], c = out[2], d = out[3];
    for (int64_t t = 0; t < count; ++t) {
      const Lanes* row = reinterpret_cast<const Lanes*>(values + t * head_dim + e);
      a += weights[t] * row[0];
      b += weights[t] * row[1];
      c += weights[t] * row[2];
      d += weights[t] * row[3];
    }
    out[0] = a;
    out[1] = b;
    out[2] = c;
    out[3] = d;
  }
  for (; e < head_dim; e += 8) {
    const int64_t width = head_dim - e < 8 ? head_dim - e : 8;
    float sums[8] = {};
    for (int64_t i = 0; i < width; ++i) sums[i] = result[e + i];
    for (int64_t t = 0; t < count; ++t) {
      const float* row = values + t * head_dim + e;
      for (int64_t i = 0; i < width; ++i) sums[i] += weights[t] * row[i];
    }
    for (int64_t i = 0; i < width; ++i) result[e + i] = sums[i];
  }
}

REPRISE_CLONES void silu_product_row(const float* gate, const float* up, float* out, int64_t count) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const Lanes g = *reinterpret_cast<const Lanes*>(gate + i), u = *reinterpret_cast<const Lanes*>(up + i);
    *reinterpret_cast<Lanes*>(out + i) = g / (1.0f + fast_exp(-g)) * u;
  }
  for (; i < count; ++i) out[i] = gate[i] / (1.0f + fast_exp(-gate[i])) * up[i];
}

}  // namespace reprise::kernels
