// A block a row; the second reading of the row comes from the caches. Backward: a block takes every n-th row and keeps the
// weight's gradient in shared memory, each column with one thread; a second kernel adds the blocks' rows in ascending order.
#include "kernels/ops/kernel_code.cuh"
#include "kernels/ops/rms_norm.h"

namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE {
namespace {

constexpr unsigned kThreads = 256;

template <class T, int N, bool kResidual>
__global__ void __launch_bounds__(kThreads) rms_norm_kernel(RmsNorm a) {
  __shared__ float scratch[kThreads / kWarp];
  const int64_t row = static_cast<int64_t>(blockIdx.x) * a.width;
  // With a residual the sum is written first and read again by the thread that wrote it.
  const T* x = static_cast<const T*>(a.x) + row;
  const T* normalised = kResidual ? static_cast<const T*>(a.sum) + row : x;
  float squares = 0;
  for (int64_t i = threadIdx.x * N; i < a.width; i += kThreads * N) {
    float v[N];
    load(x + i, v);
    if constexpr (kResidual) {
      float r[N];
      load(static_cast<const T*>(a.residual) + row + i, r);
#pragma unroll
      for (int j = 0; j < N; ++j) v[j] = to_float(from_float<T>(v[j] + r[j]));
      store(static_cast<T*>(a.sum) + row + i, v);
    }
#pragma unroll
    for (int j = 0; j < N; ++j) squares += v[j] * v[j];
  }
  squares = block_sum(squares, scratch);
  const float inverse = 1.0f / sqrtf(squares / static_cast<float>(a.width) + static_cast<float>(a.eps));
  if (threadIdx.x == 0 && a.inverse_rms) a.inverse_rms[blockIdx.x] = inverse;
  for (int64_t i = threadIdx.x * N; i < a.width; i += kThreads * N) {
    float v[N], w[N];
    load(normalised + i, v);
    load(static_cast<const T*>(a.weight) + i, w);
#pragma unroll
    for (int j = 0; j < N; ++j) v[j] = v[j] * inverse * w[j];
    store(static_cast<T*>(a.out) + row + i, v);
  }
}

template <class T, int N>
__global__ void __launch_bounds__(kThreads) rms_norm_backward_kernel(RmsNormBackward a) {
  __shared__ float scratch[2][kThreads / kWarp];
  REPRISE_DYNAMIC_SHARED(float, d_weight);  // [width]
  const T* weight = static_cast<const T*>(a.weight);
  for (int64_t i = threadIdx.x * N; i < a.width; i += kThreads * N) {
#pragma unroll
    for (int j = 0; j < N; ++j) d_weight[i + j] = 0;
  }
  int turn = 0;
  for (int64_t r = blockIdx.x; r < a.rows; r += gridDim.x, turn ^= 1) {
    const int64_t row = r * a.width;
    const T *x = static_cast<const T*>(a.x) + row, *d_out = static_cast<const T*>(a.d_out) + row;
    const float inverse = a.inverse_rms[r];
    float product = 0;
    for (int64_t i = threadIdx.x * N; i < a.width; i += kThreads * N) {
      float v[N], w[N], d[N];
      load(x + i, v);
      load(weight + i, w);
      load(d_out + i, d);
#pragma unroll
      for (int j = 0; j < N; ++j) {
        product += v[j] * (w[j] * d[j]);
        d_weight[i + j] += d[j] * (v[j] * inverse);
      }
    }
    // Two scratches in turn: a fast warp may be a row ahead, never two.
    product = block_sum(product, scratch[turn]);
    const float pull = product * inverse * inverse * inverse / static_cast<float>(a.width);
    for (int64_t i = threadIdx.x * N; i < a.width; i += kThreads * N) {
      float v[N], w[N], d[N];
      load(x + i, v);
      load(weight + i, w);
      load(d_out + i, d);
#pragma unroll
      for (int j = 0; j < N; ++j) d[j] = inverse * (w[j] * d[j]) - pull * v[j];
      if (a.d_sum) {
        load(static_cast<const T*>(a.d_sum) + row + i, v);
#pragma unroll
        for (int j = 0; j < N; ++j) d[j] += v[j];
      }
      store(static_cast<T*>(a.d_x) + row + i, d);
    }
  }
  float* partial = a.workspace + static_cast<int64_t>(blockIdx.x) * a.width;
  for (int64_t i = threadIdx.x * N; i < a.width; i += kThreads * N) {
#pragma unroll
    for (int j = 0; j < N; ++j) partial[i + j] = d_weight[i + j];
  }
}

__global__ void __launch_bounds__(kThreads) add_partials_kernel(const float* partials, int64_t count, int64_t width, float* sum) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= width) return;
  float total = 0;
  for (int64_t p = 0; p < count; ++p) total += partials[p * width + i];
  sum[i] = total;
}

}  // namespace

void rms_norm(const RmsNorm& a, Stream stream) {
  if (a.rows == 0) return;
  with_type(a.dtype, [&]<class T>(T*) {
    bool wide = true;
    for (const void* p : {a.x, a.residual, a.weight, static_cast<const void*>(a.sum), static_cast<const void*>(a.out)}) wide = wide && lies_on_16_bytes(p, a.width, a.dtype);
    constexpr int N = kPackSize<T>;
    auto* kernel = wide ? (a.residual ? rms_norm_kernel<T, N, true> : rms_norm_kernel<T, N, false>) : (a.residual ? rms_norm_kernel<T, 1, true> : rms_norm_kernel<T, 1, false>);
    launch("rms_norm", kernel, dim3(static_cast<unsigned>(a.rows)), kThreads, 0, stream, a);
  });
}

void rms_norm_backward(const RmsNormBackward& a, Stream stream) {
  const int64_t partials = workspace_floats(a) / a.width;
  with_type(a.dtype, [&]<class T>(T*) {
    bool wide = true;
    for (const void* p : {a.x, a.weight, a.d_out, a.d_sum, static_cast<const void*>(a.d_x)}) wide = wide && lies_on_16_bytes(p, a.width, a.dtype);
    auto* kernel = wide ? rms_norm_backward_kernel<T, kPackSize<T>> : rms_norm_backward_kernel<T, 1>;
    const size_t shared = static_cast<size_t>(a.width) * sizeof(float);
    if (partials > 0) launch("rms_norm_backward", kernel, dim3(static_cast<unsigned>(partials)), kThreads, shared, stream, a);
  });
  launch("rms_norm_backward", add_partials_kernel, dim3(static_cast<unsigned>((a.width + kThreads - 1) / kThreads)), kThreads, 0, stream,
         static_cast<const float*>(a.workspace), partials, a.width, a.d_weight);
}

}  // namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE
