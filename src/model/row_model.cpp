// Packing, and the row loops.
#include "model/row_model.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <cstring>

#include "kernels/parallel.h"
#include "kernels/row_ops.h"
#include "model/rope.h"

namespace reprise::model {

using namespace kernels;

float* gradient_of(at::Tensor weight) {
  if (!weight.requires_grad()) return nullptr;
  at::NoGradGuard guard;
  at::Tensor& gradient = weight.mutable_grad();
  if (!gradient.defined()) gradient = at::zeros(weight.sizes(), weight.options().requires_grad(false));
  return gradient.mutable_data_ptr<float>();
}

void add_columns(const float* values, int64_t stride, int64_t rows, int64_t count, float* target) {
  constexpr int64_t kColumns = 64;
  for_rows((count + kColumns - 1) / kColumns, rows * kColumns, [&](int64_t c) {
    const int64_t first = c * kColumns, width = std::min(kColumns, count - first);
    for (int64_t m = 0; m < rows; ++m) add_row(target + first, values + m * stride + first, width);
  });
}

RowLinear::RowLinear(const NamedTensors& weights, const std::vector<std::string>& names) {
  int64_t outputs = 0, inputs = 0;
  for (const std::string& name : names) {
    weights_.push_back(weights.at(name + ".weight"));
    outputs += weights_.back().size(0);
    inputs = weights_.back().size(1);
    const auto bias = weights.find(name + ".bias");
    if (bias == weights.end()) continue;
    biases_.push_back(bias->second);
    const float* values = bias->second.const_data_ptr<float>();
    bias_.insert(bias_.end(), values, values + bias->second.numel());
  }
  packed_ = PackedWeights(outputs, inputs);
  int64_t first = 0;
  for (const at::Tensor& weight : weights_) {
    packed_.set_rows(first, weight.const_data_ptr<float>(), weight.size(0));
    first += weight.size(0);
  }
}

void RowLinear::prepare_backward() {
  transposed_ = PackedWeights(inputs(), outputs());
  int64_t first = 0;
  for (const at::Tensor& weight : weights_) {
    transposed_.set_columns(first, weight.const_data_ptr<float>(), weight.size(0));
    first += weight.size(0);
  }
}

void RowLinear::forward(const float* x, int64_t rows, float* y, bool accumulate, int64_t y_stride) const {
  const int64_t stride = y_stride > 0 ? y_stride : outputs();
  packed_linear(x, inputs(), rows, packed_, y, stride, accumulate);
  if (!bias_.empty()) for_rows(rows, outputs(), [&](int64_t m) { add_row(y + m * stride, bias_.data(), outputs()); });
}

void RowLinear::backward(const float* dy, int64_t dy_stride, int64_t rows, float* dx, bool accumulate) const {
  packed_linear(dy, dy_stride, rows, transposed_, dx, inputs(), accumulate);
}

void RowLinear::add_gradients(const float* dy, int64_t dy_stride, const float* x, int64_t rows) const {
  int64_t first = 0;
  for (size_t i = 0; i < weights_.size(); ++i) {
    const int64_t count = weights_[i].size(0);
    if (float* gradient = gradient_of(weights_[i])) add_weight_gradient(dy + first, dy_stride, x, inputs(), rows, count, inputs(), gradient);
    if (!biases_.empty()) {
      if (float* gradient = gradient_of(biases_[i])) add_columns(dy + first, dy_stride, rows, count, gradient);
    }
    first += count;
  }
}

RowNorm::RowNorm(const NamedTensors& weights, const std::string& name) {
  const auto found = weights.find(name);
  if (found == weights.end()) return;
  weight = found->second;
  const float* first = weight.const_data_ptr<float>();
  values.assign(first, first + weight.numel());
}

void RowNorm::add_gradient(const float* terms, int64_t rows) const {
  const int64_t count = static_cast<int64_t>(values.size());
  if (float* gradient = gradient_of(weight)) add_columns(terms, count, rows, count, gradient);
}

RowModel::RowModel(const ModelConfig& config, const NamedTensors& weights) : config_(config) {
  at::NoGradGuard guard;
  for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
    const std::string prefix = "model.layers." + std::to_string(i) + ".", attention = prefix + "self_attn.", mlp = prefix + "mlp.";
    Layer layer;
    layer.qkv = RowLinear(weights, {attention + "q_proj", attention + "k_proj", attention + "v_proj"});
    layer.o = RowLinear(weights, {attention + "o_proj"});
    layer.gate_up = RowLinear(weights, {mlp + "gate_proj", mlp + "up_proj"});
    layer.down = RowLinear(weights, {mlp + "down_proj"});
    layer.input_norm = RowNorm(weights, prefix + "input_layernorm.weight");
    layer.post_norm = RowNorm(weights, prefix + "post_attention_layernorm.weight");
    layer.q_norm = RowNorm(weights, attention + "q_norm.weight");
    layer.k_norm = RowNorm(weights, attention + "k_norm.weight");
    layers_.push_back(std::move(layer));
  }
  final_norm_ = RowNorm(weights, "model.norm.weight");
  embedding_ = weights.at("model.embed_tokens.weight");
  head_ = RowLinear(weights, {config_.num_labels > 0 ? "score" : config_.tie_word_embeddings ? "model.embed_tokens" : "lm_head"});
  max_positions_ = std::min<int64_t>(config_.max_position_embeddings, 131072);
  rope_table(config_, max_positions_, cosine_, sine_);
}

