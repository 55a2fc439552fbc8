// Shapes, then the implementation asked for.
#include "kernels/ops/decode_attention.h"

namespace reprise::kernels::ops {
namespace {

constexpr char kName[] = "decode_attention";

}  // namespace

// Of each row, head and split: maximum, sum and the unnormalised mixture.
int64_t workspace_floats(const DecodeAttention& a) { return a.rows * a.query_heads * ((a.max_length + kSplit - 1) / kSplit) * (a.head_dim + 2); }

void check(const DecodeAttention& a) {
  require(a.rows >= 0 && a.rows <= INT32_MAX && a.query_heads > 0 && a.query_heads <= 65535 && a.key_value_heads > 0, kName, "sizes must be positive, rows below 2^31 and heads below 2^16");
  require(a.query_heads % a.key_value_heads == 0, kName, "query heads must be a multiple of key/value heads");
  require(a.head_dim == 32 || a.head_dim == 64 || a.head_dim == 128 || a.head_dim == 256, kName, "head_dim must be 32, 64, 128 or 256");
  require(a.query_stride >= a.query_heads * a.head_dim, kName, "rows of queries overlap: the stride is too small");
  require(a.num_pages > 0 && a.page_positions > 0 && a.max_pages > 0 && a.max_length > 0 && a.max_length <= a.max_pages * a.page_positions, kName, "max_length must be positive and fit into a row's pages");
  require(a.max_length <= INT32_MAX && a.page_positions <= INT32_MAX, kName, "positions must stay below 2^31");
  require((a.max_length + kSplit - 1) / kSplit <= 65535, kName, "more than 65535 splits of 256 positions");
  require(a.queries && a.key_cache && a.value_cache && a.pages && a.lengths && a.out && a.workspace, kName, "a pointer is missing");
  for (const void* p : {a.queries, a.key_cache, a.value_cache}) require(lies_on_16_bytes(p, 0, a.dtype), kName, "queries and cache must lie on 16 bytes");
  require(a.query_stride * size_of(a.dtype) % 16 == 0, kName, "rows of queries must lie on 16 bytes");
}

void decode_attention(const DecodeAttention& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::decode_attention(args);
  require_cuda_build(kName);
#ifdef REPRISE_CUDA
  cuda::decode_attention(args, target.stream);
#endif
}

}  // namespace reprise::kernels::ops
