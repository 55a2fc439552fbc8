// Draws the token that the CPU's sampler (generation/sampler.cpp) draws from the same logits, configuration and noise key:
// Gumbel-max over the same Philox words with the same fixed logarithm and exponential, filters in the same order (top-k,
// top-p, min-p), sums that decide in the same order, ties to the lower id. Log-probs may differ in the last place of a float.
// Logits must not be NaN.
#pragma once

#include "kernels/ops/op.h"

namespace reprise::kernels::ops {

// generation::NoiseKey, as it lies on the card.
struct SamplingKey {
  uint32_t key[2];
  uint32_t upper;
};

struct Sampling {
  DType dtype = DType::float32;
  int64_t rows = 0, vocabulary = 0, stride = 0;  // row r of the logits begins at r * stride elements
  const void* logits = nullptr;
  double temperature = 1;                        // 0: the most likely token, its behavior_logprob 0
  int64_t top_k = 0;                             // 0: all
  double top_p = 1, min_p = 0;
  const SamplingKey* keys = nullptr;             // [rows]
  const uint32_t* positions = nullptr;           // [rows]: of the token in its completion
  const int32_t* banned = nullptr;               // ids that are not drawn, row r's at banned_begin[r] .. banned_begin[r + 1] - 1; a few
  const int32_t* banned_begin = nullptr;         // [rows + 1], or null: none
  int32_t* ids = nullptr;                        // [rows]
  float* behavior_logprob = nullptr;             // [rows]: under what was drawn from
  float* full_logprob = nullptr;                 // [rows]: under the full softmax at temperature 1
};

void check(const Sampling& args);
void sample(const Sampling& args, const Target& target);

namespace reference {
void sample(const Sampling& args);
}
namespace cuda {
void sample(const Sampling& args, Stream stream);
}

}  // namespace reprise::kernels::ops
