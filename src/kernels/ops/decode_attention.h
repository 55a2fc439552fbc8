// Attention of one new token a row over the paged cache, heads of queries sharing heads of keys (GQA). Positions are cut into
// splits of kSplit whatever the row's length and its neighbours, splits are merged in ascending order: a row's bits depend on
// the row alone. Splits run side by side, so that a few long rows fill a card, too.
//   out = softmax(scale * q k^T) v over the row's `lengths` positions
#pragma once

#include "kernels/ops/op.h"

namespace reprise::kernels::ops {

constexpr int64_t kSplit = 256;  // positions

struct DecodeAttention {
  DType dtype = DType::float32;
  int64_t rows = 0, query_heads = 0, key_value_heads = 0, head_dim = 0;  // head_dim 32, 64, 128 or 256
  float scale = 1;                    // 1 / sqrt(head_dim)
  const void* queries = nullptr;      // row r at r * query_stride elements: [query_heads, head_dim], rotated
  int64_t query_stride = 0;
  const void* key_cache = nullptr;    // [pages, key_value_heads, page_positions, head_dim] (kernels/ops/rope_cache.h)
  const void* value_cache = nullptr;
  int64_t num_pages = 0, page_positions = 0;
  const int32_t* pages = nullptr;     // [rows, max_pages]: the row's pages in order; rows of a group share those of their prefix
  int64_t max_pages = 0;
  const int32_t* lengths = nullptr;   // [rows]: positions to attend to, the new token's included; 0 gives zeros
  int64_t max_length = 0;             // at least every length, at most max_pages * page_positions: what the launch is sized for
  void* out = nullptr;                // [rows, query_heads, head_dim]
  float* workspace = nullptr;         // workspace_floats() of them
};
int64_t workspace_floats(const DecodeAttention& args);

void check(const DecodeAttention& args);
void decode_attention(const DecodeAttention& args, const Target& target);

namespace reference {
void decode_attention(const DecodeAttention& args);
}
namespace cuda {
void decode_attention(const DecodeAttention& args, Stream stream);
}

}  // namespace reprise::kernels::ops
