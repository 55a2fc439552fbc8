// Eight threads a block of 4096 elements, each a lane of the CPU's sum; then one thread a tensor adds its blocks, then one
// thread the tensors. Squares of floats are exact in double, so only the order of additions matters, and it is fixed.
#include "kernels/ops/gradient_norm.h"
#include "kernels/ops/kernel_code.cuh"

namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE {
namespace {

constexpr unsigned kThreads = 256, kLanes = 8;
constexpr unsigned kStaged = 1024;

template <class T>
__global__ void __launch_bounds__(kThreads) sum_blocks_kernel(const T* values, int64_t count, double* sums, int64_t blocks) {
  const int64_t block = static_cast<int64_t>(blockIdx.x) * (kThreads / kLanes) + threadIdx.x / kLanes;
  const unsigned lane = threadIdx.x % kLanes;
  const int64_t begin = block * kNormBlock, left = block < blocks ? (count - begin < kNormBlock ? count - begin : kNormBlock) : 0;
  const int64_t whole = left / kLanes * kLanes;
  double sum = 0;
#pragma unroll 8
  for (int64_t i = lane; i < whole; i += kLanes) {
    const double v = to_float(values[begin + i]);
    sum += v * v;
  }
  if (lane == 0) {
    for (int64_t i = whole; i < left; ++i) {
      const double v = to_float(values[begin + i]);
      sum += v * v;
    }
  }
  // Lanes in ascending order, not by halves: as the CPU adds them.
  double total = 0;
  for (unsigned j = 0; j < kLanes; ++j) total += __shfl_sync(kAllLanes, sum, static_cast<int>(threadIdx.x % kWarp / kLanes * kLanes + j));
  if (lane == 0 && block < blocks) sums[block] = total;
}

// One block: stages runs of the sums in shared memory and adds them one after the other.
__global__ void __launch_bounds__(kThreads) sum_in_order_kernel(const double* sums, int64_t count, double* total) {
  __shared__ double staged[kStaged];
  double sum = 0;
  for (int64_t first = 0; first < count; first += kStaged) {
    const int64_t here = count - first < kStaged ? count - first : kStaged;
    for (int64_t i = threadIdx.x; i < here; i += kThreads) staged[i] = sums[first + i];
    __syncthreads();
    if (threadIdx.x == 0) {
      for (int64_t i = 0; i < here; ++i) sum += staged[i];
    }
    __syncthreads();
  }
  if (threadIdx.x == 0) *total = sum;
}

__global__ void __launch_bounds__(kWarp) norm_kernel(const double* totals, int64_t count, double max_norm, double* norm_out, float* scale) {
  if (threadIdx.x != 0) return;
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += totals[i];
  const double norm = sqrt(sum);
  *norm_out = norm;
  *scale = max_norm > 0 && norm > max_norm ? static_cast<float>(max_norm / (norm + 1e-6)) : 1.0f;
}

}  // namespace

void gradient_norm(const GradientNorm& a, Stream stream) {
  const int64_t tensors = static_cast<int64_t>(a.tensors.size());
  double *totals = a.workspace, *sums = a.workspace + tensors;
  for (int64_t i = 0; i < tensors; ++i) {
    const GradientTensor& one = a.tensors[static_cast<size_t>(i)];
    const int64_t blocks = (one.count + kNormBlock - 1) / kNormBlock, a_launch = kThreads / kLanes;
    with_type(one.dtype, [&]<class T>(T*) {
      if (blocks == 0) return;
      launch("gradient_norm", sum_blocks_kernel<T>, dim3(static_cast<unsigned>((blocks + a_launch - 1) / a_launch)), kThreads, 0, stream, static_cast<const T*>(one.values), one.count, sums, blocks);
    });
    launch("gradient_norm", sum_in_order_kernel, dim3(1), kThreads, 0, stream, static_cast<const double*>(sums), blocks, totals + i);
    sums += blocks;
  }
  launch("gradient_norm", norm_kernel, dim3(1), kWarp, 0, stream, static_cast<const double*>(totals), tensors, a.max_norm, a.norm, a.scale);
}

}  // namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE
