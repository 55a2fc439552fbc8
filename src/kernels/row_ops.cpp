// Compiled for several instruction sets; the dynamic linker chooses one at start. Same operations, same bits in each.
#include "kernels/row_ops.h"

#include <cmath>
#include <limits>

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

REPRISE_CLONES void scale_row(float* target, float factor, int64_t count) {
  for (int64_t i = 0; i < count; ++i) target[i] *= factor;
}

REPRISE_CLONES void rms_norm_backward_row(const float* x, const float* weight, const float* dy, float* dx, float* weight_terms, int64_t count, double eps) {
  Lanes squares = {}, products = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const Lanes v = *reinterpret_cast<const Lanes*>(x + i), w = *reinterpret_cast<const Lanes*>(weight + i), d = *reinterpret_cast<const Lanes*>(dy + i);
    squares += v * v;
    products += v * (w * d);
  }
  float square = sum_of(squares), product = sum_of(products);
  for (; i < count; ++i) {
    square += x[i] * x[i];
    product += x[i] * (weight[i] * dy[i]);
  }
  const float scale = 1.0f / std::sqrt(square / static_cast<float>(count) + static_cast<float>(eps));
  const float pull = product * scale * scale * scale / static_cast<float>(count);
  for (i = 0; i < count; ++i) weight_terms[i] = dy[i] * (x[i] * scale);
  for (i = 0; i < count; ++i) dx[i] += scale * (weight[i] * dy[i]) - pull * x[i];
}

REPRISE_CLONES void rotate_row(float* x, const float* cosine, const float* sine, int64_t half, bool back) {
  const float sign = back ? -1.0f : 1.0f;
  for (int64_t i = 0; i < half; ++i) {
    const float a = x[i], b = x[i + half], s = sign * sine[i];
    x[i] = a * cosine[i] - b * s;
    x[i + half] = b * cosine[i] + a * s;
  }
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

REPRISE_CLONES void silu_product_row(const float* gate, const float* up, float* out, int64_t count) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const Lanes g = *reinterpret_cast<const Lanes*>(gate + i), u = *reinterpret_cast<const Lanes*>(up + i);
    *reinterpret_cast<Lanes*>(out + i) = g / (1.0f + fast_exp(-g)) * u;
  }
  for (; i < count; ++i) out[i] = gate[i] / (1.0f + fast_exp(-gate[i])) * up[i];
}

REPRISE_CLONES void softmax_backward_row(const float* p, float dot, float* d, int64_t count) {
  for (int64_t i = 0; i < count; ++i) d[i] = p[i] * (d[i] - dot);
}

REPRISE_CLONES float dot_row(const float* a, const float* b, int64_t count) {
  Lanes lanes = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) lanes += *reinterpret_cast<const Lanes*>(a + i) * *reinterpret_cast<const Lanes*>(b + i);
  float sum = sum_of(lanes);
  for (; i < count; ++i) sum += a[i] * b[i];
  return sum;
}

namespace {

template <class Float>
inline __attribute__((always_inline)) void silu_backward(Float& gate, Float& up, Float dout) {
  const Float sigmoid = 1.0f / (1.0f + fast_exp(-gate));
  const Float silu = gate * sigmoid;
  const Float slope = sigmoid + silu * (1.0f - sigmoid);
  gate = dout * up * slope;
  up = dout * silu;
}

}  // namespace

REPRISE_CLONES void silu_product_backward_row(float* gate, float* up, const float* dout, int64_t count) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    // By way of locals: a template's arguments lose the attribute that says how they are aligned.
    Lanes g = *reinterpret_cast<const Lanes*>(gate + i), u = *reinterpret_cast<const Lanes*>(up + i);
    silu_backward<Lanes>(g, u, *reinterpret_cast<const Lanes*>(dout + i));
    *reinterpret_cast<Lanes*>(gate + i) = g;
    *reinterpret_cast<Lanes*>(up + i) = u;
  }
  for (; i < count; ++i) silu_backward<float>(gate[i], up[i], dout[i]);
}

