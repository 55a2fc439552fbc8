// The gated unit of the decoder's MLP (Shazeer 2020): out = silu(gate) * up, and back. gate and up may be the two halves of
// one fused product: hence their row stride.
#pragma once

#include "kernels/ops/op.h"

namespace reprise::kernels::ops {

struct Swiglu {
  DType dtype = DType::float32;
  int64_t rows = 0, width = 0, stride = 0;  // row r of gate and up begins at r * stride elements; stride >= width
  const void* gate = nullptr;
  const void* up = nullptr;
  void* out = nullptr;  // [rows, width]
};

struct SwigluBackward {
  DType dtype = DType::float32;
  int64_t rows = 0, width = 0, stride = 0;
  const void* gate = nullptr;
  const void* up = nullptr;
  const void* d_out = nullptr;  // [rows, width]
  void* d_gate = nullptr;       // as gate lies; may be gate itself
  void* d_up = nullptr;         // as up lies; may be up itself
};

void check(const Swiglu& args);
void check(const SwigluBackward& args);
void swiglu(const Swiglu& args, const Target& target);
void swiglu_backward(const SwigluBackward& args, const Target& target);

namespace reference {
void swiglu(const Swiglu& args);
void swiglu_backward(const SwigluBackward& args);
}  // namespace reference
namespace cuda {
void swiglu(const Swiglu& args, Stream stream);
void swiglu_backward(const SwigluBackward& args, Stream stream);
}  // namespace cuda

}  // namespace reprise::kernels::ops
