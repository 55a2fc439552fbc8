// Draws one token from a row of logits, by Gumbel-max on the counter-based stream with our own logarithm and ties to
// the lowest id, so that another device can draw the very same token from the same logits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "generation/completion.h"
#include "generation/sampling_config.h"

namespace reprise::generation {

struct Draw {
  int32_t id = 0;
  float behavior_logprob = 0;  // under the distribution drawn from: temperature, top-k, top-p, min-p applied and renormalised
  float full_logprob = 0;      // under the full softmax at temperature 1
};

// The noise of one sample: a key for (random path, prompt, sample); counters are (position, id / 4).
struct NoiseKey {
  uint32_t key[2] = {0, 0};
  uint32_t upper = 0;
};
NoiseKey noise_key(const std::vector<uint64_t>& random_path, uint64_t prompt_number, uint64_t sample_index);

// The Gumbel noise of a token id at a position of the completion: -log(-log(1 - v)), v uniform in (0, 1) from 32 bits.
float gumbel_noise(const NoiseKey& key, uint32_t position, uint32_t id);

// temperature 0: the most likely token (its behavior_logprob is 0). `banned` ids are not drawn.
Draw draw_token(std::span<const float> logits, const SamplingConfig& config, const NoiseKey& key, uint32_t position,
                std::vector<float>& scratch, std::span<const int32_t> banned = {});
// A token that is put and not drawn: its behavior_logprob is 0.
Draw forced_token(std::span<const float> logits, int32_t id);
// The `count` most likely tokens under the full softmax, from the most likely down, ties by the lower id.
std::vector<TokenLogprob> most_likely(std::span<const float> logits, int64_t count);

}  // namespace reprise::generation
