// Compiled for several instruction sets; the dynamic linker chooses one at start. Same operations, same bits in each.
#include "generation/row_ops.h"

#include <bit>
#include <cmath>

#pragma GCC optimize("O3")
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define REPRISE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define REPRISE_CLONES
#endif

namespace reprise::generation {
namespace {

// e^x, relative error under 2e-7 for -87 <= x <= 88, clamped outside.
inline __attribute__((always_inline)) float fast_exp(float x) {
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float scaled = x * 1.44269504f;
  const float k = std::floor(scaled + 0.5f);
  const float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * std::bit_cast<float>(static_cast<uint32_t>(static_cast<int32_t>(k) + 127) << 23);
}

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
  for (int64_t t = 0; t < count; ++t) scores[t] = 0;
  for (int64_t e = 0; e < head_dim; ++e) {
    const float q = query[e] * scale;
    const float* row = keys + e * stride;
    for (int64_t t = 0; t < count; ++t) scores[t] += q * row[t];
  }
}

REPRISE_CLONES void softmax_row(float* values, int64_t count) {
  float maximum = values[0];
  for (int64_t i = 1; i < count; ++i) maximum = values[i] > maximum ? values[i] : maximum;
  for (int64_t i = 0; i < count; ++i) values[i] = fast_exp(values[i] - maximum);
  float sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += values[i];
  const float inverse = 1.0f / sum;
  for (int64_t i = 0; i < count; ++i) values[i] *= inverse;
}

REPRISE_CLONES void mix_values(const float* weights, const float* values, int64_t count, int64_t head_dim, float* result) {
  for (int64_t t = 0; t < count; ++t) {
    const float w = weights[t];
    const float* row = values + t * head_dim;
    for (int64_t e = 0; e < head_dim; ++e) result[e] += w * row[e];
  }
}

REPRISE_CLONES void silu_product_row(const float* gate, const float* up, float* out, int64_t count) {
  for (int64_t i = 0; i < count; ++i) out[i] = gate[i] / (1.0f + fast_exp(-gate[i])) * up[i];
}

}  // namespace reprise::generation
