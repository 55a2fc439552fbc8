// One pass, element by element: a block takes a stretch of a row. Nothing is summed, so nothing depends on an order.
#include "kernels/ops/kernel_code.cuh"
#include "kernels/ops/swiglu.h"

namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE {
namespace {

constexpr unsigned kThreads = 256;
// Grids: rows along x, stretches of a row along y.
dim3 grid_of(int64_t rows, int64_t width, int pack) {
  const int64_t stretches = (width + kThreads * pack - 1) / (kThreads * pack);
  return dim3(static_cast<unsigned>(rows), static_cast<unsigned>(stretches < 65535 ? stretches : 65535));
}

template <class T, int N>
__global__ void __launch_bounds__(kThreads) swiglu_kernel(Swiglu a) {
  const int64_t in = blockIdx.x * a.stride, out = blockIdx.x * a.width;
  for (int64_t i = (static_cast<int64_t>(blockIdx.y) * kThreads + threadIdx.x) * N; i < a.width; i += static_cast<int64_t>(gridDim.y) * kThreads * N) {
    float gate[N], up[N];
    load(static_cast<const T*>(a.gate) + in + i, gate);
    load(static_cast<const T*>(a.up) + in + i, up);
#pragma unroll
    for (int j = 0; j < N; ++j) gate[j] = gate[j] / (1.0f + expf(-gate[j])) * up[j];
    store(static_cast<T*>(a.out) + out + i, gate);
  }
}

template <class T, int N>
__global__ void __launch_bounds__(kThreads) swiglu_backward_kernel(SwigluBackward a) {
  const int64_t in = blockIdx.x * a.stride, out = blockIdx.x * a.width;
  for (int64_t i = (static_cast<int64_t>(blockIdx.y) * kThreads + threadIdx.x) * N; i < a.width; i += static_cast<int64_t>(gridDim.y) * kThreads * N) {
    float gate[N], up[N], d[N];
    load(static_cast<const T*>(a.gate) + in + i, gate);
    load(static_cast<const T*>(a.up) + in + i, up);
    load(static_cast<const T*>(a.d_out) + out + i, d);
#pragma unroll
    for (int j = 0; j < N; ++j) {
      const float sigmoid = 1.0f / (1.0f + expf(-gate[j]));
      const float silu = gate[j] * sigmoid;
      gate[j] = d[j] * up[j] * (sigmoid + silu * (1.0f - sigmoid));
      up[j] = d[j] * silu;
    }
    store(static_cast<T*>(a.d_gate) + in + i, gate);
    store(static_cast<T*>(a.d_up) + in + i, up);
  }
}

}  // namespace

void swiglu(const Swiglu& a, Stream stream) {
  if (a.rows == 0) return;
  with_type(a.dtype, [&]<class T>(T*) {
    constexpr int N = kPackSize<T>;
    const bool wide = lies_on_16_bytes(a.gate, a.stride, a.dtype) && lies_on_16_bytes(a.up, a.stride, a.dtype) && lies_on_16_bytes(a.out, a.width, a.dtype);
    launch("swiglu", wide ? swiglu_kernel<T, N> : swiglu_kernel<T, 1>, grid_of(a.rows, a.width, wide ? N : 1), kThreads, 0, stream, a);
  });
}

void swiglu_backward(const SwigluBackward& a, Stream stream) {
  if (a.rows == 0) return;
  with_type(a.dtype, [&]<class T>(T*) {
    constexpr int N = kPackSize<T>;
    bool wide = lies_on_16_bytes(a.d_out, a.width, a.dtype);
    for (const void* p : {a.gate, a.up, static_cast<const void*>(a.d_gate), static_cast<const void*>(a.d_up)}) wide = wide && lies_on_16_bytes(p, a.stride, a.dtype);
    launch("swiglu_backward", wide ? swiglu_backward_kernel<T, N> : swiglu_backward_kernel<T, 1>, grid_of(a.rows, a.width, wide ? N : 1), kThreads, 0, stream, a);
  });
}

}  // namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE
