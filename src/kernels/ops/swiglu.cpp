// Shapes, then the implementation asked for.
#include "kernels/ops/swiglu.h"

namespace reprise::kernels::ops {
namespace {

constexpr char kForward[] = "swiglu", kBackward[] = "swiglu_backward";

template <class Args>
void check_sizes(const Args& a, const char* op) {
  require(a.rows >= 0 && a.rows <= INT32_MAX && a.width > 0 && a.width <= INT32_MAX, op, "rows and width must be positive and below 2^31");
  require(a.stride >= a.width, op, "rows of gate and up overlap: the stride is smaller than the width");
}

}  // namespace

void check(const Swiglu& a) {
  check_sizes(a, kForward);
  require(a.gate && a.up && a.out, kForward, "gate, up and out are needed");
}

void check(const SwigluBackward& a) {
  check_sizes(a, kBackward);
  require(a.gate && a.up && a.d_out && a.d_gate && a.d_up, kBackward, "a pointer is missing");
}

void swiglu(const Swiglu& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::swiglu(args);
  require_cuda_build(kForward);
#ifdef REPRISE_CUDA
  cuda::swiglu(args, target.stream);
#endif
}

void swiglu_backward(const SwigluBackward& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::swiglu_backward(args);
  require_cuda_build(kBackward);
#ifdef REPRISE_CUDA
  cuda::swiglu_backward(args, target.stream);
#endif
}

}  // namespace reprise::kernels::ops
