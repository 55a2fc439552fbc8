// Gumbel-max sampling. Logarithms and exponentials are fixed sequences of float operations (no libm), written without
// branches so that the compiler can put eight or sixteen of them side by side.
#include "generation/sampler.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/random.h"

namespace reprise::generation {
namespace {

constexpr float kLn2 = 0.693147180559945f;

// Natural logarithm of a positive normal float, a few units in the last place: atanh series on [sqrt(1/2), sqrt(2)].
inline float log_positive(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  const uint32_t shifted = bits - 0x3f3504f3u;  // sqrt(1/2)
  const int32_t exponent = static_cast<int32_t>(shifted) >> 23;
  bits = bits - (static_cast<uint32_t>(exponent) << 23);
  const float m = std::bit_cast<float>(bits);
  const float s = (m - 1.0f) / (m + 1.0f);
  const float z = s * s;
  float p = 2.0f / 11.0f;
  p = p * z + 2.0f / 9.0f;
  p = p * z + 2.0f / 7.0f;
  p = p * z + 2.0f / 5.0f;
  p = p * z + 2.0f / 3.0f;
  return static_cast<float>(exponent) * kLn2 + (2.0f * s + s * z * p);
}

// e^x for x <= 0 (clamped at -87: smaller is as good as nothing).
inline float exp_negative(float x) {
  x = x < -87.0f ? -87.0f : x;
  const float scaled = x * 1.44269504f;
  const int32_t k = static_cast<int32_t>(scaled - 0.5f);
  const float r = (x - static_cast<float>(k) * 0.693359375f) - static_cast<float>(k) * -2.12194440e-4f;
  float p = 1.0f / 5040.0f;
  p = p * r + 1.0f / 720.0f;
  p = p * r + 1.0f / 120.0f;
  p = p * r + 1.0f / 24.0f;
  p = p * r + 1.0f / 6.0f;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  return p * std::bit_cast<float>(static_cast<uint32_t>(k + 127) << 23);
}

// Gumbel noise is -log(E), E = -log(1 - v), v uniform. Likely winners have a small E, so v keeps all 32 bits near 0,
// where log(1 - v) is taken from v itself and not from a rounded 1 - v.
inline float gumbel_of_word(uint32_t word) {
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

// log of sum of exp(scale * (x - maximum)), in double, fixed order.
double log_sum_exp(std::span<const float> values, float maximum, float scale) {
  double lanes[8] = {};
  size_t i = 0;
  for (; i + 8 <= values.size(); i += 8) {
    float e[8];
    for (int j = 0; j < 8; ++j) e[j] = exp_negative(scale * (values[i + j] - maximum));
    for (int j = 0; j < 8; ++j) lanes[j] += e[j];
  }
  for (; i < values.size(); ++i) lanes[0] += exp_negative(scale * (values[i] - maximum));
  double sum = 0;
  for (double lane : lanes) sum += lane;
  return std::log(sum);
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
                std::vector<float>& scratch) {
  const size_t V = logits.size();
  size_t best = 0;
  for (size_t i = 1; i < V; ++i) {
    if (logits[i] > logits[best]) best = i;
  }
  const float maximum = logits[best];
  const double full_normaliser = log_sum_exp(logits, maximum, 1.0f);
  Draw draw;
  if (config.temperature == 0) {
    draw.id = static_cast<int32_t>(best);
    draw.full_logprob = static_cast<float>(-full_normaliser);
    return draw;
  }
  const float scale = static_cast<float>(1.0 / config.temperature);
  const bool filtered = config.top_k > 0 || config.top_p < 1 || config.min_p > 0;

  if (!filtered) {
    scratch.resize((V + 3) / 4 * 4);
    for (size_t block = 0; block < scratch.size() / 4; ++block) {
      const auto words = philox4x32({static_cast<uint32_t>(block), position, key.upper, 0}, {key.key[0], key.key[1]});
      for (int j = 0; j < 4; ++j) scratch[4 * block + j] = gumbel_of_word(words[j]);
    }
    size_t chosen = 0;
    float highest = -std::numeric_limits<float>::infinity();
    for (size_t i = 0; i < V; ++i) {
      const float value = scale * (logits[i] - maximum) + scratch[i];
      if (value > highest) {
        highest = value;
        chosen = i;
      }
    }
    draw.id = static_cast<int32_t>(chosen);
    const double normaliser = scale == 1.0f ? full_normaliser : log_sum_exp(logits, maximum, scale);
    draw.behavior_logprob = static_cast<float>(double{scale} * (double{logits[chosen]} - maximum) - normaliser);
    draw.full_logprob = static_cast<float>((double{logits[chosen]} - maximum) - full_normaliser);
    return draw;
  }

  // Candidates from the most likely down; ties by the lower id. Filters in vLLM's order: top-k, top-p, min-p.
  std::vector<int32_t> order(V);
  std::iota(order.begin(), order.end(), 0);
  const auto more_likely = [&](int32_t a, int32_t b) { return logits[a] != logits[b] ? logits[a] > logits[b] : a < b; };
  size_t kept = config.top_k > 0 ? std::min<size_t>(V, static_cast<size_t>(config.top_k)) : V;
  if (kept < V) {
    std::partial_sort(order.begin(), order.begin() + kept, order.end(), more_likely);
  } else {
    std::sort(order.begin(), order.end(), more_likely);
  }
  std::vector<double> weights(kept);
  double total = 0;
  for (size_t i = 0; i < kept; ++i) total += weights[i] = exp_negative(scale * (logits[order[i]] - maximum));
  if (config.top_p < 1) {
    double running = 0;
    size_t n = 0;
    while (n < kept) {
      running += weights[n++];
      if (running >= config.top_p * total) break;
    }
    kept = std::max<size_t>(1, n);
  }
  if (config.min_p > 0) {
    while (kept > 1 && weights[kept - 1] < config.min_p * weights[0]) --kept;
  }
  total = 0;
  for (size_t i = 0; i < kept; ++i) total += weights[i];
  int32_t chosen = order[0];
  float highest = -std::numeric_limits<float>::infinity();
  for (size_t i = 0; i < kept; ++i) {
    const int32_t id = order[i];
    const float value = scale * (logits[id] - maximum) + gumbel_noise(key, position, static_cast<uint32_t>(id));
    if (value > highest || (value == highest && id < chosen)) {
      highest = value;
      chosen = id;
    }
  }
  draw.id = chosen;
  draw.behavior_logprob = static_cast<float>(double{scale} * (double{logits[chosen]} - maximum) - std::log(total));
  draw.full_logprob = static_cast<float>((double{logits[chosen]} - maximum) - full_normaliser);
  return draw;
}

}  // namespace reprise::generation
