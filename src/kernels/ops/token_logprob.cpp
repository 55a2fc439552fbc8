// Shapes, then the implementation asked for.
#include "kernels/ops/token_logprob.h"

namespace reprise::kernels::ops {
namespace {

constexpr char kForward[] = "token_logprob", kBackward[] = "token_logprob_backward";

template <class Args>
void check_tile(const Args& a, const char* op) {
  require(a.rows >= 0 && a.rows <= INT32_MAX && a.width > 0 && a.vocabulary > 0 && a.vocabulary <= INT32_MAX, op, "sizes must be positive and below 2^31");
  require(a.first >= 0 && a.first + a.width <= a.vocabulary, op, "the tile reaches beyond the vocabulary");
  require(a.stride >= a.width, op, "rows of logits overlap: the stride is smaller than the tile's width");
  require(a.logits && a.targets && a.log_sum, op, "logits, targets and log_sum are needed");
}

}  // namespace

void check(const TokenLogprob& a) {
  check_tile(a, kForward);
  require(a.logprob && a.entropy && a.state.maximum && a.state.sum && a.state.moment && a.state.chosen, kForward, "results and the state between tiles need a place");
}

void check(const TokenLogprobBackward& a) {
  check_tile(a, kBackward);
  require(a.d_logprob, kBackward, "d_logprob is needed");
  require(!a.d_entropy || a.entropy, kBackward, "the entropy's gradient needs the entropy");
}

void token_logprob(const TokenLogprob& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::token_logprob(args);
  require_cuda_build(kForward);
#ifdef REPRISE_CUDA
  cuda::token_logprob(args, target.stream);
#endif
}

void token_logprob_backward(const TokenLogprobBackward& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::token_logprob_backward(args);
  require_cuda_build(kBackward);
#ifdef REPRISE_CUDA
  cuda::token_logprob_backward(args, target.stream);
#endif
}

}  // namespace reprise::kernels::ops
