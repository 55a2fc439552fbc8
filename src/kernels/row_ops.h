// The row operations of the CPU path, of sampler and trainer alike: plain loops over floats with our own exponential. Sums
// over a row run in fixed lanes, so the bits are the same for every instruction set the loops are compiled for (no
// contraction, no reassociation, no libm).
#pragma once

#include <cstdint>

namespace reprise::kernels {

void add_row(float* target, const float* source, int64_t count);
void scale_row(float* target, float factor, int64_t count);
// out = x / sqrt(mean(x^2) + eps) * weight; out may be x.
void rms_norm_row(const float* x, const float* weight, float* out, int64_t count, double eps);
// Its gradient: dx += that of x; weight_terms (of the row, to be summed over rows) = dy * x / sqrt(mean(x^2) + eps).
void rms_norm_backward_row(const float* x, const float* weight, const float* dy, float* dx, float* weight_terms, int64_t count, double eps);
// Rotates the pairs (x[i], x[i + half]) in place, as Hugging Face lays them out; `back` turns the other way (the gradient).
void rotate_row(float* x, const float* cosine, const float* sine, int64_t half, bool back = false);
void softmax_row(float* values, int64_t count);
// d = p * (d - sum of p * d, given as `dot`): the gradient before a softmax from that behind it.
void softmax_backward_row(const float* p, float dot, float* d, int64_t count);
float dot_row(const float* a, const float* b, int64_t count);
// out = silu(gate) * up
void silu_product_row(const float* gate, const float* up, float* out, int64_t count);
// In place: gate and up become their gradients, given dout.
void silu_product_backward_row(float* gate, float* up, const float* dout, int64_t count);

// The largest value's lowest index.
int64_t index_of_largest(const float* values, int64_t count);
// The sum of exp(scale * (values - maximum)) in double, lanes of 16 in a fixed order; values <= maximum. And its logarithm.
double sum_exp_row(const float* values, int64_t count, float maximum, float scale);
double log_sum_exp_row(const float* values, int64_t count, float maximum, float scale);
// out = exp(scale * (values - maximum)) * factor
void exp_row(const float* values, int64_t count, float maximum, float scale, float factor, float* out);
// Sum of exp(x) * x over x = scale * (values - maximum): the entropy is log_sum - this / exp(log_sum).
double exp_moment_row(const float* values, int64_t count, float maximum, float scale);

// The log-prob of one value of a row: what the sampler reports when it draws, and what the trainer recomputes.
struct Normaliser {
  float maximum = 0, scale = 1;
  double log_sum = 0;
  double sum = 0;  // exp(log_sum), before a logarithm of some libm has touched it: what decides a draw
  float logprob(float value) const { return static_cast<float>(double{scale} * (double{value} - maximum) - log_sum); }
};
Normaliser normaliser_of(const float* values, int64_t count, float scale);

// One AdamW update of `count` weights (Loshchilov & Hutter 2019): keep = 1 - rate * decay, rate over 1 - beta1^t,
// root_scale = 1 / sqrt(1 - beta2^t).
struct AdamwFactors {
  float beta1, beta2, keep, rate, root_scale, epsilon, gradient_scale;
};
void adamw_row(float* weight, float* exp_avg, float* exp_avg_sq, const float* gradient, const AdamwFactors& f, int64_t count);
// Sum of squares in double.
double square_sum_row(const float* values, int64_t count);

}  // namespace reprise::kernels
