// Log-prob of a chosen token and entropy of each row, from logits that are seen in tiles of the vocabulary and never held
// whole; and the gradient, written over the tile's logits. kernels/ops/linear_logprob.h drives it with the products.
//   x = logits * scale      log_sum = log sum exp(x)      logprob = x[target] - log_sum      entropy = -sum p log p
//   d logits = scale * (d_logprob * (1[target] - p) - d_entropy * p * (log p + entropy))
#pragma once

#include "kernels/ops/op.h"

namespace reprise::kernels::ops {

// What is known of the rows after the tiles so far: maximum, sum of e^(x - maximum), sum of e^(x - maximum) (x - maximum),
// and x of the target. Arrays of [rows]; the first tile sets them.
struct LogprobState {
  float* maximum = nullptr;
  float* sum = nullptr;
  float* moment = nullptr;
  float* chosen = nullptr;
};

// One tile: columns first .. first + width - 1 of `vocabulary`. Tiles come in ascending order, each once; the last one
// writes the results.
struct TokenLogprob {
  DType dtype = DType::float32;
  int64_t rows = 0, vocabulary = 0, first = 0, width = 0, stride = 0;  // row r of the tile begins at r * stride elements
  const void* logits = nullptr;
  float scale = 1;                   // 1 / temperature
  const int32_t* targets = nullptr;  // [rows]; one outside of the vocabulary gives NaN
  LogprobState state;
  float* logprob = nullptr;          // [rows]
  float* entropy = nullptr;          // [rows]
  float* log_sum = nullptr;          // [rows], for the backward pass
};

struct TokenLogprobBackward {
  DType dtype = DType::float32;
  int64_t rows = 0, vocabulary = 0, first = 0, width = 0, stride = 0;
  void* logits = nullptr;            // in: the same logits; out: their gradient
  float scale = 1;
  const int32_t* targets = nullptr;
  const float* log_sum = nullptr;
  const float* entropy = nullptr;    // needed where d_entropy is given
  const float* d_logprob = nullptr;  // [rows]
  const float* d_entropy = nullptr;  // [rows], or null
};

void check(const TokenLogprob& args);
void check(const TokenLogprobBackward& args);
void token_logprob(const TokenLogprob& args, const Target& target);
void token_logprob_backward(const TokenLogprobBackward& args, const Target& target);

namespace reference {
void token_logprob(const TokenLogprob& args);
void token_logprob_backward(const TokenLogprobBackward& args);
}  // namespace reference
namespace cuda {
void token_logprob(const TokenLogprob& args, Stream stream);
void token_logprob_backward(const TokenLogprobBackward& args, Stream stream);
}  // namespace cuda

}  // namespace reprise::kernels::ops
