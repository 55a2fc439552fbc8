// The truth about the distribution: sorted, summed and exponentiated in double by libm. The draw itself is Gumbel-max with
// libm's logarithms, so near ties can fall to the other side here; that the very token is the CPU's is tested against
// generation/sampler.cpp, not against this.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "base/random.h"
#include "kernels/ops/sampling.h"

namespace reprise::kernels::ops::reference {
namespace {

double gumbel(const SamplingKey& key, uint32_t position, uint32_t id) {
  const auto words = philox4x32({id / 4, position, key.upper, 0}, {key.key[0], key.key[1]});
  const double v = std::min((words[id % 4] + 0.5) * 0x1p-32, 1 - 0x1p-24);
  return -std::log(-std::log1p(-v));
}

double log_sum_exp(const std::vector<double>& x) {
  const double maximum = *std::max_element(x.begin(), x.end());
  double sum = 0;
  for (double v : x) sum += std::exp(v - maximum);
  return maximum + std::log(sum);
}

}  // namespace

void sample(const Sampling& a) {
  with_type(a.dtype, [&]<class T>(T*) {
    for (int64_t r = 0; r < a.rows; ++r) {
      const T* row = static_cast<const T*>(a.logits) + r * a.stride;
      std::vector<double> logits, x;
      for (int64_t i = 0; i < a.vocabulary; ++i) logits.push_back(float_of(row[i]));
      const double full = log_sum_exp(logits);
      x = logits;
      for (int32_t b = a.banned_begin ? a.banned_begin[r] : 0; a.banned_begin && b < a.banned_begin[r + 1]; ++b) {
        if (a.banned[b] >= 0 && a.banned[b] < a.vocabulary) x[static_cast<size_t>(a.banned[b])] = -std::numeric_limits<double>::infinity();
      }
      std::vector<int32_t> order(x.size());
      std::iota(order.begin(), order.end(), 0);
      const auto by = [&](int32_t p, int32_t q) { return x[static_cast<size_t>(p)] != x[static_cast<size_t>(q)] ? x[static_cast<size_t>(p)] > x[static_cast<size_t>(q)] : p < q; };
      std::sort(order.begin(), order.end(), by);
      a.behavior_logprob[r] = 0;
      int32_t chosen = order[0];
      if (a.temperature > 0) {
        for (double& v : x) v /= a.temperature;
        size_t kept = a.top_k > 0 ? std::min(x.size(), static_cast<size_t>(a.top_k)) : x.size();
        const auto weight = [&](size_t i) { return std::exp(x[static_cast<size_t>(order[i])] - x[static_cast<size_t>(order[0])]); };
        double total = 0, running = 0;
        for (size_t i = 0; i < kept; ++i) total += weight(i);
        if (a.top_p < 1) {
          size_t n = 0;
          while (n < kept && running < a.top_p * total) running += weight(n++);
          kept = std::max<size_t>(1, n);
        }
        while (kept > 1 && weight(kept - 1) < a.min_p) --kept;
        double best = -std::numeric_limits<double>::infinity(), mass = 0;
        for (size_t i = 0; i < kept; ++i) {
          mass += weight(i);
          const double value = x[static_cast<size_t>(order[i])] + gumbel(a.keys[r], a.positions[r], static_cast<uint32_t>(order[i]));
          if (value > best) {
            best = value;
            chosen = order[i];
          }
        }
        a.behavior_logprob[r] = static_cast<float>(x[static_cast<size_t>(chosen)] - x[static_cast<size_t>(order[0])] - std::log(mass));
      }
      a.ids[r] = chosen;
      a.full_logprob[r] = static_cast<float>(logits[static_cast<size_t>(chosen)] - full);
    }
  });
}

}  // namespace reprise::kernels::ops::reference
