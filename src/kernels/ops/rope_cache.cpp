// Shapes, then the implementation asked for.
#include "kernels/ops/rope_cache.h"

namespace reprise::kernels::ops {
namespace {

constexpr char kName[] = "rope_cache";

}  // namespace

void check(const RopeCache& a) {
  require(a.tokens >= 0 && a.tokens <= INT32_MAX && a.query_heads > 0 && a.key_value_heads > 0 && a.head_dim > 0, kName, "sizes must be positive and tokens below 2^31");
  require(a.head_dim % 2 == 0, kName, "head_dim must be even");
  require(a.stride >= a.query_heads * a.head_dim, kName, "tokens overlap: the stride is smaller than a token's queries");
  require(a.queries && a.keys && a.rotated_queries && a.cosine && a.sine && a.positions && a.num_positions > 0, kName, "a pointer or the tables are missing");
  const bool cached = a.key_cache != nullptr;
  require(cached == (a.value_cache != nullptr) && cached == (a.slots != nullptr) && cached == (a.values != nullptr), kName, "values, slots and both caches come together");
  require(cached || a.rotated_keys, kName, "the rotated keys have nowhere to go");
  require(!cached || (a.num_pages > 0 && a.page_positions > 0), kName, "the cache has no pages");
  require(!cached || !a.back, kName, "gradients do not go to a cache");
}

void rope_cache(const RopeCache& args, const Target& target) {
  check(args);
  if (target.implementation == Implementation::reference) return reference::rope_cache(args);
  require_cuda_build(kName);
#ifdef REPRISE_CUDA
  cuda::rope_cache(args, target.stream);
#endif
}

}  // namespace reprise::kernels::ops