void RowModel::prepare_backward() {
  if (has_transposes_) return;
  for (Layer& layer : layers_) {
    for (RowLinear* linear : {&layer.qkv, &layer.o, &layer.gate_up, &layer.down}) linear->prepare_backward();
  }
  head_.prepare_backward();
  has_transposes_ = true;
}

void RowModel::embed(int32_t id, float* row) const {
  const int64_t D = config_.hidden_size;
  std::memcpy(row, embedding_.const_data_ptr<float>() + int64_t{id} * D, sizeof(float) * static_cast<size_t>(D));
}

void RowModel::norm(const RowNorm& norm, const float* x, int64_t rows, float* out) const {
  const int64_t D = config_.hidden_size;
  for_rows(rows, 4 * D, [&](int64_t m) { rms_norm_row(x + m * D, norm.values.data(), out + m * D, D, config_.rms_norm_eps); });
}

void RowModel::turn_heads(const Layer& layer, int64_t position, float* row) const {
  const int64_t E = config_.head_dim, H = config_.num_attention_heads, K = config_.num_key_value_heads;
  for (int64_t h = 0; h < H + K; ++h) {
    float* head = row + h * E;
    const RowNorm& norm = h < H ? layer.q_norm : layer.k_norm;
    if (norm) rms_norm_row(head, norm.values.data(), head, E, config_.rms_norm_eps);
    rotate_row(head, cosine(position), sine(position), E / 2);
  }
  scale_row(row, static_cast<float>(1.0 / std::sqrt(static_cast<double>(E))), H * E);
}

void RowModel::turn_heads_back(const Layer& layer, int64_t position, const float* raw, float* gradient, float* q_terms, float* k_terms) const {
  const int64_t E = config_.head_dim, H = config_.num_attention_heads, K = config_.num_key_value_heads;
  scale_row(gradient, static_cast<float>(1.0 / std::sqrt(static_cast<double>(E))), H * E);
  std::vector<float> before;
  for (int64_t h = 0; h < H + K; ++h) {
    float* head = gradient + h * E;
    rotate_row(head, cosine(position), sine(position), E / 2, true);
    const RowNorm& norm = h < H ? layer.q_norm : layer.k_norm;
    if (!norm) continue;
    before.assign(static_cast<size_t>(E), 0.0f);
    rms_norm_backward_row(raw + h * E, norm.values.data(), head, before.data(), h < H ? q_terms + h * E : k_terms + (h - H) * E, E, config_.rms_norm_eps);
    std::memcpy(head, before.data(), sizeof(float) * static_cast<size_t>(E));
  }
}

void RowModel::finish_layer(const Layer& layer, const float* mixed, const float* x, int64_t rows, float* y, float* inner, float* gate_up, float* activated, float* out) const {
  const int64_t D = config_.hidden_size, F = config_.intermediate_size;
  const size_t bytes = sizeof(float) * static_cast<size_t>(rows * D);
  if (y != x) std::memcpy(y, x, bytes);
  layer.o.forward(mixed, rows, y, true);
  norm(layer.post_norm, y, rows, inner);
  layer.gate_up.forward(inner, rows, gate_up);
  for_rows(rows, 16 * F, [&](int64_t m) { silu_product_row(gate_up + m * 2 * F, gate_up + m * 2 * F + F, activated + m * F, F); });
  if (out != y) std::memcpy(out, y, bytes);
  layer.down.forward(activated, rows, out, true);
}

}  // namespace reprise::model
