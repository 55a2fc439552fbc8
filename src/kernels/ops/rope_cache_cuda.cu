// A block a token. A thread takes N pairs of one head at a time, reads both halves before it writes either (so rotating in
// place is safe) and puts keys and values where their slot says.
#include "kernels/ops/kernel_code.cuh"
#include "kernels/ops/rope_cache.h"

namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE {
namespace {

constexpr unsigned kThreads = 128;

template <class T, int N>
__global__ void __launch_bounds__(kThreads) rope_cache_kernel(RopeCache a) {
  const int64_t token = blockIdx.x, position = a.positions[token];
  if (position < 0 || position >= a.num_positions) return;
  const int64_t E = a.head_dim, half = E / 2, packs = half / N;
  const int64_t slot = a.slots ? a.slots[token] : -1;
  const bool cached = slot >= 0 && slot < a.num_pages * a.page_positions;
  const float* cosine = a.cosine + position * half;
  const float* sine = a.sine + position * half;
  const int64_t heads = a.query_heads + a.key_value_heads;
  for (int64_t work = threadIdx.x; work < heads * packs; work += kThreads) {
    const int64_t i = work % packs * N;
    const bool is_query = work / packs < a.query_heads;
    const int64_t head = is_query ? work / packs : work / packs - a.query_heads;
    const int64_t at = token * a.stride + head * E + i;
    const int64_t place = ((slot / a.page_positions * a.key_value_heads + head) * a.page_positions + slot % a.page_positions) * E + i;
    const T* from = static_cast<const T*>(is_query ? a.queries : a.keys) + at;
    float x[N], y[N], c[N], s[N], low[N], high[N];
    load(from, x);
    load(from + half, y);
    load(cosine + i, c);
    load(sine + i, s);
#pragma unroll
    for (int j = 0; j < N; ++j) {
      const float sign = a.back ? -s[j] : s[j];
      low[j] = x[j] * c[j] - y[j] * sign;
      high[j] = y[j] * c[j] + x[j] * sign;
    }
    T* to = static_cast<T*>(is_query ? a.rotated_queries : a.rotated_keys);
    if (to) {
      store(to + at, low);
      store(to + at + half, high);
    }
    if (!is_query && cached) {
      store(static_cast<T*>(a.key_cache) + place, low);
      store(static_cast<T*>(a.key_cache) + place + half, high);
      const T* value = static_cast<const T*>(a.values) + at;
      load(value, x);
      load(value + half, y);
      store(static_cast<T*>(a.value_cache) + place, x);
      store(static_cast<T*>(a.value_cache) + place + half, y);
    }
  }
}

}  // namespace

void rope_cache(const RopeCache& args, Stream stream) {
  if (args.tokens == 0) return;
  RopeCache a = args;
  if (!a.slots) a.page_positions = 1;  // divided by, unused
  with_type(a.dtype, [&]<class T>(T*) {
    constexpr int N = kPackSize<T>;
    const int64_t half = a.head_dim / 2;
    bool wide = half % N == 0 && a.stride % N == 0;
    for (const void* p : {a.queries, a.keys, a.values, static_cast<const void*>(a.rotated_queries), static_cast<const void*>(a.rotated_keys), static_cast<const void*>(a.key_cache),
                          static_cast<const void*>(a.value_cache), static_cast<const void*>(a.cosine), static_cast<const void*>(a.sine)}) {
      wide = wide && lies_on_16_bytes(p, 0, a.dtype);
    }
    launch("rope_cache", wide ? rope_cache_kernel<T, N> : rope_cache_kernel<T, 1>, dim3(static_cast<unsigned>(a.tokens)), kThreads, 0, stream, a);
  });
}

}  // namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE
