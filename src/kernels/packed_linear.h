// y = x W^T in float32 on the CPU, for weights packed once, and the gradient of W. Every output is one chain of fused
// multiply-adds in ascending order (kernels/block_product.h): a row's bits depend on the row and the weights alone, and a
// gradient's on the rows and their order, not on how they were cut into calls. That is what makes a sampled token's log-prob
// and the trainer's the same number.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/block_product.h"

namespace reprise::kernels {

// A matrix [N, K], laid out as panels of 32 outputs: [ceil(N / 32)][K][32], zeros behind the last output.
class PackedWeights {
 public:
  PackedWeights() = default;
  // Room for a matrix; rows are filled by set_rows.
  PackedWeights(int64_t outputs, int64_t inputs);
  // Copies `count` rows of a row-major [count, K] matrix to outputs first .. first + count.
  void set_rows(int64_t first, const float* rows, int64_t count);
  // Copies a row-major [count, N] matrix to inputs first .. first + count: the transpose of what set_rows reads.
  void set_columns(int64_t first, const float* rows, int64_t count);

  int64_t outputs() const { return outputs_; }
  int64_t inputs() const { return inputs_; }
  int64_t num_panels() const { return (outputs_ + kPanel - 1) / kPanel; }
  int64_t width(int64_t panel) const { return outputs_ - panel * kPanel < kPanel ? outputs_ - panel * kPanel : kPanel; }
  const float* panel(int64_t index) const { return values_.get() + index * inputs_ * kPanel; }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  int64_t outputs_ = 0, inputs_ = 0;
  std::unique_ptr<float[], Free> values_;
};

// y[m, n] = sum_k x[m, k] W[n, k] for m < rows. Row m of x begins at x + m * x_stride, of y at y + m * y_stride. With
// `accumulate` the sums go on from what stands in y.
void packed_linear(const float* x, int64_t x_stride, int64_t rows, const PackedWeights& weights, float* y, int64_t y_stride, bool accumulate = false);

// gradient[n, k] += sum_m dy[m, n] x[m, k], m ascending: W's gradient, row-major [N, K].
void add_weight_gradient(const float* dy, int64_t dy_stride, const float* x, int64_t x_stride, int64_t rows, int64_t N, int64_t K, float* gradient);

}  // namespace reprise::kernels
