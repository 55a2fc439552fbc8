// The L2 norm of all gradients together and the factor that clips it, left on the card. The order of additions is the CPU's
// (training/optimizer.cpp: blocks of 4096 in eight lanes, blocks in order, tensors in order), in double: for float32 gradients
// the bits are equal to the CPU's, on any card.
#pragma once

#include <vector>

#include "kernels/ops/op.h"

namespace reprise::kernels::ops {

struct GradientTensor {
  DType dtype = DType::float32;
  const void* values = nullptr;
  int64_t count = 0;
};

struct GradientNorm {
  std::vector<GradientTensor> tensors;
  double max_norm = 0;          // scale = max_norm / (norm + 1e-6) where the norm is larger; 0: never scaled
  double* workspace = nullptr;  // workspace_doubles() of them; on the card the first ones are the tensors' sums of squares
  double* norm = nullptr;       // one; NaN or infinity comes through as it is
  float* scale = nullptr;       // one
};
int64_t workspace_doubles(const GradientNorm& args);
constexpr int64_t kNormBlock = 4096;  // elements

void check(const GradientNorm& args);
void gradient_norm(const GradientNorm& args, const Target& target);

namespace reference {
void gradient_norm(const GradientNorm& args);
}
namespace cuda {
void gradient_norm(const GradientNorm& args, Stream stream);
}

}  // namespace reprise::kernels::ops
