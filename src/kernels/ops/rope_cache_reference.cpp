// The truth: plain loops in double.
#include "kernels/ops/rope_cache.h"

namespace reprise::kernels::ops::reference {

void rope_cache(const RopeCache& a) {
  with_type(a.dtype, [&]<class T>(T*) {
    const int64_t E = a.head_dim, half = E / 2;
    for (int64_t t = 0; t < a.tokens; ++t) {
      const int64_t position = a.positions[t];
      if (position < 0 || position >= a.num_positions) continue;
      const int64_t slot = a.slots ? a.slots[t] : -1;
      const bool cached = slot >= 0 && slot < a.num_pages * a.page_positions;
      // Where head h of this token lies in a cache.
      const auto place = [&](int64_t h) { return ((slot / a.page_positions * a.key_value_heads + h) * a.page_positions + slot % a.page_positions) * E; };
      const auto rotate = [&](const T* from, T* to, T* cache) {
        for (int64_t i = 0; i < half; ++i) {
          const double x = float_of(from[i]), y = float_of(from[i + half]), c = a.cosine[position * half + i], s = a.back ? -a.sine[position * half + i] : a.sine[position * half + i];
          const T low = rounded_to<T>(static_cast<float>(x * c - y * s)), high = rounded_to<T>(static_cast<float>(y * c + x * s));
          for (T* out : {to, cache}) {
            if (out) {
              out[i] = low;
              out[i + half] = high;
            }
          }
        }
      };
      for (int64_t h = 0; h < a.query_heads; ++h) {
        rotate(static_cast<const T*>(a.queries) + t * a.stride + h * E, static_cast<T*>(a.rotated_queries) + t * a.stride + h * E, nullptr);
      }
      for (int64_t h = 0; h < a.key_value_heads; ++h) {
        const int64_t at = t * a.stride + h * E;
        rotate(static_cast<const T*>(a.keys) + at, a.rotated_keys ? static_cast<T*>(a.rotated_keys) + at : nullptr, cached ? static_cast<T*>(a.key_cache) + place(h) : nullptr);
        for (int64_t i = 0; cached && i < E; ++i) static_cast<T*>(a.value_cache)[place(h) + i] = static_cast<const T*>(a.values)[at + i];
      }
    }
  });
}

}  // namespace reprise::kernels::ops::reference
