// One block: an update's tile has thousands of tokens at most, and one block sums in one order. Each thread takes every
// 512th token and sums in double; then halves of a warp, then warps.
#include "kernels/ops/clipped_surrogate.h"
#include "kernels/ops/kernel_code.cuh"

namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE {
namespace {

constexpr unsigned kThreads = 512;
constexpr float kMaxLogRatio = 20;  // rl/policy_loss.cpp: beyond it a sample is broken

__device__ inline float clamped(float x, float low, float high) { return fminf(fmaxf(x, low), high); }

__global__ void __launch_bounds__(kThreads) clipped_surrogate_kernel(ClippedSurrogate a) {
  __shared__ double scratch[kSurrogateSums][kThreads / kWarp];
  double sums[kSurrogateSums] = {};
  const float low = 1.0f - a.epsilon_low, high = 1.0f + a.epsilon_high;
  for (int64_t t = threadIdx.x; t < a.tokens; t += kThreads) {
    const float share = a.share[t];
    if (share == 0) {
      a.d_policy[t] = 0;
      continue;
    }
    const float policy = a.policy[t], difference = policy - a.old[t], A = a.advantage[t], weight = a.correction ? a.correction[t] : 1.0f;
    const float ratio = expf(clamped(difference, -kMaxLogRatio, kMaxLogRatio));
    const bool in_range = difference >= -kMaxLogRatio && difference <= kMaxLogRatio;
    const bool below = ratio < low && A < 0, above = ratio > high && A > 0, beyond = a.delta > 0 && ratio > a.delta && A < 0;
    const float bounded = a.delta > 0 ? fminf(ratio, a.delta) : ratio;
    float loss = -fminf(bounded * A, clamped(ratio, low, high) * A) * weight;
    float slope = below || above || beyond || !in_range ? 0.0f : -ratio * A * weight;
    if (a.reference) {
      const float apart = policy - a.reference[t], x = clamped(apart, -kMaxLogRatio, kMaxLogRatio), back = expf(-x);
      const float k3 = back + x - 1.0f, inside = apart == x ? 1.0f : 0.0f;
      sums[1] += k3;
      loss += a.beta * (a.kl == 1 ? x : a.kl == 2 ? x * x / 2 : k3);
      slope += a.beta * inside * (a.kl == 1 ? 1.0f : a.kl == 2 ? x : 1.0f - back);
    }
    a.d_policy[t] = slope * share;
    sums[0] += static_cast<double>(loss) * share;
    sums[2] += ratio;
    sums[3] += below ? 1 : 0;
    sums[4] += above ? 1 : 0;
    sums[5] += 1;
  }
#pragma unroll
  for (int s = 0; s < kSurrogateSums; ++s) {
    const double total = block_sum(sums[s], scratch[s]);
    if (threadIdx.x == 0) a.sums[s] = total;
  }
}

}  // namespace

void clipped_surrogate(const ClippedSurrogate& a, Stream stream) {
  launch("clipped_surrogate", clipped_surrogate_kernel, dim3(1), kThreads, 0, stream, a);
}

}  // namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE
