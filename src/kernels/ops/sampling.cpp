// Shapes, then the implementation asked for.
#include "kernels/ops/sampling.h"

namespace reprise::kernels::ops {
namespace {

constexpr char kName[] = "sample";

}  // namespace

void check(const Sampling& a) {
  require(a.rows >= 0 && a.rows <= INT32_MAX && a.vocabulary > 0 && a.vocabulary <= INT32_MAX && a.stride >= a.vocabulary, kName, "sizes must be positive and below 2^31, and the stride at least the vocabulary");
  require(a.logits && a.keys && a.positions && a.ids && a.behavior_logprob && a.full_logprob, kName, "a pointer is missing");
  require(a.temperature >= 0 && a.top_k >= 0 && a.top_p >= 0 && a.top_p <= 1 && a.min_p >= 0 && a.min_p <= 1, kName, "temperature and top_k must not be negative, top_p and min_p lie in [0, 1]");
  require((a.banned == nullptr) == (a.banned_begin == nullptr), kName, "banned ids and where each row's begin come together");
}

void sample(const Sampling& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::sample(args);
  require_cuda_build(kName);
#ifdef REPRISE_CUDA
  cuda::sample(args, target.stream);
#endif
}

}  // namespace reprise::kernels::ops
