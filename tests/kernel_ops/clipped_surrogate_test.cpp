// The clipped objective with KL and its gradient. rl/policy_loss.cpp (LibTorch) is tested against closed forms elsewhere;
// here the reference is held against differences of itself.
#include "kernels/ops/clipped_surrogate.h"

#include "kernel_ops/emulated.h"
#include "kernel_ops/harness.h"
#include "support/fault_of.h"

namespace reprise::kernels::ops {
namespace {

class ClippedSurrogateOp : public KernelOp {};
INSTANTIATE_TEST_SUITE_P(Ops, ClippedSurrogateOp, ::testing::Values(Way{Runs::emulated}, Way{Runs::card}), name_of);

struct Tokens {
  std::vector<float> policy, old, reference, advantage, correction, share;
  explicit Tokens(size_t n) {
    policy = normals(n, 1);
    old = policy;
    reference = policy;
    const auto a = normals(n, 2, 0.3f), b = normals(n, 3, 0.3f);
    advantage = normals(n, 4);
    correction = normals(n, 5, 0.1f);
    share = normals(n, 6);
    for (size_t i = 0; i < n; ++i) {
      old[i] += a[i];
      reference[i] += b[i];
      correction[i] += 1;
      if (i % 5 == 3) share[i] = 0;
      if (i % 11 == 4) old[i] = policy[i];           // ratio 1: exactly between the bounds
      if (i % 23 == 6) old[i] = policy[i] - 30;      // a broken sample
      if (i % 29 == 7) reference[i] = policy[i] + 40;
      if (i % 13 == 5) advantage[i] = 0;
    }
  }
};

ClippedSurrogate with(int kl, float delta) {
  return {.epsilon_low = 0.2f, .epsilon_high = 0.28f, .delta = delta, .beta = kl ? 0.04f : 0.0f, .kl = kl ? kl : 3};
}

TEST_P(ClippedSurrogateOp, AgreesWithTheReference) {
  for (const size_t n : {size_t{0}, size_t{1}, size_t{33}, size_t{1500}}) {
    for (const int kl : {0, 1, 2, 3}) {
      for (const float delta : {0.0f, 1.5f}) {
        const Tokens t(n);
        compare([&](Runs runs, Memory& m) -> Results {
          ClippedSurrogate a = with(kl, delta);
          a.tokens = static_cast<int64_t>(n);
          a.policy = m.input(t.policy);
          a.old = m.input(t.old);
          if (kl) a.reference = m.input(t.reference);
          a.advantage = m.input(t.advantage);
          if (kl % 2) a.correction = m.input(t.correction);
          a.share = m.input(t.share);
          a.d_policy = m.output<float>(a.tokens);
          a.sums = m.output<double>(kSurrogateSums);
          perform(runs, a, clipped_surrogate, emulated::clipped_surrogate);
          std::vector<float> sums;
          for (const double sum : m.fetch(a.sums)) sums.push_back(static_cast<float>(sum));
          // A token's loss is as exact as float32; terms of both signs cancel in the sum. k3 of a broken sample is e^20.
          return {{"d_policy", m.fetch(a.d_policy), 1e-5, 1e-5}, {"loss", {sums[0]}, 2e-6, 1e-3}, {"kl and ratio", {sums[1], sums[2]}, 2e-6, 1e-4}, {"counts", {sums[3], sums[4], sums[5]}, 0, 0}};
        });
      }
    }
  }
}

TEST(ClippedSurrogateReference, TheGradientIsTheSlope) {
  const size_t n = 40;
  Tokens t(n);
  for (int kl : {0, 1, 2, 3}) {
    std::vector<float> d(n), unused(n);
    double sums[kSurrogateSums], more[kSurrogateSums], less[kSurrogateSums];
    ClippedSurrogate a = with(kl, 1.5f);
    a.tokens = static_cast<int64_t>(n);
    a.old = t.old.data();
    if (kl) a.reference = t.reference.data();
    a.advantage = t.advantage.data();
    a.correction = t.correction.data();
    a.share = t.share.data();
    const auto run = [&](const std::vector<float>& policy, std::vector<float>& gradient, double* out) {
      a.policy = policy.data();
      a.d_policy = gradient.data();
      a.sums = out;
      clipped_surrogate(a, {});
    };
    run(t.policy, d, sums);
    for (size_t i = 0; i < n; ++i) {
      const double ratio = std::exp(double{t.policy[i]} - t.old[i]);
      bool at_a_kink = std::abs(ratio - 0.8) < 5e-3 || std::abs(ratio - 1.28) < 5e-3 || std::abs(ratio - 1.5) < 5e-3;
      if (at_a_kink || ratio > 1e6) continue;
      auto up = t.policy, down = t.policy;
      up[i] += 1e-3f;
      down[i] -= 1e-3f;
      run(up, unused, more);
      run(down, unused, less);
      EXPECT_NEAR(d[i], (more[0] - less[0]) / (double{up[i]} - down[i]), 1e-4 * std::max(1.0, std::abs(double{d[i]}))) << i << " k" << kl;
    }
  }
}

TEST(ClippedSurrogateOp, RefusesAKlWithoutAReference) {
  float one = 1;
  double sums[kSurrogateSums];
  EXPECT_EQ(testing::fault_of([&] { clipped_surrogate({.tokens = 1, .policy = &one, .old = &one, .advantage = &one, .share = &one, .beta = 0.1f, .d_policy = &one, .sums = sums}, {}); }),
            "clipped_surrogate: a KL needs the reference's log-probs");
}

}  // namespace
}  // namespace reprise::kernels::ops
