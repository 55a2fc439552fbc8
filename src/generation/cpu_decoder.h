// The decode path on the CPU, written by hand in float32: weights packed once (kernels/packed_linear.h), everything else row
// by row in plain loops (kernels/row_ops.h) that vectorise over outputs and never over the summed dimension. A row's bits
// depend on the token, its position and what it attends to, not on the other rows or how many there are (tests:
// GenerationEngine.ACompletionDoesNotDependOnItsNeighbours). The plain path it is checked against is model::Transformer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "kernels/packed_linear.h"
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
  KvBlock* block = nullptr;
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
  using Row = std::vector<float>;  // empty: the model has none
  struct Layer {
    kernels::PackedWeights qkv, o, gate_up, down;
    Row input_norm, post_norm, qkv_bias, o_bias, q_norm, k_norm, gate_up_bias, down_bias;
  };
  void place_keys_and_values(const Layer& layer, int64_t layer_index, std::span<const TokenRow> rows);
  void attend(int64_t layer_index, std::span<const TokenRow> rows);

  model::ModelConfig config_;
  int64_t num_rows_;
  Row embedding_VD_, final_norm_D_;
  kernels::PackedWeights head_;
  std::vector<Layer> layers_;
  std::vector<float> cos_, sin_;  // [position][head_dim / 2]
  // One row a token.
  std::vector<float> hidden_MD_, normed_MD_, qkv_MQ_, mixed_MO_, projected_MD_, gate_up_MF_, activated_MF_, chosen_MD_, logits_MV_;
};

}  // namespace reprise::generation
