// Shapes, then the implementation asked for.
#include "kernels/ops/clipped_surrogate.h"

namespace reprise::kernels::ops {
namespace {

constexpr char kName[] = "clipped_surrogate";

}  // namespace

void check(const ClippedSurrogate& a) {
  require(a.tokens >= 0, kName, "the number of tokens is negative");
  require(a.policy && a.old && a.advantage && a.share && a.d_policy && a.sums, kName, "a pointer is missing");
  require(a.kl >= 1 && a.kl <= 3, kName, "the KL estimators are 1, 2 and 3");
  require(a.beta == 0 || a.reference, kName, "a KL needs the reference's log-probs");
  require(a.epsilon_low >= 0 && a.epsilon_high >= 0 && a.delta >= 0, kName, "epsilons and delta must not be negative");
}

void clipped_surrogate(const ClippedSurrogate& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::clipped_surrogate(args);
  require_cuda_build(kName);
#ifdef REPRISE_CUDA
  cuda::clipped_surrogate(args, target.stream);
#endif
}

}  // namespace reprise::kernels::ops
