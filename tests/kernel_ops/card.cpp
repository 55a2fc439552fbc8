// The card's memory for the tests; without the CUDA half there is none.
#include "kernel_ops/harness.h"

#ifdef REPRISE_CUDA
#include <cuda_runtime_api.h>
#endif

#include <stdexcept>

namespace reprise::kernels::ops {

#ifdef REPRISE_CUDA
namespace {

void must(cudaError_t status) {
  if (status != cudaSuccess) throw std::runtime_error(cudaGetErrorString(status));
}

}  // namespace

bool card_is_there(std::string& why) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return true;
  why = std::string("needs a CUDA device: ") + (status == cudaSuccess ? "none is there" : cudaGetErrorString(status));
  return false;
}
void* card_allocate(size_t bytes) {
  void* pointer = nullptr;
  must(cudaMalloc(&pointer, bytes));
  return pointer;
}
void card_free(void* pointer) { cudaFree(pointer); }
void card_copy(void* to, const void* from, size_t bytes, bool to_card) { must(cudaMemcpy(to, from, bytes, to_card ? cudaMemcpyHostToDevice : cudaMemcpyDeviceToHost)); }
void card_synchronise() { must(cudaDeviceSynchronize()); }
#else
bool card_is_there(std::string& why) {
  why = "needs a CUDA device, and a build with the CUDA half (make cuda)";
  return false;
}
void* card_allocate(size_t) { throw std::runtime_error("no card"); }
void card_free(void*) {}
void card_copy(void*, const void*, size_t, bool) { throw std::runtime_error("no card"); }
void card_synchronise() {}
#endif

}  // namespace reprise::kernels::ops
