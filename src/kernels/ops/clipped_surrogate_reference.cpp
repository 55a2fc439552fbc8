// The truth: the formula in double, its slope taken case by case.
#include <algorithm>
#include <cmath>

#include "kernels/ops/clipped_surrogate.h"

namespace reprise::kernels::ops::reference {

void clipped_surrogate(const ClippedSurrogate& a) {
  std::fill_n(a.sums, kSurrogateSums, 0.0);
  for (int64_t t = 0; t < a.tokens; ++t) {
    a.d_policy[t] = 0;
    if (a.share[t] == 0) continue;
    const double difference = double{a.policy[t]} - a.old[t], A = a.advantage[t], weight = a.correction ? a.correction[t] : 1.0;
    const double ratio = std::exp(std::clamp(difference, -20.0, 20.0));
    const double slope_of_ratio = difference >= -20 && difference <= 20 ? ratio : 0.0;
    const double low = 1.0f - a.epsilon_low, high = 1.0f + a.epsilon_high;
    const double free_side = (a.delta > 0 ? std::min(ratio, double{a.delta}) : ratio) * A, clipped_side = std::clamp(ratio, low, high) * A;
    const bool below = ratio < low && A < 0, above = ratio > high && A > 0, beyond = a.delta > 0 && ratio > a.delta && A < 0;
    double loss = -std::min(free_side, clipped_side) * weight;
    double slope = below || above || beyond ? 0.0 : -slope_of_ratio * A * weight;
    if (a.reference) {
      const double x = std::clamp(double{a.policy[t]} - a.reference[t], -20.0, 20.0), inside = std::abs(double{a.policy[t]} - a.reference[t]) <= 20 ? 1 : 0;
      const double k3 = std::exp(-x) + x - 1;
      a.sums[1] += k3;
      loss += a.beta * (a.kl == 1 ? x : a.kl == 2 ? x * x / 2 : k3);
      slope += a.beta * inside * (a.kl == 1 ? 1 : a.kl == 2 ? x : 1 - std::exp(-x));
    }
    a.d_policy[t] = static_cast<float>(slope * a.share[t]);
    a.sums[0] += loss * a.share[t];
    a.sums[2] += ratio;
    a.sums[3] += below;
    a.sums[4] += above;
    a.sums[5] += 1;
  }
}

}  // namespace reprise::kernels::ops::reference
