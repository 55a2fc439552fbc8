// A decoder's float32 weights laid out for the CPU path (kernels/packed_linear.h), and the pieces of a layer that sampler
// (generation/cpu_decoder) and trainer (model/row_path) both run, so that a token's log-prob has the same bits in both.
// Everything is a row per token; a row's bits depend on the token, its position and what it attends to alone.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "kernels/packed_linear.h"
#include "model/model_config.h"

namespace reprise::model {

using NamedTensors = std::map<std::string, at::Tensor>;

// y = x W^T + b for one or several matrices side by side. The tensors stay known: gradients are added to their .grad().
class RowLinear {
 public:
  RowLinear() = default;
  // Tensors by name: "<name>.weight" each, and "<name>.bias" where the model has it.
  RowLinear(const NamedTensors& weights, const std::vector<std::string>& names);

  int64_t outputs() const { return packed_.outputs(); }
  int64_t inputs() const { return packed_.inputs(); }
  // With `accumulate`, y += x W^T + b. Rows of y are y_stride apart (0: one after the other).
  void forward(const float* x, int64_t rows, float* y, bool accumulate = false, int64_t y_stride = 0) const;
  // dx (+)= dy W; needs prepare_backward.
  void backward(const float* dy, int64_t dy_stride, int64_t rows, float* dx, bool accumulate = false) const;
  // Adds dy^T x and the column sums of dy to the gradients of the tensors that want one.
  void add_gradients(const float* dy, int64_t dy_stride, const float* x, int64_t rows) const;
  void prepare_backward();

 private:
  kernels::PackedWeights packed_, transposed_;
  std::vector<at::Tensor> weights_, biases_;  // biases_: empty, or one a weight
  std::vector<float> bias_;
};

// A norm's weight. Empty where the model has none.
struct RowNorm {
  RowNorm() = default;
  RowNorm(const NamedTensors& weights, const std::string& name);
  explicit operator bool() const { return !values.empty(); }
  void add_gradient(const float* terms, int64_t rows) const;  // the column sums of [rows, values.size()]
  std::vector<float> values;
  at::Tensor weight;
};

// .grad() of a leaf, made of zeros where it has none; null for a tensor that wants no gradient.
float* gradient_of(at::Tensor weight);
// target[n] += sum over rows of values[row * stride + n], in ascending order.
void add_columns(const float* values, int64_t stride, int64_t rows, int64_t count, float* target);

class RowModel {
 public:
  struct Layer {
    RowLinear qkv, o, gate_up, down;
    RowNorm input_norm, post_norm, q_norm, k_norm;
  };

  // Packs the weights as they stand now; the tensors must be contiguous float32 on the CPU.
  RowModel(const ModelConfig& config, const NamedTensors& weights);
  // Packs transposes too, once.
  void prepare_backward();

  const ModelConfig& config() const { return config_; }
  const std::vector<Layer>& layers() const { return layers_; }
  const RowNorm& final_norm() const { return final_norm_; }
  const RowLinear& head() const { return head_; }  // of the vocabulary, or the score head
  const at::Tensor& embedding() const { return embedding_; }
  // cos and sin of each position below max_positions(), [head_dim / 2].
  const float* cosine(int64_t position) const { return cosine_.data() + position * (config_.head_dim / 2); }
  const float* sine(int64_t position) const { return sine_.data() + position * (config_.head_dim / 2); }
  int64_t max_positions() const { return max_positions_; }

  // Floats of one token's row: queries, keys and values side by side; queries alone.
  int64_t qkv_width() const { return (config_.num_attention_heads + 2 * config_.num_key_value_heads) * config_.head_dim; }
  int64_t query_width() const { return config_.num_attention_heads * config_.head_dim; }

  void embed(int32_t id, float* row) const;
  void norm(const RowNorm& norm, const float* x, int64_t rows, float* out) const;  // of hidden_size
  // Norms (qwen3), rotates and, for queries, scales by 1 / sqrt(head_dim): one token's qkv row, in place.
  void turn_heads(const Layer& layer, int64_t position, float* row) const;
  // The gradient of turn_heads: `gradient` (in place) behind it becomes that before it; raw is the row before it. Norm
  // weights' terms go to q_terms [H * E] and k_terms [K * E] where the layer has norms.
  void turn_heads_back(const Layer& layer, int64_t position, const float* raw, float* gradient, float* q_terms, float* k_terms) const;
  // The second half of a layer, from what attention mixed to the layer's output: y = x + o(mixed), out = y + mlp(norm(y)).
  // x may be y and y may be out. gate_up [rows, 2F] is kept; inner [rows, D] and activated [rows, F] are scratch.
  void finish_layer(const Layer& layer, const float* mixed, const float* x, int64_t rows, float* y, float* inner, float* gate_up, float* activated, float* out) const;

 private:
  ModelConfig config_;
  int64_t max_positions_ = 0;
  std::vector<Layer> layers_;
  RowNorm final_norm_;
  RowLinear head_;
  at::Tensor embedding_;
  std::vector<float> cosine_, sine_;
  bool has_transposes_ = false;
};

}  // namespace reprise::model
