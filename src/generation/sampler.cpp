// Gumbel-max sampling. Logarithms and exponentials are fixed sequences of float operations (no libm), written without
// branches so that the compiler can put eight or sixteen of them side by side.
#include "generation/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/random.h"
#include "kernels/row_ops.h"

#pragma GCC optimize("O3", "no-trapping-math", "no-math-errno")
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define REPRISE_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define REPRISE_CLONES
#endif
// Header functions (std::bit_cast) would not be inlined under these options: the builtin stands in for it.
#define REPRISE_INLINE inline __attribute__((always_inline))

namespace reprise::generation {
namespace {

constexpr float kLn2 = 0.693147180559945f;

// Natural logarithm of a positive normal float, a few units in the last place: atanh series on [sqrt(1/2), sqrt(2)].
REPRISE_INLINE float log_positive(float x) {
  uint32_t bits = __builtin_bit_cast(uint32_t, x);
  const uint32_t shifted = bits - 0x3f3504f3u;  // sqrt(1/2)
  const int32_t exponent = static_cast<int32_t>(shifted) >> 23;
  bits = bits - (static_cast<uint32_t>(exponent) << 23);
  const float m = __builtin_bit_cast(float, bits);
  const float s = (m - 1.0f) / (m + 1.0f);
  const float z = s * s;
  float p = 2.0f / 11.0f;
  p = p * z + 2.0f / 9.0f;
  p = p * z + 2.0f / 7.0f;
  p = p * z + 2.0f / 5.0f;
  p = p * z + 2.0f / 3.0f;
  return static_cast<float>(exponent) * kLn2 + (2.0f * s + s * z * p);
}

// Gumbel noise is -log(E), E = -log(1 - v), v uniform. Likely winners have a small E, so v keeps all 32 bits near 0,
// where log(1 - v) is taken from v itself and not from a rounded 1 - v.
REPRISE_INLINE float gumbel_of_word(uint32_t word) {
  float v = (static_cast<float>(word) + 0.5f) * 0x1p-32f;
  v = v > 1.0f - 0x1p-24f ? 1.0f - 0x1p-24f : v;
  const float s = v / (2.0f - v);  // log(1 - v) = -2 atanh(s)
  const float z = s * s;
  float p = 2.0f / 11.0f;
  p = p * z + 2.0f / 9.0f;
  p = p * z + 2.0f / 7.0f;
  p = p * z + 2.0f / 5.0f;
  p = p * z + 2.0f / 3.0f;
  const float near_zero = 2.0f * s + s * z * p;
  const float elsewhere = -log_positive(1.0f - v);
  return -log_positive(v < 0.25f ? near_zero : elsewhere);
}

// Philox4x32-10 of counters (first_block + b, position, upper, 0) for 64 blocks at once: words[4 b + j] is word j of block b,
// as base/random.h's philox4x32 gives it.
constexpr size_t kBlocks = 64;
REPRISE_INLINE void philox_blocks(uint32_t first_block, uint32_t position, const NoiseKey& key, uint32_t* words) {
  uint32_t c0[kBlocks], c1[kBlocks], c2[kBlocks], c3[kBlocks];
  for (size_t b = 0; b < kBlocks; ++b) {
    c0[b] = first_block + static_cast<uint32_t>(b);
    c1[b] = position;
    c2[b] = key.upper;
    c3[b] = 0;
  }
  uint32_t k0 = key.key[0], k1 = key.key[1];
  for (int round = 0; round < 10; ++round) {
    for (size_t b = 0; b < kBlocks; ++b) {
      const uint64_t p0 = uint64_t{0xD2511F53u} * c0[b], p1 = uint64_t{0xCD9E8D57u} * c2[b];
      const uint32_t n0 = static_cast<uint32_t>(p1 >> 32) ^ c1[b] ^ k0, n2 = static_cast<uint32_t>(p0 >> 32) ^ c3[b] ^ k1;
      c1[b] = static_cast<uint32_t>(p1);
      c3[b] = static_cast<uint32_t>(p0);
      c0[b] = n0;
      c2[b] = n2;
    }
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  for (size_t b = 0; b < kBlocks; ++b) {
    words[4 * b] = c0[b];
    words[4 * b + 1] = c1[b];
    words[4 * b + 2] = c2[b];
    words[4 * b + 3] = c3[b];
  }
}

// out[i] = scale * (logits[i] - maximum) + noise of id i; vectorised over ids.
REPRISE_CLONES void perturbed(const float* logits, size_t count, float maximum, float scale, const NoiseKey& key, uint32_t position, float* out) {
  constexpr size_t kRun = 4 * kBlocks;
  for (size_t start = 0; start < count; start += kRun) {
    uint32_t words[kRun];
    philox_blocks(static_cast<uint32_t>(start / 4), position, key, words);
    float noise[kRun];
    for (size_t i = 0; i < kRun; ++i) noise[i] = gumbel_of_word(words[i]);
    const size_t here = std::min(kRun, count - start);
    for (size_t i = 0; i < here; ++i) out[start + i] = scale * (logits[start + i] - maximum) + noise[i];
  }
}

// The `count` ids of the largest logits, from the largest down, ties by the lower id.
std::vector<int32_t> ids_by_logit(std::span<const float> logits, size_t count) {
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto more_likely = [&](int32_t a, int32_t b) {
    const float x = logits[static_cast<size_t>(a)], y = logits[static_cast<size_t>(b)];
    return x != y ? x > y : a < b;
  };
  count = std::min(count, order.size());
  if (count < order.size()) std::nth_element(order.begin(), order.begin() + static_cast<int64_t>(count), order.end(), more_likely);
  order.resize(count);
  std::sort(order.begin(), order.end(), more_likely);
  return order;
}

}  // namespace

NoiseKey noise_key(const std::vector<uint64_t>& random_path, uint64_t prompt_number, uint64_t sample_index) {
  uint64_t path_hash = 0;
  for (uint64_t part : random_path) path_hash = RandomStream({path_hash, part}).next_u64();
  RandomStream stream({path_hash, prompt_number, sample_index});
  NoiseKey key;
  key.key[0] = stream.next_u32();
  key.key[1] = stream.next_u32();
  key.upper = stream.next_u32();
  return key;
}

float gumbel_noise(const NoiseKey& key, uint32_t position, uint32_t id) {
  const auto words = philox4x32({id / 4, position, key.upper, 0}, {key.key[0], key.key[1]});
  return gumbel_of_word(words[id % 4]);
}

Draw draw_token(std::span<const float> logits, const SamplingConfig& config, const NoiseKey& key, uint32_t position,
                std::vector<float>& scratch, std::span<const int32_t> banned) {
  const size_t V = logits.size();
  const int64_t count = static_cast<int64_t>(V);
  const kernels::Normaliser full = kernels::normaliser_of(logits.data(), count, 1.0f);
  std::vector<float> allowed;
  if (!banned.empty()) {
    allowed.assign(logits.begin(), logits.end());
    for (int32_t id : banned) {
      if (id >= 0 && id < count) allowed[static_cast<size_t>(id)] = -std::numeric_limits<float>::infinity();
    }
  }
  const std::span<const float> from = banned.empty() ? logits : std::span<const float>(allowed);
  Draw draw;
  if (config.temperature == 0) {
    draw.id = static_cast<int32_t>(kernels::index_of_largest(from.data(), count));
    draw.full_logprob = full.logprob(logits[static_cast<size_t>(draw.id)]);
    return draw;
  }
  const float scale = static_cast<float>(1.0 / config.temperature);
  const bool filtered = config.top_k > 0 || config.top_p < 1 || config.min_p > 0;
  const kernels::Normaliser z = scale == 1.0f && banned.empty() ? full : kernels::normaliser_of(from.data(), count, scale);

  if (!filtered) {
    scratch.resize(V);
    perturbed(from.data(), V, z.maximum, scale, key, position, scratch.data());
    const size_t chosen = static_cast<size_t>(kernels::index_of_largest(scratch.data(), count));
    draw.id = static_cast<int32_t>(chosen);
    draw.behavior_logprob = z.logprob(from[chosen]);
    draw.full_logprob = full.logprob(logits[chosen]);
    return draw;
  }

  // Candidates from the most likely down; ties by the lower id. Filters in vLLM's order: top-k, top-p, min-p. A nucleus is small beside a
  // vocabulary: only so many candidates are put in order as can be needed.
  const double whole = z.sum;  // no libm in what decides: a card draws the same token
  size_t kept = config.top_k > 0 ? std::min<size_t>(V, static_cast<size_t>(config.top_k)) : V;
  size_t ordered = config.top_k > 0 ? kept : std::min<size_t>(V, 256);
  std::vector<int32_t> order;
  std::vector<float> weights;
  for (;; ordered = std::min(V, 8 * ordered)) {
    order = ids_by_logit(from, ordered);
    weights.resize(ordered);
    for (size_t i = 0; i < ordered; ++i) weights[i] = from[static_cast<size_t>(order[i])];
    kernels::exp_row(weights.data(), static_cast<int64_t>(ordered), z.maximum, scale, 1.0f, weights.data());
    kept = ordered;
    if (config.top_p < 1) {
      const double total = config.top_k > 0 ? std::accumulate(weights.begin(), weights.end(), 0.0) : whole;
      double running = 0;
      size_t n = 0;
      while (n < kept && running < config.top_p * total) running += weights[n++];
      const bool reached = running >= config.top_p * total;
      kept = std::max<size_t>(1, n);
      if (!reached && ordered < V && config.top_k <= 0) continue;
    } else if (config.top_k <= 0 && ordered < V && weights[ordered - 1] >= config.min_p * weights[0]) {
      continue;
    }
    break;
  }
  if (config.min_p > 0) {
    while (kept > 1 && weights[kept - 1] < config.min_p * weights[0]) --kept;
  }
  const double total = std::accumulate(weights.begin(), weights.begin() + static_cast<int64_t>(kept), 0.0);
  int32_t chosen = order[0];
  float highest = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < kept; ++i) {
    const int32_t id = order[i];
    const float value = scale * (from[id] - z.maximum) + gumbel_noise(key, position, static_cast<uint32_t>(id));
    if (value > highest || (value == highest && id < chosen)) {
      highest = value;
      chosen = id;
    }
  }
  draw.id = chosen;
  draw.behavior_logprob = kernels::Normaliser{z.maximum, scale, std::log(total)}.logprob(from[chosen]);
  draw.full_logprob = full.logprob(logits[chosen]);
  return draw;
}

std::vector<TokenLogprob> most_likely(std::span<const float> logits, int64_t count) {
  if (count <= 0) return {};
  const kernels::Normaliser full = kernels::normaliser_of(logits.data(), static_cast<int64_t>(logits.size()), 1.0f);
  std::vector<TokenLogprob> out;
  for (const int32_t id : ids_by_logit(logits, static_cast<size_t>(count))) out.push_back({id, full.logprob(logits[static_cast<size_t>(id)])});
  return out;
}

Draw forced_token(std::span<const float> logits, int32_t id) {
  return {.id = id, .behavior_logprob = 0, .full_logprob = kernels::normaliser_of(logits.data(), static_cast<int64_t>(logits.size()), 1.0f).logprob(logits[static_cast<size_t>(id)])};
}

}  // namespace reprise::generation
