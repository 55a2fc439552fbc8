// Causal attention of some queries over a sequence that lies in parts (a shared prefix and its continuation, or pages of a
// cache), one key/value head at a time, by the products of kernels/block_product.h. Positions are summed in ascending order
// wherever they lie, and each query by itself: prefill, decoding and training, with the prefix shared or copied, in pages of
// any size, give the same bits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/block_product.h"

namespace reprise::kernels {

// Position t of a panelled matrix [E, positions] stands at [t / 32][e][t % 32].
inline int64_t panel_floats(int64_t positions, int64_t head_dim) { return (positions + kPanel - 1) / kPanel * kPanel * head_dim; }
void put_in_panels(const float* row, int64_t position, int64_t head_dim, float* panels);

// Keys and values of one head at consecutive positions; each row of `values` must be readable 32 floats far.
struct KeyValues {
  int64_t count = 0;              // positions
  const float* key_panels = nullptr;
  const float* values = nullptr;  // row t at values + t * value_stride
  int64_t value_stride = 0;
};

struct Queries {
  int64_t rows = 0, head_dim = 0;
  const float* values = nullptr;     // [rows, head_dim], already scaled by 1 / sqrt(head_dim); 32 more floats readable
  const int64_t* visible = nullptr;  // [rows], ascending, at least 1: how many positions the row sees, over all parts
};

// mixed[r] = softmax(q_r k^T) v, [rows, head_dim]. `scores` is scratch.
void attend(const Queries& queries, std::span<const KeyValues> parts, std::vector<float>& scores, float* mixed);

// What the backward pass reads of a part besides, and where it adds to: rows of [count, head_dim] with strides.
struct KeyValueGradients {
  const float* key_rows = nullptr;      // row t at key_rows + t * key_stride, readable 32 floats far
  int64_t key_stride = 0;
  const float* value_panels = nullptr;
  float *key_gradient = nullptr, *value_gradient = nullptr;
  int64_t gradient_stride = 0;
};

// Given d_mixed, writes d_queries (with respect to the scaled queries) and adds to the gradients of keys and values.
// mixed: what attend gave. `scores` and `d_scores` are scratch.
void attend_backward(const Queries& queries, std::span<const KeyValues> parts, std::span<const KeyValueGradients> gradients, const float* mixed,
                     const float* d_mixed, std::vector<float>& scores, std::vector<float>& d_scores, float* d_queries);

}  // namespace reprise::kernels
