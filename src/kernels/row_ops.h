// The row operations of the CPU decode path: plain loops over floats. Sums over a row run in eight fixed lanes, so the
// bits are the same for every instruction set the loops are compiled for (no contraction, no reassociation).
#pragma once

#include <cstdint>

namespace reprise::kernels {

void add_row(float* target, const float* source, int64_t count);
// out = x / sqrt(mean(x^2) + eps) * weight; out may be x.
void rms_norm_row(const float* x, const float* weight, float* out, int64_t count, double eps);
// Rotates the pairs (x[i], x[i + half]) in place, as Hugging Face lays them out.
void rotate_row(float* x, const float* cosine, const float* sine, int64_t half);
// scores[t] = scale * sum_e query[e] * keys[e * stride + t]
void score_positions(const float* query, const float* keys, int64_t stride, int64_t count, int64_t head_dim, float scale, float* scores);
void softmax_row(float* values, int64_t count);
// result[e] += sum_t weights[t] * values[t * head_dim + e]
void mix_values(const float* weights, const float* values, int64_t count, int64_t head_dim, float* result);
// out = silu(gate) * up
void silu_product_row(const float* gate, const float* up, float* out, int64_t count);

}  // namespace reprise::kernels
