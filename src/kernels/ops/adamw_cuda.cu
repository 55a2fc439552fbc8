// One pass, weight by weight, four at a time where everything lies on 16 bytes. Compiled without contraction: the CPU's bits.
#include "kernels/ops/adamw.h"
#include "kernels/ops/kernel_code.cuh"

namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE {
namespace {

constexpr unsigned kThreads = 256;
constexpr int64_t kMaxBlocks = 1 << 20;

template <class T, class G, int N>
__device__ inline void update(const Adamw& a, int64_t i, float scale) {
  const float c1 = 1 - a.beta1, c2 = 1 - a.beta2;
  float w[N], m[N], v[N], g[N];
  if (sizeof(T) == 4) {
    load(static_cast<const float*>(a.weight) + i, w);
  } else {
    load(a.master + i, w);
  }
  load(a.exp_avg + i, m);
  load(a.exp_avg_sq + i, v);
  load(static_cast<const G*>(a.gradient) + i, g);
#pragma unroll
  for (int j = 0; j < N; ++j) {
    g[j] *= scale;
    m[j] = a.beta1 * m[j] + c1 * g[j];
    v[j] = a.beta2 * v[j] + c2 * g[j] * g[j];
    w[j] = a.keep * w[j] - a.rate * m[j] / (sqrtf(v[j]) * a.root_scale + a.epsilon);
  }
  store(a.exp_avg + i, m);
  store(a.exp_avg_sq + i, v);
  if (sizeof(T) != 4) store(a.master + i, w);
  store(static_cast<T*>(a.weight) + i, w);
}

template <class T, class G, int N>
__global__ void __launch_bounds__(kThreads) adamw_kernel(Adamw a) {
  const float scale = a.gradient_scale ? *a.gradient_scale : 1.0f;
  const int64_t step = static_cast<int64_t>(gridDim.x) * kThreads * N, whole = a.count / N * N;
  for (int64_t i = (static_cast<int64_t>(blockIdx.x) * kThreads + threadIdx.x) * N; i < whole; i += step) update<T, G, N>(a, i, scale);
  if (blockIdx.x == 0 && whole + threadIdx.x < a.count) update<T, G, 1>(a, whole + threadIdx.x, scale);  // what packs leave over
}

}  // namespace

void adamw(const Adamw& a, Stream stream) {
  if (a.count == 0) return;
  with_type(a.dtype, [&]<class T>(T*) {
    with_type(a.gradient_dtype, [&]<class G>(G*) {
      constexpr int N = sizeof(T) == 2 && sizeof(G) == 2 ? 8 : 4;
      bool wide = true;
      for (const void* p : {static_cast<const void*>(a.weight), static_cast<const void*>(a.master), static_cast<const void*>(a.exp_avg), static_cast<const void*>(a.exp_avg_sq), a.gradient}) {
        wide = wide && lies_on_16_bytes(p, 0, DType::float32);
      }
      const int pack = wide ? N : 1;
      const int64_t blocks = (a.count + kThreads * pack - 1) / (kThreads * pack);
      launch("adamw", wide ? adamw_kernel<T, G, N> : adamw_kernel<T, G, 1>, dim3(static_cast<unsigned>(blocks < kMaxBlocks ? blocks : kMaxBlocks)), kThreads, 0, stream, a);
    });
  });
}

}  // namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE
