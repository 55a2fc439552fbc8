// Root-mean-square normalisation (Zhang & Sennrich 2019), with the residual addition before it, and back.
//   sum = x + residual (rounded to the dtype)      out = sum / sqrt(mean(sum^2) + eps) * weight
// Everything between is float32 and `out` is rounded once; transformers rounds before the product with the weight, too.
#pragma once

#include "kernels/ops/op.h"

namespace reprise::kernels::ops {

struct RmsNorm {
  DType dtype = DType::float32;
  int64_t rows = 0, width = 0;
  double eps = 1e-6;
  const void* x = nullptr;         // [rows, width]
  const void* residual = nullptr;  // [rows, width], or null
  const void* weight = nullptr;    // [width]
  void* sum = nullptr;             // [rows, width]: required with a residual, may be `residual` or `x` itself; else null
  void* out = nullptr;             // [rows, width]
  float* inverse_rms = nullptr;    // [rows]: 1 / sqrt(mean(sum^2) + eps), for the backward pass; null: not wanted
};

struct RmsNormBackward {
  DType dtype = DType::float32;
  int64_t rows = 0, width = 0;         // width at most kMaxBackwardWidth
  const void* x = nullptr;             // [rows, width]: what was normalised (`sum` where there was a residual)
  const void* weight = nullptr;        // [width]
  const float* inverse_rms = nullptr;  // [rows]
  const void* d_out = nullptr;         // [rows, width]
  const void* d_sum = nullptr;         // [rows, width]: what reaches `sum` past the norm, added to d_x; or null
  void* d_x = nullptr;                 // [rows, width]; the gradient of x and of the residual alike
  float* d_weight = nullptr;           // [width], written, float32 whatever the dtype
  float* workspace = nullptr;          // workspace_floats() of them
};
constexpr int64_t kMaxBackwardWidth = 12032;  // a float a column and the sums of warps in 48 KiB of shared memory
int64_t workspace_floats(const RmsNormBackward& args);

void check(const RmsNorm& args);
void check(const RmsNormBackward& args);
void rms_norm(const RmsNorm& args, const Target& target);
void rms_norm_backward(const RmsNormBackward& args, const Target& target);

namespace reference {
void rms_norm(const RmsNorm& args);
void rms_norm_backward(const RmsNormBackward& args);
}  // namespace reference
namespace cuda {
void rms_norm(const RmsNorm& args, Stream stream);
void rms_norm_backward(const RmsNormBackward& args, Stream stream);
}  // namespace cuda

}  // namespace reprise::kernels::ops
