// Chunks of rows outside, tiles of the vocabulary inside: a row's state lives through one chunk.
#include "kernels/ops/linear_logprob.h"

#include <algorithm>

namespace reprise::kernels::ops {
namespace {

constexpr char kForward[] = "linear_logprob", kBackward[] = "linear_logprob_backward";

const void* at(const void* base, int64_t elements, DType type) { return static_cast<const char*>(base) + elements * size_of(type); }

// f(first row, rows, first column, columns)
template <class Function>
void for_tiles(const LinearLogprob& a, Function&& f) {
  for (int64_t row = 0; row < a.rows; row += a.chunk) {
    for (int64_t first = 0; first < a.vocabulary; first += a.tile) f(row, std::min(a.chunk, a.rows - row), first, std::min(a.tile, a.vocabulary - first));
  }
}

}  // namespace

void check(const LinearLogprob& a) {
  require(a.rows >= 0 && a.width > 0 && a.vocabulary > 0 && a.vocabulary <= INT32_MAX && a.chunk > 0 && a.tile > 0, kForward, "sizes must be positive");
  require(a.hidden && a.weight && a.targets && a.logits && a.state && a.logprob && a.entropy && a.log_sum, kForward, "a pointer is missing");
}

void check(const LinearLogprobBackward& a) {
  const LinearLogprob& f = a.forward;
  require(f.rows >= 0 && f.width > 0 && f.vocabulary > 0 && f.vocabulary <= INT32_MAX && f.chunk > 0 && f.tile > 0, kBackward, "sizes must be positive");
  require(f.hidden && f.weight && f.targets && f.logits && f.entropy && f.log_sum && a.d_logprob && a.d_hidden, kBackward, "a pointer is missing");
}

void linear_logprob(const LinearLogprob& a, const Products& products, const TokenLogprobStep& step) {
  for_tiles(a, [&](int64_t row, int64_t rows, int64_t first, int64_t width) {
    products.logits(a.dtype, at(a.hidden, row * a.width, a.dtype), at(a.weight, first * a.width, a.dtype), a.logits, rows, width, a.width, a.tile);
    TokenLogprob one = {.dtype = a.dtype, .rows = rows, .vocabulary = a.vocabulary, .first = first, .width = width, .stride = a.tile, .logits = a.logits, .scale = a.scale, .targets = a.targets + row};
    one.state = {a.state, a.state + a.chunk, a.state + 2 * a.chunk, a.state + 3 * a.chunk};
    one.logprob = a.logprob + row;
    one.entropy = a.entropy + row;
    one.log_sum = a.log_sum + row;
    step(one);
  });
}

void linear_logprob_backward(const LinearLogprobBackward& a, const Products& products, const TokenLogprobBackwardStep& step) {
  const LinearLogprob& f = a.forward;
  for_tiles(f, [&](int64_t row, int64_t rows, int64_t first, int64_t width) {
    const void *hidden = at(f.hidden, row * f.width, f.dtype), *weight = at(f.weight, first * f.width, f.dtype);
    products.logits(f.dtype, hidden, weight, f.logits, rows, width, f.width, f.tile);
    TokenLogprobBackward one = {.dtype = f.dtype, .rows = rows, .vocabulary = f.vocabulary, .first = first, .width = width, .stride = f.tile, .logits = f.logits, .scale = f.scale, .targets = f.targets + row};
    one.log_sum = f.log_sum + row;
    one.entropy = f.entropy + row;
    one.d_logprob = a.d_logprob + row;
    one.d_entropy = a.d_entropy ? a.d_entropy + row : nullptr;
    step(one);
    products.to_hidden(f.dtype, f.logits, weight, a.d_hidden + row * f.width, rows, width, f.width, f.tile);
    if (a.d_weight) products.to_weight(f.dtype, f.logits, hidden, a.d_weight + first * f.width, rows, width, f.width, f.tile);
  });
}

void linear_logprob(const LinearLogprob& args, const Products& products, const Target& target) {
  check(args);
  linear_logprob(args, products, [&](const TokenLogprob& one) { token_logprob(one, target); });
}

void linear_logprob_backward(const LinearLogprobBackward& args, const Products& products, const Target& target) {
  check(args);
  linear_logprob_backward(args, products, [&](const TokenLogprobBackward& one) { token_logprob_backward(one, target); });
}

}  // namespace reprise::kernels::ops
