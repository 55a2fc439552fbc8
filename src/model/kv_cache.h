// Keys and values of what each row has read so far, one dense block [L][B, K, capacity, E] per side.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/model_config.h"

namespace reprise::model {

struct KvCache {
  KvCache(const ModelConfig& config, int64_t num_rows, int64_t capacity, at::ScalarType dtype, at::Device device);
  std::vector<at::Tensor> keys_BKCE, values_BKCE;  // one of each per layer
  std::vector<int64_t> lengths;                    // B, on the host
  int64_t capacity = 0;
  // Rows `rows` become the cache's rows 0..n-1 (finished rows leave; a prefix row may repeat).
  void select_rows(const std::vector<int64_t>& rows);
};

}  // namespace reprise::model
