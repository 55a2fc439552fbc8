// What every kernel file includes. The same text is compiled twice: by nvcc for the card, and by the C++ compiler for the
// tests' emulator (tests/kernel_ops/emulator.h, included before), which runs it thread by thread. Hence no <<<>>> here but
// launch(), no `extern __shared__` but REPRISE_DYNAMIC_SHARED, and launchers in a namespace of REPRISE_KERNEL_SPACE.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/ops/op.h"

#if defined(__CUDACC__)
#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include "base/error.h"

#define REPRISE_KERNEL_SPACE cuda
#define REPRISE_DYNAMIC_SHARED(type, name) extern __shared__ type name[]

namespace reprise::kernels::ops {
template <class... Parameters, class... Arguments>
void launch(const char* name, void (*kernel)(Parameters...), dim3 grid, unsigned block, size_t shared_bytes, Stream stream, const Arguments&... arguments) {
  kernel<<<grid, block, shared_bytes, static_cast<cudaStream_t>(stream)>>>(arguments...);
  const cudaError_t status = cudaGetLastError();
  if (status != cudaSuccess) throw Error(std::string(name) + ": the launch failed: " + cudaGetErrorString(status));
}
}  // namespace reprise::kernels::ops
#elif !defined(REPRISE_KERNEL_SPACE)
#error "kernel files are compiled by nvcc, or by a test that has included kernel_ops/emulator.h"
#endif

namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE {

constexpr unsigned kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffu;

__device__ inline float to_float(float x) { return x; }
__device__ inline float to_float(Bf16 x) { return __uint_as_float(static_cast<uint32_t>(x.bits) << 16); }
template <class T>
__device__ inline T from_float(float x) {
  if constexpr (sizeof(T) == 4) {
    return x;
  } else {
#if defined(__CUDACC__)
    return Bf16{__bfloat16_as_ushort(__float2bfloat16_rn(x))};
#else
    return rounded_to<Bf16>(x);
#endif
  }
}

// N elements at once: one access of 16 bytes where N fills them, else element by element.
template <class T>
constexpr int kPackSize = 16 / static_cast<int>(sizeof(T));
template <int N, class T>
__device__ inline void load(const T* from, float (&to)[N]) {
  if constexpr (N * sizeof(T) == 16) {
    const uint4 raw = *reinterpret_cast<const uint4*>(from);
    T values[N];
    memcpy(values, &raw, 16);
#pragma unroll
    for (int i = 0; i < N; ++i) to[i] = to_float(values[i]);
  } else if constexpr (N * sizeof(T) == 32) {
    float low[N / 2], high[N / 2];
    load(from, low);
    load(from + N / 2, high);
#pragma unroll
    for (int i = 0; i < N / 2; ++i) {
      to[i] = low[i];
      to[i + N / 2] = high[i];
    }
  } else {
#pragma unroll
    for (int i = 0; i < N; ++i) to[i] = to_float(from[i]);
  }
}
template <int N, class T>
__device__ inline void store(T* to, const float (&from)[N]) {
  if constexpr (N * sizeof(T) == 16) {
    T values[N];
#pragma unroll
    for (int i = 0; i < N; ++i) values[i] = from_float<T>(from[i]);
    uint4 raw;
    memcpy(&raw, values, 16);
    *reinterpret_cast<uint4*>(to) = raw;
  } else {
#pragma unroll
    for (int i = 0; i < N; ++i) to[i] = from_float<T>(from[i]);
  }
}

// Sum over a block, every thread gets it: halves of a warp first, then the warps in ascending order. The order depends on
// nothing but the block's size. `scratch` has a place a warp and is free again after the next __syncthreads().
template <class Number>
__device__ inline Number block_sum(Number value, Number* scratch) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
  if (threadIdx.x % kWarp == 0) scratch[threadIdx.x / kWarp] = value;
  __syncthreads();
  Number sum = 0;
  for (unsigned warp = 0; warp < blockDim.x / kWarp; ++warp) sum += scratch[warp];
  return sum;
}

}  // namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE
