// A block a row of the tile. Each thread carries (maximum, sum, moment) over its columns, rescaled only when a larger logit
// comes; threads are merged by halves, then the tile with what came before. Backward: element by element, in place.
#include "kernels/ops/kernel_code.cuh"
#include "kernels/ops/token_logprob.h"

namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE {
namespace {

constexpr unsigned kThreads = 512;
constexpr float kLowest = -3.4028234663852886e38f;  // stands for "nothing yet": finite, so that differences are no NaN

struct Running {
  float maximum, sum, moment;
};

__device__ inline Running merged(Running a, Running b) {
  const float maximum = fmaxf(a.maximum, b.maximum);
  const float shift_a = a.maximum - maximum, shift_b = b.maximum - maximum;
  const float factor_a = a.sum > 0 ? expf(shift_a) : 0.0f, factor_b = b.sum > 0 ? expf(shift_b) : 0.0f;
  // An empty side's shift may overflow: its sum is 0 and must stay so.
  const float moment_a = a.sum > 0 ? factor_a * (a.moment + shift_a * a.sum) : 0.0f;
  const float moment_b = b.sum > 0 ? factor_b * (b.moment + shift_b * b.sum) : 0.0f;
  return {maximum, factor_a * a.sum + factor_b * b.sum, moment_a + moment_b};
}

template <class T, int N>
__global__ void __launch_bounds__(kThreads) token_logprob_kernel(TokenLogprob a) {
  __shared__ Running scratch[kThreads / kWarp];
  __shared__ float chosen;
  const int64_t r = blockIdx.x;
  const T* row = static_cast<const T*>(a.logits) + r * a.stride;
  const int64_t target = static_cast<int64_t>(a.targets[r]) - a.first;
  if (threadIdx.x == 0) chosen = a.first == 0 ? __uint_as_float(0x7fc00000u) : a.state.chosen[r];
  __syncthreads();
  Running mine = {kLowest, 0, 0};
  for (int64_t i = threadIdx.x * N; i < a.width; i += kThreads * N) {
    float x[N];
    load(row + i, x);
    float largest = mine.maximum;
#pragma unroll
    for (int j = 0; j < N; ++j) {
      x[j] *= a.scale;
      if (i + j == target) chosen = x[j];  // one thread at most
      largest = fmaxf(largest, x[j]);
    }
    if (largest > mine.maximum) mine = merged(mine, {largest, 0, 0});
#pragma unroll
    for (int j = 0; j < N; ++j) {
      const float shifted = x[j] - mine.maximum;
      if (shifted < -104.0f) continue;  // e^-104 is below the smallest float; minus infinity among them
      const float e = expf(shifted);
      mine.sum += e;
      mine.moment += e * shifted;
    }
  }
#pragma unroll
  for (int step = 16; step > 0; step /= 2) {
    const Running other = {__shfl_xor_sync(kAllLanes, mine.maximum, step), __shfl_xor_sync(kAllLanes, mine.sum, step), __shfl_xor_sync(kAllLanes, mine.moment, step)};
    mine = merged(mine, other);  // symmetric to the bit, so both lanes have the same
  }
  if (threadIdx.x % kWarp == 0) scratch[threadIdx.x / kWarp] = mine;
  __syncthreads();
  if (threadIdx.x != 0) return;
  Running all = scratch[0];
  for (unsigned warp = 1; warp < kThreads / kWarp; ++warp) all = merged(all, scratch[warp]);
  if (a.first > 0) all = merged({a.state.maximum[r], a.state.sum[r], a.state.moment[r]}, all);
  a.state.maximum[r] = all.maximum;
  a.state.sum[r] = all.sum;
  a.state.moment[r] = all.moment;
  a.state.chosen[r] = chosen;
  if (a.first + a.width < a.vocabulary) return;
  const float log_of_sum = logf(all.sum);
  a.log_sum[r] = all.maximum + log_of_sum;
  a.logprob[r] = chosen - all.maximum - log_of_sum;
  a.entropy[r] = log_of_sum - all.moment / all.sum;
}

template <class T, int N>
__global__ void __launch_bounds__(kThreads) token_logprob_backward_kernel(TokenLogprobBackward a) {
  const int64_t r = blockIdx.x;
  T* row = static_cast<T*>(a.logits) + r * a.stride;
  const int64_t target = static_cast<int64_t>(a.targets[r]) - a.first;
  const float log_sum = a.log_sum[r], d_logprob = a.d_logprob[r], d_entropy = a.d_entropy ? a.d_entropy[r] : 0.0f, entropy = a.d_entropy ? a.entropy[r] : 0.0f;
  for (int64_t i = threadIdx.x * N; i < a.width; i += kThreads * N) {
    float x[N];
    load(row + i, x);
#pragma unroll
    for (int j = 0; j < N; ++j) {
      const float log_p = x[j] * a.scale - log_sum, p = expf(log_p);
      float d = d_logprob * ((i + j == target ? 1.0f : 0.0f) - p);
      if (d_entropy != 0.0f && p > 0.0f) d -= d_entropy * p * (log_p + entropy);
      x[j] = a.scale * d;
    }
    store(row + i, x);
  }
}

}  // namespace

void token_logprob(const TokenLogprob& a, Stream stream) {
  if (a.rows == 0) return;
  with_type(a.dtype, [&]<class T>(T*) {
    constexpr int N = kPackSize<T>;
    const bool wide = a.width % N == 0 && lies_on_16_bytes(a.logits, a.stride, a.dtype);
    launch("token_logprob", wide ? token_logprob_kernel<T, N> : token_logprob_kernel<T, 1>, dim3(static_cast<unsigned>(a.rows)), kThreads, 0, stream, a);
  });
}

void token_logprob_backward(const TokenLogprobBackward& a, Stream stream) {
  if (a.rows == 0) return;
  with_type(a.dtype, [&]<class T>(T*) {
    constexpr int N = kPackSize<T>;
    const bool wide = a.width % N == 0 && lies_on_16_bytes(a.logits, a.stride, a.dtype);
    launch("token_logprob_backward", wide ? token_logprob_backward_kernel<T, N> : token_logprob_backward_kernel<T, 1>, dim3(static_cast<unsigned>(a.rows)), kThreads, 0, stream, a);
  });
}

}  // namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE
