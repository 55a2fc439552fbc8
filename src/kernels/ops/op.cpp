// Refusals in one wording.
#include "kernels/ops/op.h"

#include "base/error.h"

namespace reprise::kernels::ops {

void require_cuda_build(const char* op) {
#ifndef REPRISE_CUDA
  throw Error(std::string(op) + ": this build has no CUDA half", "", "build it with `make cuda`");
#else
  (void)op;
#endif
}

void require(bool holds, const char* op, const std::string& what) {
  if (!holds) throw Error(std::string(op) + ": " + what);
}

bool lies_on_16_bytes(const void* pointer, int64_t stride, DType type) {
  return reinterpret_cast<uintptr_t>(pointer) % 16 == 0 && stride * size_of(type) % 16 == 0;
}

}  // namespace reprise::kernels::ops
