// y = x W^T in float32 on the CPU, for weights packed once. Every output is one chain of fused multiply-adds over k, in
// ascending order, whatever the instruction set and however many rows there are: a row's bits depend on the row and the
// weights alone. That is what makes a sampled token's log-prob and the trainer's the same number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace reprise::kernels {

// A matrix [N, K], laid out as panels of 32 outputs: [ceil(N / 32)][K][32], zeros behind the last output.
class PackedWeights {
 public:
  static constexpr int64_t kPanel = 32;

  PackedWeights() = default;
  // Room for a matrix; rows are filled by set_rows.
  PackedWeights(int64_t outputs, int64_t inputs);
  // Copies `count` rows of a row-major [count, K] matrix to outputs first .. first + count.
  void set_rows(int64_t first, const float* rows, int64_t count);

  int64_t outputs() const { return outputs_; }
  int64_t inputs() const { return inputs_; }
  int64_t num_panels() const { return (outputs_ + kPanel - 1) / kPanel; }
  const float* panel(int64_t index) const { return values_.get() + index * inputs_ * kPanel; }

 private:
  struct Free {
    void operator()(float* p) const;
  };
  int64_t outputs_ = 0, inputs_ = 0;
  std::unique_ptr<float[], Free> values_;
};

// Panels [first_panel, last_panel) of the product: y[m, n] = sum_k x[m, k] W[n, k] for m < rows. Row m of x begins at x +
// m * x_stride, of y at y + m * y_stride; only outputs that exist are written.
void packed_linear(const float* x, int64_t x_stride, int64_t rows, const PackedWeights& weights, float* y, int64_t y_stride,
                   int64_t first_panel, int64_t last_panel);
// All panels, shared among the threads.
void packed_linear(const float* x, int64_t x_stride, int64_t rows, const PackedWeights& weights, float* y, int64_t y_stride);

// For tests: "avx512", "avx2" or "plain" from now on, "" for the best there is. False where the CPU has it not.
bool use_packed_linear(const char* instruction_set);

}  // namespace reprise::kernels
