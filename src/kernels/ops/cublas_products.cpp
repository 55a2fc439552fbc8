// cuBLAS thinks in columns: a row-major [m, n] is its column-major [n, m], so each product is asked for the other way round.
#include "kernels/ops/cublas_products.h"

#ifdef REPRISE_CUDA
#include <cublas_v2.h>

#include "base/error.h"

namespace reprise::kernels::ops {
namespace {

void must(cublasStatus_t status) {
  if (status != CUBLAS_STATUS_SUCCESS) throw Error(std::string("cuBLAS: ") + cublasGetStatusString(status), "linear_logprob");
}

cudaDataType_t data_type(DType type) { return type == DType::float32 ? CUDA_R_32F : CUDA_R_16BF; }

// Column-major c[m, n] = op(a) op(b) + beta c.
void gemm(void* handle, cublasOperation_t op_a, cublasOperation_t op_b, int64_t m, int64_t n, int64_t k, DType type, const void* a, int64_t lda, const void* b, int64_t ldb, float beta, void* c, DType c_type, int64_t ldc) {
  const float one = 1;
  must(cublasGemmEx_64(static_cast<cublasHandle_t>(handle), op_a, op_b, m, n, k, &one, a, data_type(type), lda, b, data_type(type), ldb, &beta, c, data_type(c_type), ldc, CUBLAS_COMPUTE_32F,
                       CUBLAS_GEMM_DEFAULT));
}

}  // namespace

CublasProducts::CublasProducts(Stream stream) {
  cublasHandle_t handle = nullptr;
  must(cublasCreate(&handle));
  handle_ = handle;
  must(cublasSetStream(handle, static_cast<cudaStream_t>(stream)));
  must(cublasSetMathMode(handle, static_cast<cublasMath_t>(CUBLAS_DEFAULT_MATH | CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION)));
}

CublasProducts::~CublasProducts() {
  if (handle_) cublasDestroy(static_cast<cublasHandle_t>(handle_));
}

Products CublasProducts::products() const {
  Products p;
  void* handle = handle_;
  p.logits = [handle](DType type, const void* a, const void* b, void* logits, int64_t m, int64_t n, int64_t k, int64_t ld) {
    gemm(handle, CUBLAS_OP_T, CUBLAS_OP_N, n, m, k, type, b, k, a, k, 0, logits, type, ld);
  };
  p.to_hidden = [handle](DType type, const void* d, const void* b, float* sum, int64_t m, int64_t n, int64_t k, int64_t ld) {
    gemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, k, m, n, type, b, k, d, ld, 1, sum, DType::float32, k);
  };
  p.to_weight = [handle](DType type, const void* d, const void* a, float* sum, int64_t m, int64_t n, int64_t k, int64_t ld) {
    gemm(handle, CUBLAS_OP_N, CUBLAS_OP_T, k, n, m, type, a, k, d, ld, 1, sum, DType::float32, k);
  };
  return p;
}

}  // namespace reprise::kernels::ops
#endif
