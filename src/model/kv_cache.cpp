// A dense cache; rows leave by gathering.
#include "model/kv_cache.h"

#include <ATen/ATen.h>

namespace reprise::model {

KvCache::KvCache(const ModelConfig& config, int64_t num_rows, int64_t positions, at::ScalarType dtype, at::Device device)
    : lengths(num_rows, 0), capacity(positions) {
  const auto options = at::TensorOptions().dtype(dtype).device(device);
  for (int64_t i = 0; i < config.num_hidden_layers; ++i) {
    keys_BKCE.push_back(at::zeros({num_rows, config.num_key_value_heads, positions, config.head_dim}, options));
    values_BKCE.push_back(at::zeros({num_rows, config.num_key_value_heads, positions, config.head_dim}, options));
  }
}

void KvCache::select_rows(const std::vector<int64_t>& rows) {
  const at::Tensor index = at::tensor(rows, at::kLong).to(keys_BKCE[0].device());
  std::vector<int64_t> kept;
  for (int64_t row : rows) kept.push_back(lengths[row]);
  lengths = std::move(kept);
  for (auto* side : {&keys_BKCE, &values_BKCE}) {
    for (at::Tensor& block : *side) block = block.index_select(0, index);
  }
}

}  // namespace reprise::model
