// Scores, softmax, mixture; and back.
#include "kernels/attention.h"

#include <algorithm>

#include "kernels/row_ops.h"

namespace reprise::kernels {
namespace {

// out[r][t] = left_r . column t of the panels, for t < count.
void products_with_panels(const float* left, int64_t rows, int64_t head_dim, const float* panels, int64_t count, float* out, int64_t stride) {
  for (int64_t t = 0; t < count; t += kPanel) {
    block_product({left, head_dim, 1}, rows, panels + t * head_dim, kPanel, head_dim, out + t, stride, std::min(kPanel, count - t), false);
  }
}

// out[r] (+)= sum over t of weights[r][t] * row t.
void mix_rows(const float* weights, int64_t stride, int64_t rows, const float* values, int64_t value_stride, int64_t count, float* out, int64_t head_dim, bool accumulate) {
  for (int64_t e = 0; e < head_dim; e += kPanel) {
    block_product({weights, stride, 1}, rows, values + e, value_stride, count, out + e, head_dim, std::min(kPanel, head_dim - e), accumulate);
  }
}

// gradient[t] += sum over rows r of weights[r][t] * row r of `rows_of`.
void add_outer(const float* weights, int64_t stride, int64_t rows, int64_t count, const float* rows_of, int64_t head_dim, float* gradient, int64_t gradient_stride) {
  for (int64_t e = 0; e < head_dim; e += kPanel) {
    block_product({weights, 1, stride}, count, rows_of + e, head_dim, rows, gradient + e, gradient_stride, std::min(kPanel, head_dim - e), true);
  }
}

// Calls f(index of the part, first position, number of positions) for the parts of which some row sees something.
template <class Function>
void for_parts(std::span<const KeyValues> parts, int64_t visible, Function&& f) {
  int64_t first = 0;
  for (size_t i = 0; i < parts.size() && first < visible; ++i) {
    const int64_t count = std::min(parts[i].count, visible - first);
    if (count > 0) f(i, first, count);
    first += count;
  }
}

// Probabilities of every row, zeros behind the positions it sees. Returns the stride.
int64_t probabilities(const Queries& q, std::span<const KeyValues> parts, std::vector<float>& scores) {
  const int64_t stride = q.visible[q.rows - 1];
  if (static_cast<int64_t>(scores.size()) < q.rows * stride) scores.resize(static_cast<size_t>(q.rows * stride));
  for_parts(parts, stride, [&](size_t i, int64_t first, int64_t count) {
    products_with_panels(q.values, q.rows, q.head_dim, parts[i].key_panels, count, scores.data() + first, stride);
  });
  for (int64_t r = 0; r < q.rows; ++r) {
    float* row = scores.data() + r * stride;
    softmax_row(row, q.visible[r]);
    std::fill(row + q.visible[r], row + stride, 0.0f);
  }
  return stride;
}

}  // namespace

void put_in_panels(const float* row, int64_t position, int64_t head_dim, float* panels) {
  float* place = panels + position / kPanel * kPanel * head_dim + position % kPanel;
  for (int64_t e = 0; e < head_dim; ++e) place[e * kPanel] = row[e];
}

void attend(const Queries& q, std::span<const KeyValues> parts, std::vector<float>& scores, float* mixed) {
  const int64_t stride = probabilities(q, parts, scores);
  for_parts(parts, stride, [&](size_t i, int64_t first, int64_t count) {
    mix_rows(scores.data() + first, stride, q.rows, parts[i].values, parts[i].value_stride, count, mixed, q.head_dim, first > 0);
  });
}

void attend_backward(const Queries& q, std::span<const KeyValues> parts, std::span<const KeyValueGradients> gradients, const float* mixed,
                     const float* d_mixed, std::vector<float>& scores, std::vector<float>& d_scores, float* d_queries) {
  const int64_t E = q.head_dim, stride = probabilities(q, parts, scores);
  if (d_scores.size() < scores.size()) d_scores.resize(scores.size());
  float *p = scores.data(), *d = d_scores.data();
  for_parts(parts, stride, [&](size_t i, int64_t first, int64_t count) {
    products_with_panels(d_mixed, q.rows, E, gradients[i].value_panels, count, d + first, stride);
  });
  for (int64_t r = 0; r < q.rows; ++r) {
    softmax_backward_row(p + r * stride, dot_row(mixed + r * E, d_mixed + r * E, E), d + r * stride, q.visible[r]);
    std::fill(d + r * stride + q.visible[r], d + (r + 1) * stride, 0.0f);
  }
  for_parts(parts, stride, [&](size_t i, int64_t first, int64_t count) {
    const KeyValueGradients& g = gradients[i];
    mix_rows(d + first, stride, q.rows, g.key_rows, g.key_stride, count, d_queries, E, first > 0);
    add_outer(d + first, stride, q.rows, count, q.values, E, g.key_gradient, g.gradient_stride);
    add_outer(p + first, stride, q.rows, count, d_mixed, E, g.value_gradient, g.gradient_stride);
  });
}

}  // namespace reprise::kernels
