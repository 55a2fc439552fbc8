// The decode path on the CPU, written by hand in float32. One forward pass is always `num_rows` token rows (rounded up to
// whole blocks of the matrix kernels), whatever they are (prefill or decode, live or idle): a matrix product then has one shape only, for which a row's bits do not
// depend on the other rows (tests: CpuDecoder.ARowDoesNotDependOnItsNeighbours). Everything that is not a product
// runs row by row in plain loops that vectorise over outputs and never over the summed dimension.
// The plain path it is checked against is model::Transformer.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

#include "model/transformer.h"

namespace reprise::generation {

// Keys and values of `capacity` consecutive positions of one sequence. Keys lie [layer][kv head][head_dim][capacity], so
// that scores run over positions; values [layer][kv head][capacity][head_dim].
struct KvBlock {
  KvBlock(const model::ModelConfig& config, int64_t first_position, int64_t capacity);
  int64_t first_position = 0;
  int64_t capacity = 0;
  std::vector<float> keys, values;
};

// One token to be read: its own key and value go to `block`; it attends to all of `prefix` (when there is one) and to
// the positions of `block` up to its own.
struct TokenRow {
  int32_t id = 0;
  int64_t position = 0;
  KvBlock* block = nullptr;         // null: an idle row
  const KvBlock* prefix = nullptr;  // full
};

class CpuDecoder {
 public:
  // Copies the weights into the layout it wants (q, k and v side by side, gate and up side by side).
  // max_positions: longest sequence that will be read.
  CpuDecoder(const model::Transformer& model, int64_t num_rows, int64_t max_positions);

  int64_t num_rows() const { return num_rows_; }
  int64_t vocab_size() const { return config_.vocab_size; }
  // Reads at most num_rows tokens. Rows of one block must stand in order of position.
  void forward(std::span<const TokenRow> rows);
  // Logits of chosen rows of the last forward, at most num_rows: row i of the result belongs to chosen[i].
  // Valid until the next call. [chosen.size(), V]
  const float* logits(std::span<const int64_t> chosen);

 private:
  struct Layer {
    at::Tensor input_norm, post_norm, qkv_t, qkv_bias, o_t, o_bias, q_norm, k_norm, gate_up_t, gate_up_bias, down_t, down_bias;
  };
  void attention(const Layer& layer, int64_t layer_index, std::span<const TokenRow> rows);

  model::ModelConfig config_;
  int64_t num_rows_;
  at::Tensor embedding_VD_, final_norm_D_, head_t_DV_;
  std::vector<Layer> layers_;
  std::vector<float> cos_, sin_;  // [position][head_dim / 2]
  at::Tensor hidden_MD_, normed_MD_, qkv_MQ_, mixed_MO_, projected_MD_, gate_up_MF_, activated_MF_, chosen_MD_, logits_MV_;
};

}  // namespace reprise::generation
