// Shapes, then the implementation asked for.
#include "kernels/ops/adamw.h"

namespace reprise::kernels::ops {
namespace {

constexpr char kName[] = "adamw";

}  // namespace

void check(const Adamw& a) {
  require(a.count >= 0, kName, "the count is negative");
  require(a.count == 0 || (a.weight && a.exp_avg && a.exp_avg_sq && a.gradient), kName, "weight, moments and gradient are needed");
  require(a.count == 0 || (a.master != nullptr) == (a.dtype == DType::bfloat16), kName, "bfloat16 weights have a float32 master, float32 weights have none");
}

void adamw(const Adamw& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::adamw(args);
  require_cuda_build(kName);
#ifdef REPRISE_CUDA
  cuda::adamw(args, target.stream);
#endif
}

}  // namespace reprise::kernels::ops
