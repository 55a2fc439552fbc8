// Log-probs of chosen tokens and entropies straight from hidden states, and back, without ever holding the logits: rows go in
// chunks, the vocabulary in tiles, and one tile of logits is all there is. The products are the caller's (cuBLAS on a card);
// between them stand the kernels of token_logprob.h.
//   logits = hidden weight^T
#pragma once

#include <functional>

#include "kernels/ops/token_logprob.h"

namespace reprise::kernels::ops {

// Matrices of the dtype, row-major and dense but for the tile of logits, whose rows are `ld` elements apart.
struct Products {
  // logits[m, n] = a[m, k] b[n, k]^T
  std::function<void(DType, const void* a, const void* b, void* logits, int64_t m, int64_t n, int64_t k, int64_t ld)> logits;
  // sum[m, k] += d[m, n] b[n, k], float32
  std::function<void(DType, const void* d, const void* b, float* sum, int64_t m, int64_t n, int64_t k, int64_t ld)> to_hidden;
  // sum[n, k] += d[m, n]^T a[m, k], float32
  std::function<void(DType, const void* d, const void* a, float* sum, int64_t m, int64_t n, int64_t k, int64_t ld)> to_weight;
};

struct LinearLogprob {
  DType dtype = DType::float32;
  int64_t rows = 0, width = 0, vocabulary = 0;
  int64_t chunk = 1024, tile = 16384;  // rows and columns of the tile of logits; neither changes more than roundings
  const void* hidden = nullptr;        // [rows, width]
  const void* weight = nullptr;        // [vocabulary, width]
  float scale = 1;                     // 1 / temperature
  const int32_t* targets = nullptr;    // [rows]
  void* logits = nullptr;              // [chunk, tile] of scratch
  float* state = nullptr;              // [4, chunk] of scratch
  float* logprob = nullptr;            // [rows]
  float* entropy = nullptr;            // [rows]
  float* log_sum = nullptr;            // [rows]
};

// Back: adds to d_hidden and d_weight (set them to zero first). logprob is not needed.
struct LinearLogprobBackward {
  LinearLogprob forward;             // as it ran, with entropy and log_sum
  const float* d_logprob = nullptr;  // [rows]
  const float* d_entropy = nullptr;  // [rows], or null
  float* d_hidden = nullptr;         // [rows, width]
  float* d_weight = nullptr;         // [vocabulary, width], or null: frozen
};

using TokenLogprobStep = std::function<void(const TokenLogprob&)>;
using TokenLogprobBackwardStep = std::function<void(const TokenLogprobBackward&)>;

void check(const LinearLogprob& args);
void check(const LinearLogprobBackward& args);
void linear_logprob(const LinearLogprob& args, const Products& products, const Target& target);
void linear_logprob_backward(const LinearLogprobBackward& args, const Products& products, const Target& target);
// The same with the step between the products given: for tests of the kernels.
void linear_logprob(const LinearLogprob& args, const Products& products, const TokenLogprobStep& step);
void linear_logprob_backward(const LinearLogprobBackward& args, const Products& products, const TokenLogprobBackwardStep& step);

namespace reference {
// The truth: whole rows of logits in double.
void linear_logprob(const LinearLogprob& args);
void linear_logprob_backward(const LinearLogprobBackward& args);
// Plain loops; sums in double, rounded once a call.
Products products();
}  // namespace reference

}  // namespace reprise::kernels::ops
