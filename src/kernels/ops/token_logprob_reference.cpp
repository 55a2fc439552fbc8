// The truth: plain loops in double. The state between tiles is float, as the kernels keep it.
#include <cmath>
#include <limits>

#include "kernels/ops/token_logprob.h"

namespace reprise::kernels::ops::reference {

void token_logprob(const TokenLogprob& a) {
  with_type(a.dtype, [&]<class T>(T*) {
    for (int64_t r = 0; r < a.rows; ++r) {
      const T* row = static_cast<const T*>(a.logits) + r * a.stride;
      const bool begins = a.first == 0;
      const double before = begins ? -std::numeric_limits<double>::infinity() : a.state.maximum[r];
      double maximum = before;
      for (int64_t i = 0; i < a.width; ++i) maximum = std::max(maximum, double{a.scale * float_of(row[i])});
      double sum = 0, moment = 0, chosen = begins ? std::nan("") : a.state.chosen[r];
      if (!begins && std::isfinite(before)) {
        const double factor = std::exp(before - maximum);
        sum = a.state.sum[r] * factor;
        moment = factor * (a.state.moment[r] + (before - maximum) * a.state.sum[r]);
      }
      for (int64_t i = 0; i < a.width; ++i) {
        const double x = double{a.scale * float_of(row[i])};
        if (a.targets[r] == a.first + i) chosen = x;
        if (std::isinf(x) && x < 0) continue;  // probability 0, and 0 log 0 = 0
        sum += std::exp(x - maximum);
        moment += std::exp(x - maximum) * (x - maximum);
      }
      a.state.maximum[r] = static_cast<float>(maximum);
      a.state.sum[r] = static_cast<float>(sum);
      a.state.moment[r] = static_cast<float>(moment);
      a.state.chosen[r] = static_cast<float>(chosen);
      if (a.first + a.width < a.vocabulary) continue;
      a.log_sum[r] = static_cast<float>(maximum + std::log(sum));
      a.logprob[r] = static_cast<float>(chosen - maximum - std::log(sum));
      a.entropy[r] = static_cast<float>(std::log(sum) - moment / sum);
    }
  });
}

void token_logprob_backward(const TokenLogprobBackward& a) {
  with_type(a.dtype, [&]<class T>(T*) {
    for (int64_t r = 0; r < a.rows; ++r) {
      T* row = static_cast<T*>(a.logits) + r * a.stride;
      for (int64_t i = 0; i < a.width; ++i) {
        const double log_p = double{a.scale * float_of(row[i])} - a.log_sum[r], p = std::exp(log_p);
        double d = a.d_logprob[r] * ((a.targets[r] == a.first + i ? 1.0 : 0.0) - p);
        if (a.d_entropy && p > 0) d -= a.d_entropy[r] * p * (log_p + a.entropy[r]);
        row[i] = rounded_to<T>(static_cast<float>(a.scale * d));
      }
    }
  });
}

}  // namespace reprise::kernels::ops::reference
