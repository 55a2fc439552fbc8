// Rotary positions (Su et al. 2021) on queries and keys as Hugging Face lays the pairs out (i with i + head_dim / 2), and in
// the same pass keys and values into the paged cache. And back: rotated the other way, without a cache.
#pragma once

#include "kernels/ops/op.h"

namespace reprise::kernels::ops {

// The cache of one layer: [pages, key_value_heads, page_positions, head_dim], so that a head's positions of a page lie
// together. A slot is page * page_positions + place in the page.
struct RopeCache {
  DType dtype = DType::float32;
  int64_t tokens = 0, query_heads = 0, key_value_heads = 0, head_dim = 0;
  int64_t stride = 0;                  // token t of queries, keys and values begins at t * stride elements (one fused product: q, k, v side by side)
  const void* queries = nullptr;       // [tokens][query_heads, head_dim]
  const void* keys = nullptr;          // [tokens][key_value_heads, head_dim]
  const void* values = nullptr;        // as keys; null when nothing goes to the cache
  void* rotated_queries = nullptr;     // as queries lie; may be queries itself
  void* rotated_keys = nullptr;        // as keys lie; may be keys itself; null: only to the cache
  const float* cosine = nullptr;       // [num_positions, head_dim / 2]
  const float* sine = nullptr;
  int64_t num_positions = 0;           // of the tables
  const int32_t* positions = nullptr;  // [tokens], each below num_positions (a token whose position is not is left unwritten)
  bool back = false;                   // turn the other way: the gradient
  // The cache; null pointers: none.
  void* key_cache = nullptr;
  void* value_cache = nullptr;
  const int64_t* slots = nullptr;      // [tokens]; a negative one is not written
  int64_t num_pages = 0, page_positions = 0;
};

void check(const RopeCache& args);
void rope_cache(const RopeCache& args, const Target& target);

namespace reference {
void rope_cache(const RopeCache& args);
}
namespace cuda {
void rope_cache(const RopeCache& args, Stream stream);
}

}  // namespace reprise::kernels::ops
