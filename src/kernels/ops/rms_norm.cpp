// Shapes, then the implementation asked for.
#include "kernels/ops/rms_norm.h"

#include <algorithm>

namespace reprise::kernels::ops {
namespace {

constexpr char kForward[] = "rms_norm", kBackward[] = "rms_norm_backward";
constexpr int64_t kMaxPartials = 256;

}  // namespace

// One row of partial sums a block of rows: their number depends on the rows alone, so that the bits do not depend on the card.
int64_t workspace_floats(const RmsNormBackward& args) { return std::min(args.rows, kMaxPartials) * args.width; }

void check(const RmsNorm& a) {
  require(a.rows >= 0 && a.rows <= INT32_MAX && a.width > 0 && a.width <= INT32_MAX, kForward, "rows and width must be positive and below 2^31");
  require(a.x && a.weight && a.out, kForward, "x, weight and out are needed");
  require((a.residual == nullptr) == (a.sum == nullptr), kForward, "a residual needs a place for the sum, and a sum a residual");
  require(a.eps >= 0, kForward, "eps must not be negative");
}

void check(const RmsNormBackward& a) {
  require(a.rows >= 0 && a.rows <= INT32_MAX && a.width > 0, kBackward, "rows and width must be positive and below 2^31");
  require(a.width <= kMaxBackwardWidth, kBackward, "rows wider than " + std::to_string(kMaxBackwardWidth) + " are not supported");
  require(a.x && a.weight && a.inverse_rms && a.d_out && a.d_x && a.d_weight && a.workspace, kBackward, "a pointer is missing");
}

void rms_norm(const RmsNorm& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::rms_norm(args);
  require_cuda_build(kForward);
#ifdef REPRISE_CUDA
  cuda::rms_norm(args, target.stream);
#endif
}

void rms_norm_backward(const RmsNormBackward& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::rms_norm_backward(args);
  require_cuda_build(kBackward);
#ifdef REPRISE_CUDA
  cuda::rms_norm_backward(args, target.stream);
#endif
}

}  // namespace reprise::kernels::ops
