// One AdamW step (Loshchilov & Hutter 2019, algorithm 2) over one tensor, fused: weights in float32, or in bfloat16 with a
// float32 master; moments in float32. Operation for operation what the CPU's kernels::adamw_row does: equal bits.
#pragma once

#include "kernels/ops/op.h"

namespace reprise::kernels::ops {

struct Adamw {
  DType dtype = DType::float32;           // of weight
  DType gradient_dtype = DType::float32;
  int64_t count = 0;
  void* weight = nullptr;                 // [count]; bfloat16: written only, the master rounded
  float* master = nullptr;                // [count] with bfloat16 weights; null with float32 weights
  float* exp_avg = nullptr;
  float* exp_avg_sq = nullptr;
  const void* gradient = nullptr;
  // keep = 1 - rate * decay, rate over 1 - beta1^t, root_scale = 1 / sqrt(1 - beta2^t).
  float beta1 = 0.9f, beta2 = 0.999f, keep = 1, rate = 0, root_scale = 1, epsilon = 1e-8f;
  const float* gradient_scale = nullptr;  // one float where the op runs (gradient_norm writes it): no wait for the host; null: 1
};

void check(const Adamw& args);
void adamw(const Adamw& args, const Target& target);

namespace reference {
void adamw(const Adamw& args);
}
namespace cuda {
void adamw(const Adamw& args, Stream stream);
}

}  // namespace reprise::kernels::ops
