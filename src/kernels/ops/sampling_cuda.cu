// A block a row. Without filters: maximum, sum, then the largest of scaled logit + noise. With filters the row is walked from
// the most likely token down, 1024 at a time (chosen by radix over 64-bit keys of logit and id, then sorted in shared memory),
// and one thread adds weights in that order until the last token that is kept is known; then all threads draw. A nucleus is
// nearly always within the first 1024.
// This file must be compiled without contraction (--fmad=false): the functions below give the CPU's bits.
#include "kernels/ops/kernel_code.cuh"
#include "kernels/ops/sampling.h"

namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE {
namespace {

constexpr unsigned kThreads = 512;
constexpr int kBatch = 1024;
constexpr int kSumLanes = 16;
using Key = unsigned long long;

// row_ops.cpp: fast_exp.
__device__ inline float fixed_exp(float x) {
  constexpr float kRound = 12582912.0f;
  x = x < -87.0f ? -87.0f : x;
  x = x > 88.0f ? 88.0f : x;
  const float shifted = x * 1.44269504f + kRound;
  const float k = shifted - kRound;
  const float r = (x - k * 0.693359375f) - k * -2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * __uint_as_float((__float_as_uint(shifted) - 0x4B400000u + 127u) << 23);
}

// sampler.cpp: log_positive, gumbel_of_word.
__device__ inline float atanh_series(float s) {
  const float z = s * s;
  float p = 2.0f / 11.0f;
  p = p * z + 2.0f / 9.0f;
  p = p * z + 2.0f / 7.0f;
  p = p * z + 2.0f / 5.0f;
  p = p * z + 2.0f / 3.0f;
  return 2.0f * s + s * z * p;
}
__device__ inline float log_positive(float x) {
  const uint32_t bits = __float_as_uint(x);
  const int32_t exponent = static_cast<int32_t>(bits - 0x3f3504f3u) >> 23;
  const float m = __uint_as_float(bits - (static_cast<uint32_t>(exponent) << 23));
  return static_cast<float>(exponent) * 0.693147180559945f + atanh_series((m - 1.0f) / (m + 1.0f));
}
__device__ inline float gumbel_of_word(uint32_t word) {
  float v = (static_cast<float>(word) + 0.5f) * 0x1p-32f;
  v = v > 1.0f - 0x1p-24f ? 1.0f - 0x1p-24f : v;
  return -log_positive(v < 0.25f ? atanh_series(v / (2.0f - v)) : -log_positive(1.0f - v));
}

struct Words {
  uint32_t at[4];
  // By comparisons: an index that is not known at compile time would put the words into memory.
  __device__ uint32_t word(unsigned i) const { return i == 0 ? at[0] : i == 1 ? at[1] : i == 2 ? at[2] : at[3]; }
};
__device__ inline Words philox(uint32_t block, uint32_t position, const SamplingKey& key) {
  uint32_t c0 = block, c1 = position, c2 = key.upper, c3 = 0, k0 = key.key[0], k1 = key.key[1];
#pragma unroll
  for (int round = 0; round < 10; ++round) {
    const uint32_t n0 = __umulhi(0xCD9E8D57u, c2) ^ c1 ^ k0, n2 = __umulhi(0xD2511F53u, c0) ^ c3 ^ k1;
    c1 = 0xCD9E8D57u * c2;
    c3 = 0xD2511F53u * c0;
    c0 = n0;
    c2 = n2;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return {{c0, c1, c2, c3}};
}

// Larger key: the larger value, at equal values (0 and -0 among them) the lower id.
__device__ inline Key key_of(float value, int64_t id) {
  const uint32_t bits = __float_as_uint(value + 0.0f);
  const uint32_t ordered = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return (static_cast<Key>(ordered) << 32) | (0xffffffffu - static_cast<uint32_t>(id));
}
__device__ inline int32_t id_of(Key key) { return static_cast<int32_t>(0xffffffffu - static_cast<uint32_t>(key)); }
__device__ inline float value_of(Key key) {
  const uint32_t ordered = static_cast<uint32_t>(key >> 32);
  return __uint_as_float(ordered & 0x80000000u ? ordered & 0x7fffffffu : ~ordered);
}

struct Shared {
  Key batch[kBatch];
  float weights[kBatch];
  int histogram[256];
  Key warp_keys[kThreads / kWarp];
  double sums[kThreads / kWarp > kSumLanes ? kThreads / kWarp : kSumLanes];
  // What one thread decides for all.
  Key key;
  double number;
  int count, shift;
  bool stop;
};

// The largest of all threads' keys. Every thread gets it.
__device__ inline Key largest_key(Key mine, Shared& s) {
#pragma unroll
  for (int step = 16; step > 0; step /= 2) {
    const Key other = __shfl_xor_sync(kAllLanes, mine, step);
    mine = other > mine ? other : mine;
  }
  if (threadIdx.x % kWarp == 0) s.warp_keys[threadIdx.x / kWarp] = mine;
  __syncthreads();
  for (unsigned warp = 0; warp < kThreads / kWarp; ++warp) mine = s.warp_keys[warp] > mine ? s.warp_keys[warp] : mine;
  __syncthreads();
  return mine;
}

template <class T>
struct Row {
  const T* logits;
  int64_t count;
  const int32_t *banned, *banned_end;
  __device__ float raw(int64_t i) const { return to_float(logits[i]); }
  __device__ float operator()(int64_t i) const {
    for (const int32_t* b = banned; b < banned_end; ++b) {
      if (*b == i) return __uint_as_float(0xff800000u);
    }
    return raw(i);
  }
};

// Sum of exp(scale * (value - maximum)) as row_ops.cpp's sum_exp_row adds it: sixteen lanes, then the lanes, then the rest.
template <class Value>
__device__ double sum_in_the_cpus_order(const Value& value, int64_t count, float maximum, float scale, Shared& s) {
  const int64_t whole = count / kSumLanes * kSumLanes;
  double lane = 0;
  for (int64_t first = 0; first < whole; first += kBatch) {
    const int64_t here = whole - first < kBatch ? whole - first : kBatch;
    for (int64_t i = threadIdx.x; i < here; i += kThreads) s.weights[i] = fixed_exp(scale * (value(first + i) - maximum));
    __syncthreads();
    if (threadIdx.x < kSumLanes) {
      for (int64_t i = threadIdx.x; i < here; i += kSumLanes) lane += s.weights[i];
    }
    __syncthreads();
  }
  if (threadIdx.x < kSumLanes) s.sums[threadIdx.x] = lane;
  __syncthreads();
  double sum = 0;
  for (int j = 0; j < kSumLanes; ++j) sum += s.sums[j];
  for (int64_t i = whole; i < count; ++i) sum += fixed_exp(scale * (value(i) - maximum));
  __syncthreads();
  return sum;
}

// The same in the order of the block: for log-probs, where the last bit of a double does not show.
template <class Value>
__device__ double sum_in_block_order(const Value& value, int64_t count, float maximum, float scale, Shared& s) {
  double sum = 0;
  for (int64_t i = threadIdx.x; i < count; i += kThreads) sum += fixed_exp(scale * (value(i) - maximum));
  sum = block_sum(sum, s.sums);
  __syncthreads();
  return sum;
}

__device__ inline float logprob_of(float value, float maximum, float scale, double log_sum) {
  return static_cast<float>(static_cast<double>(scale) * (static_cast<double>(value) - maximum) - log_sum);
}

// s.batch becomes the `wanted` (at most kBatch) largest keys below `below`, sorted from the largest, s.weights their weights.
template <class T>
__device__ void next_batch(const Row<T>& row, Key below, int wanted, float maximum, float scale, Shared& s) {
  // Digit by digit: `prefix` is what the wanted-th largest key begins with.
  Key prefix = 0;
  int shift = 64, left = wanted;
  while (shift > 0) {
    shift -= 8;
    for (unsigned i = threadIdx.x; i < 256; i += kThreads) s.histogram[i] = 0;
    __syncthreads();
    for (int64_t i = threadIdx.x; i < row.count; i += kThreads) {
      const Key key = key_of(row(i), i);
      if (key < below && (shift == 56 || key >> (shift + 8) == prefix)) atomicAdd(&s.histogram[(key >> shift) & 255], 1);
    }
    __syncthreads();
    if (threadIdx.x == 0) {
      int digit = 255, taken = 0;
      while (taken + s.histogram[digit] < left) taken += s.histogram[digit--];
      s.count = left - taken;
      s.stop = s.histogram[digit] == s.count;  // the whole digit is wanted: lower digits do not matter
      s.key = prefix << 8 | static_cast<Key>(digit);
    }
    __syncthreads();
    prefix = s.key;
    left = s.count;
    if (s.stop) break;
  }
  const Key least = prefix << shift;
  __syncthreads();
  if (threadIdx.x == 0) s.count = 0;
  for (int i = static_cast<int>(threadIdx.x); i < kBatch; i += kThreads) s.batch[i] = 0;
  __syncthreads();
  for (int64_t i = threadIdx.x; i < row.count; i += kThreads) {
    const Key key = key_of(row(i), i);
    if (key < below && key >= least) s.batch[atomicAdd(&s.count, 1)] = key;
  }
  __syncthreads();
  // In whatever order they came; sorted, that is forgotten.
  for (int size = 2; size <= kBatch; size *= 2) {
    for (int distance = size / 2; distance > 0; distance /= 2) {
      for (int i = static_cast<int>(threadIdx.x); i < kBatch; i += kThreads) {
        const int other = i ^ distance;
        if (other < i) continue;
        const Key a = s.batch[i], b = s.batch[other];
        if ((a < b) == ((i & size) == 0)) {
          s.batch[i] = b;
          s.batch[other] = a;
        }
      }
      __syncthreads();
    }
  }
  for (int i = static_cast<int>(threadIdx.x); i < kBatch; i += kThreads) s.weights[i] = s.batch[i] ? fixed_exp(scale * (value_of(s.batch[i]) - maximum)) : 0.0f;
  __syncthreads();
}

// The key of the last token that the filters keep; its total weight in `mass`. `whole`: weight of all, for top-p without top-k.
template <class T>
__device__ Key last_kept(const Sampling& a, const Row<T>& row, float maximum, float scale, double whole, double& mass, Shared& s) {
  const int64_t limit = a.top_k > 0 && a.top_k < row.count ? a.top_k : row.count;
  double total = whole;
  // With top-k the nucleus is a share of the k: a first walk for their weight. A batch that is there is not sought again.
  bool batch_is_there = false;
  for (int walk = a.top_p < 1 && a.top_k > 0 ? 0 : 1; walk < 2; ++walk) {
    Key below = ~Key{0}, kept = 0;
    double running = 0, running_at_kept = 0;
    int64_t n = 0, checkpoint = row.count < 256 ? row.count : 256;
    while (n < limit) {
      const int here = static_cast<int>(limit - n < kBatch ? limit - n : kBatch);
      if (!batch_is_there) next_batch(row, below, here, maximum, scale, s);
      batch_is_there = limit <= kBatch;
      if (threadIdx.x == 0) {
        bool stop = false;
        for (int i = 0; i < here && !stop; ++i) {
          if (walk == 1 && a.top_p < 1 && n > 0 && running >= a.top_p * total) {
            stop = true;
            break;
          }
          const float w = s.weights[i];
          running += w;
          ++n;
          if (w >= a.min_p) {  // the first weighs 1
            kept = s.batch[i];
            running_at_kept = running;
          }
          // min-p alone: the CPU looks at ever longer beginnings, and ends at the first whose last token is too unlikely.
          if (a.top_p >= 1 && a.top_k <= 0 && n == checkpoint) {
            stop = w < a.min_p;
            checkpoint = checkpoint * 8 < row.count ? checkpoint * 8 : row.count;
          }
        }
        s.stop = stop;
        s.count = static_cast<int>(n);
        s.key = kept;
        s.number = walk == 0 ? running : running_at_kept;
      }
      __syncthreads();
      n = s.count;
      below = s.batch[here - 1];
      kept = s.key;
      mass = s.number;
      const bool stop = s.stop;
      __syncthreads();
      if (stop) break;
    }
    if (walk == 1) return kept;
    total = mass;
  }
  return 0;
}

template <class T>
__global__ void __launch_bounds__(kThreads) sampling_kernel(Sampling a) {
  __shared__ Shared s;
  const int64_t r = blockIdx.x, V = a.vocabulary;
  Row<T> row = {static_cast<const T*>(a.logits) + r * a.stride, V, nullptr, nullptr};
  if (a.banned_begin) {
    row.banned = a.banned + a.banned_begin[r];
    row.banned_end = a.banned + a.banned_begin[r + 1];
  }
  const auto raw = [&](int64_t i) { return row.raw(i); };
  const bool any_banned = row.banned < row.banned_end;
  Key mine = 0, mine_raw = 0;
  for (int64_t i = threadIdx.x; i < V; i += kThreads) {
    const Key key = key_of(row(i), i), key_raw = any_banned ? key_of(row.raw(i), i) : key;
    mine = key > mine ? key : mine;
    mine_raw = key_raw > mine_raw ? key_raw : mine_raw;
  }
  const Key first = largest_key(mine, s), first_raw = largest_key(mine_raw, s);
  const float maximum = value_of(first), full_maximum = value_of(first_raw);
  const double full_sum = sum_in_block_order(raw, V, full_maximum, 1.0f, s);
  const float scale = a.temperature > 0 ? static_cast<float>(1.0 / a.temperature) : 1.0f;
  const SamplingKey noise = a.keys[r];
  const uint32_t position = a.positions[r];
  int32_t chosen = id_of(first);
  double mass = 1;
  if (a.temperature > 0) {
    Key best = 0;
    if (a.top_k > 0 || a.top_p < 1 || a.min_p > 0) {
      const bool sums_decide = a.top_p < 1 && a.top_k <= 0;
      const double whole = sums_decide ? sum_in_the_cpus_order(row, V, maximum, scale, s) : 0.0;
      const Key least = last_kept(a, row, maximum, scale, whole, mass, s);
      for (int64_t i = threadIdx.x; i < V; i += kThreads) {
        const float value = row(i);
        if (key_of(value, i) < least) continue;
        const Key key = key_of(scale * (value - maximum) + gumbel_of_word(philox(static_cast<uint32_t>(i / 4), position, noise).word(static_cast<unsigned>(i % 4))), i);
        best = key > best ? key : best;
      }
    } else {
      mass = sum_in_block_order(row, V, maximum, scale, s);
      for (int64_t i = 4 * static_cast<int64_t>(threadIdx.x); i < V; i += 4 * kThreads) {
        const Words words = philox(static_cast<uint32_t>(i / 4), position, noise);
#pragma unroll
        for (int j = 0; j < 4; ++j) {
          if (i + j >= V) break;
          const Key key = key_of(scale * (row(i + j) - maximum) + gumbel_of_word(words.at[j]), i + j);
          best = key > best ? key : best;
        }
      }
    }
    chosen = id_of(largest_key(best, s));
  }
  if (threadIdx.x != 0) return;
  a.ids[r] = chosen;
  a.behavior_logprob[r] = a.temperature > 0 ? logprob_of(row(chosen), maximum, scale, log(mass)) : 0.0f;
  a.full_logprob[r] = logprob_of(row.raw(chosen), full_maximum, 1.0f, log(full_sum));
}

}  // namespace

void sample(const Sampling& a, Stream stream) {
  if (a.rows == 0) return;
  with_type(a.dtype, [&]<class T>(T*) { launch("sample", sampling_kernel<T>, dim3(static_cast<unsigned>(a.rows)), kThreads, 0, stream, a); });
}

}  // namespace reprise::kernels::ops::REPRISE_KERNEL_SPACE