REPRISE_CLONES int64_t index_of_largest(const float* values, int64_t count) {
  float most[16];
  for (float& m : most) m = -std::numeric_limits<float>::infinity();
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (int j = 0; j < 16; ++j) most[j] = values[i + j] > most[j] ? values[i + j] : most[j];
  }
  float largest = most[0];
  for (float m : most) largest = m > largest ? m : largest;
  for (; i < count; ++i) largest = values[i] > largest ? values[i] : largest;
  for (i = 0; i < count; ++i) {
    if (values[i] == largest) return i;
  }
  return 0;
}

namespace {

typedef double DoubleLanes __attribute__((vector_size(128), aligned(8)));

template <bool Moment>
inline __attribute__((always_inline)) double sum_exp(const float* values, int64_t count, float maximum, float scale) {
  DoubleLanes lanes = {};
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) {
    const Lanes x = scale * (*reinterpret_cast<const Lanes*>(values + i) - maximum);
    const Lanes e = Moment ? fast_exp(x) * x : fast_exp(x);
    lanes += __builtin_convertvector(e, DoubleLanes);
  }
  double sum = 0;
  for (int j = 0; j < 16; ++j) sum += lanes[j];
  for (; i < count; ++i) {
    const float x = scale * (values[i] - maximum);
    sum += Moment ? fast_exp(x) * x : fast_exp(x);
  }
  return sum;
}

}  // namespace

REPRISE_CLONES double sum_exp_row(const float* values, int64_t count, float maximum, float scale) { return sum_exp<false>(values, count, maximum, scale); }

double log_sum_exp_row(const float* values, int64_t count, float maximum, float scale) { return std::log(sum_exp_row(values, count, maximum, scale)); }

REPRISE_CLONES double exp_moment_row(const float* values, int64_t count, float maximum, float scale) { return sum_exp<true>(values, count, maximum, scale); }

REPRISE_CLONES void exp_row(const float* values, int64_t count, float maximum, float scale, float factor, float* out) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) *reinterpret_cast<Lanes*>(out + i) = fast_exp(scale * (*reinterpret_cast<const Lanes*>(values + i) - maximum)) * factor;
  for (; i < count; ++i) out[i] = fast_exp(scale * (values[i] - maximum)) * factor;
}

Normaliser normaliser_of(const float* values, int64_t count, float scale) {
  const float maximum = values[index_of_largest(values, count)];
  const double sum = sum_exp_row(values, count, maximum, scale);
  return {maximum, scale, std::log(sum), sum};
}

REPRISE_CLONES void adamw_row(float* weight, float* exp_avg, float* exp_avg_sq, const float* gradient, const AdamwFactors& f, int64_t count) {
  const float b1 = f.beta1, b2 = f.beta2, c1 = 1 - f.beta1, c2 = 1 - f.beta2, keep = f.keep, rate = f.rate, root = f.root_scale, epsilon = f.epsilon, scale = f.gradient_scale;
  for (int64_t i = 0; i < count; ++i) {
    const float g = gradient[i] * scale;
    exp_avg[i] = b1 * exp_avg[i] + c1 * g;
    exp_avg_sq[i] = b2 * exp_avg_sq[i] + c2 * g * g;
    weight[i] = keep * weight[i] - rate * exp_avg[i] / (__builtin_sqrtf(exp_avg_sq[i]) * root + epsilon);
  }
}

REPRISE_CLONES double square_sum_row(const float* values, int64_t count) {
  double lanes[8] = {};
  int64_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (int j = 0; j < 8; ++j) lanes[j] += static_cast<double>(values[i + j]) * static_cast<double>(values[i + j]);
  }
  for (; i < count; ++i) lanes[0] += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return sum;
}

}  // namespace reprise::kernels
