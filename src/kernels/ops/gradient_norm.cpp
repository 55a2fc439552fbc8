// Shapes, then the implementation asked for.
#include "kernels/ops/gradient_norm.h"

namespace reprise::kernels::ops {
namespace {

constexpr char kName[] = "gradient_norm";

}  // namespace

// A sum a block, then a sum a tensor.
int64_t workspace_doubles(const GradientNorm& args) {
  int64_t blocks = 0;
  for (const GradientTensor& one : args.tensors) blocks += (one.count + kNormBlock - 1) / kNormBlock;
  return blocks + static_cast<int64_t>(args.tensors.size());
}

void check(const GradientNorm& a) {
  require(a.norm && a.scale, kName, "norm and scale need a place");
  require(a.workspace || workspace_doubles(a) == 0, kName, "a workspace is needed");
  require(a.max_norm >= 0, kName, "max_norm must not be negative");
  for (const GradientTensor& one : a.tensors) require(one.count >= 0 && (one.values || one.count == 0), kName, "a tensor's count is negative or its values are missing");
}

void gradient_norm(const GradientNorm& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::gradient_norm(args);
  require_cuda_build(kName);
#ifdef REPRISE_CUDA
  cuda::gradient_norm(args, target.stream);
#endif
}

}  // namespace reprise::kernels::ops
