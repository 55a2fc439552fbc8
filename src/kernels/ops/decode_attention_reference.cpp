// The truth: one softmax over all positions, in double.
#include <cmath>
#include <vector>

#include "kernels/ops/decode_attention.h"

namespace reprise::kernels::ops::reference {

void decode_attention(const DecodeAttention& a) {
  with_type(a.dtype, [&]<class T>(T*) {
    const int64_t E = a.head_dim, group = a.query_heads / a.key_value_heads;
    for (int64_t r = 0; r < a.rows; ++r) {
      for (int64_t h = 0; h < a.query_heads; ++h) {
        const T* q = static_cast<const T*>(a.queries) + r * a.query_stride + h * E;
        const auto at = [&](const void* cache, int64_t t) {
          const int64_t page = a.pages[r * a.max_pages + t / a.page_positions];
          return static_cast<const T*>(cache) + ((page * a.key_value_heads + h / group) * a.page_positions + t % a.page_positions) * E;
        };
        std::vector<double> scores, mixed(static_cast<size_t>(E));
        double maximum = -INFINITY, sum = 0;
        for (int64_t t = 0; t < a.lengths[r]; ++t) {
          double score = 0;
          for (int64_t e = 0; e < E; ++e) score += double{float_of(q[e])} * float_of(at(a.key_cache, t)[e]);
          scores.push_back(score * a.scale);
          maximum = std::max(maximum, scores.back());
        }
        for (int64_t t = 0; t < a.lengths[r]; ++t) {
          const double p = std::exp(scores[static_cast<size_t>(t)] - maximum);
          sum += p;
          for (int64_t e = 0; e < E; ++e) mixed[static_cast<size_t>(e)] += p * float_of(at(a.value_cache, t)[e]);
        }
        for (int64_t e = 0; e < E; ++e) {
          static_cast<T*>(a.out)[(r * a.query_heads + h) * E + e] = rounded_to<T>(static_cast<float>(sum > 0 ? mixed[static_cast<size_t>(e)] / sum : 0.0));
        }
      }
    }
  });
}

}  // namespace reprise::kernels::ops::reference
