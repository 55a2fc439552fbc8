// The one micro-kernel under every float32 product of the CPU path: some rows times 32 columns, the sums held in
// registers. Each output is one chain of fused multiply-adds over k in ascending order, for every instruction set and every
// number of rows, and a chain can be put down and taken up again: so its bits depend on what it sums and on nothing else.
#pragma once

#include <cstdint>

namespace reprise::kernels {

constexpr int64_t kPanel = 32;  // columns of a panel

// The left operand: element (row r, k) is at data[r * row_stride + k * k_stride]; one of the strides is 1.
struct LeftRows {
  const float* data = nullptr;
  int64_t row_stride = 0, k_stride = 1;
};

// out[r][n] = (accumulate ? out[r][n] : 0) + sum_k x(r, k) * panel[k * panel_stride + n] for r < rows, n < width <= 32.
// Row r of out begins at out + r * out_stride. All 32 floats of each of the panel's rows must be readable (what stands
// behind `width` has no effect, NaN included).
void block_product(const LeftRows& x, int64_t rows, const float* panel, int64_t panel_stride, int64_t K, float* out, int64_t out_stride,
                   int64_t width, bool accumulate);

// For tests: "avx512", "avx2" or "plain" from now on, "" for the best there is. False where the CPU has it not.
bool use_instruction_set(const char* name);

}  // namespace reprise::kernels
