// The products of linear_logprob.h by cuBLAS, on a stream. Sums in float32 without TF32. In the CUDA half only.
#pragma once

#include <memory>

#include "kernels/ops/linear_logprob.h"

namespace reprise::kernels::ops {

class CublasProducts {
 public:
  // Throws Error where cuBLAS cannot start (no card).
  explicit CublasProducts(Stream stream);
  ~CublasProducts();
  CublasProducts(const CublasProducts&) = delete;
  CublasProducts& operator=(const CublasProducts&) = delete;
  // Valid while this lives.
  Products products() const;

 private:
  void* handle_ = nullptr;
};

}  // namespace reprise::kernels::ops
