// Fixed-shape products by LibTorch, the rest by hand.
#include "generation/cpu_decoder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <cstring>

#include "generation/row_ops.h"
#include "model/rope.h"

namespace reprise::generation {
namespace {

// A product's last rows go through another kernel when their number is not a multiple of its block (4 to 16 rows,
// depending on the library and the CPU): then a row's bits would depend on its place.
constexpr int64_t kRowBlock = 16;

at::Tensor joined(std::initializer_list<at::Tensor> parts) { return at::cat(at::TensorList(parts), 0).contiguous(); }

}  // namespace

KvBlock::KvBlock(const model::ModelConfig& config, int64_t first, int64_t positions)
    : first_position(first), capacity(positions) {
  const int64_t size = config.num_hidden_layers * config.num_key_value_heads * config.head_dim * positions;
  keys.resize(size);
  values.resize(size);
}

CpuDecoder::CpuDecoder(const model::Transformer& model, int64_t num_rows, int64_t max_positions)
    : config_(model.config()), num_rows_(num_rows) {
  at::NoGradGuard guard;
  const auto weight = [&](const std::string& name) {
    return model.weights().at(name).detach().to(at::kFloat).contiguous();
  };
  const auto optional_weight = [&](const std::string& name) {
    const auto found = model.weights().find(name);
    return found == model.weights().end() ? at::Tensor() : found->second.detach().to(at::kFloat).contiguous();
  };
  embedding_VD_ = weight("model.embed_tokens.weight");
  final_norm_D_ = weight("model.norm.weight");
  head_t_DV_ = (config_.tie_word_embeddings ? embedding_VD_ : weight("lm_head.weight")).t();
  for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
    const std::string prefix = "model.layers." + std::to_string(i) + ".";
    const std::string attention = prefix + "self_attn.", mlp = prefix + "mlp.";
    Layer layer;
    layer.input_norm = weight(prefix + "input_layernorm.weight");
    layer.post_norm = weight(prefix + "post_attention_layernorm.weight");
    layer.qkv_t = joined({weight(attention + "q_proj.weight"), weight(attention + "k_proj.weight"), weight(attention + "v_proj.weight")}).t();
    if (optional_weight(attention + "q_proj.bias").defined()) {
      layer.qkv_bias = joined({weight(attention + "q_proj.bias"), weight(attention + "k_proj.bias"), weight(attention + "v_proj.bias")});
    }
    layer.o_t = weight(attention + "o_proj.weight").t();
    layer.o_bias = optional_weight(attention + "o_proj.bias");
    layer.q_norm = optional_weight(attention + "q_norm.weight");
    layer.k_norm = optional_weight(attention + "k_norm.weight");
    layer.gate_up_t = joined({weight(mlp + "gate_proj.weight"), weight(mlp + "up_proj.weight")}).t();
    if (optional_weight(mlp + "gate_proj.bias").defined()) {
      layer.gate_up_bias = joined({weight(mlp + "gate_proj.bias"), weight(mlp + "up_proj.bias")});
    }
    layer.down_t = weight(mlp + "down_proj.weight").t();
    layer.down_bias = optional_weight(mlp + "down_proj.bias");
    layers_.push_back(std::move(layer));
  }
  model::rope_table(config_, max_positions, cos_, sin_);

  const int64_t M = (num_rows_ + kRowBlock - 1) / kRowBlock * kRowBlock, E = config_.head_dim;
  const auto buffer = [&](int64_t width) { return at::zeros({M, width}, at::kFloat); };
  hidden_MD_ = buffer(config_.hidden_size);
  normed_MD_ = buffer(config_.hidden_size);
  qkv_MQ_ = buffer((config_.num_attention_heads + 2 * config_.num_key_value_heads) * E);
  mixed_MO_ = buffer(config_.num_attention_heads * E);
  projected_MD_ = buffer(config_.hidden_size);
  gate_up_MF_ = buffer(2 * config_.intermediate_size);
  activated_MF_ = buffer(config_.intermediate_size);
  chosen_MD_ = buffer(config_.hidden_size);
  logits_MV_ = buffer(config_.vocab_size);
}

void CpuDecoder::attention(const Layer& layer, int64_t layer_index, std::span<const TokenRow> rows) {
  const int64_t E = config_.head_dim, H = config_.num_attention_heads, K = config_.num_key_value_heads;
  const int64_t width = (H + 2 * K) * E, half = E / 2;
  float* qkv = qkv_MQ_.data_ptr<float>();
  float* mixed = mixed_MO_.data_ptr<float>();
  const float* bias = layer.qkv_bias.defined() ? layer.qkv_bias.const_data_ptr<float>() : nullptr;
  const float* q_norm = layer.q_norm.defined() ? layer.q_norm.const_data_ptr<float>() : nullptr;
  const float* k_norm = layer.k_norm.defined() ? layer.k_norm.const_data_ptr<float>() : nullptr;

  // Biases, norms, rotation; keys and values to their places. Must end for all rows before any attends.
  for (size_t m = 0; m < rows.size(); ++m) {
    if (!rows[m].block) continue;
    float* row = qkv + static_cast<int64_t>(m) * width;
    if (bias) add_row(row, bias, width);
    const float* cosine = cos_.data() + rows[m].position * half;
    const float* sine = sin_.data() + rows[m].position * half;
    for (int64_t h = 0; h < H + K; ++h) {
      float* head = row + h * E;
      const float* norm = h < H ? q_norm : k_norm;
      if (norm) rms_norm_row(head, norm, head, E, config_.rms_norm_eps);
      rotate_row(head, cosine, sine, half);
    }
    KvBlock& block = *rows[m].block;
    const int64_t slot = rows[m].position - block.first_position;
    for (int64_t k = 0; k < K; ++k) {
      const int64_t base = (layer_index * K + k) * E * block.capacity;
      for (int64_t e = 0; e < E; ++e) block.keys[base + e * block.capacity + slot] = row[(H + k) * E + e];
      std::memcpy(block.values.data() + base + slot * E, row + (H + K + k) * E, sizeof(float) * E);
    }
  }

  const float scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(E)));
  const int64_t group = H / K;
  at::parallel_for(0, static_cast<int64_t>(rows.size()) * H, std::max<int64_t>(1, 256 / E), [&](int64_t begin, int64_t end) {
    std::vector<float> scores;
    for (int64_t index = begin; index < end; ++index) {
      const int64_t m = index / H, h = index % H;
      if (!rows[m].block) continue;
      const KvBlock* parts[2] = {rows[m].prefix, rows[m].block};
      const int64_t counts[2] = {rows[m].prefix ? rows[m].prefix->capacity : 0,
                                 rows[m].position - rows[m].block->first_position + 1};
      scores.assign(counts[0] + counts[1], 0.0f);
      const float* query = qkv + m * width + h * E;
      float* out = scores.data();
      for (int part = 0; part < 2; ++part) {
        if (counts[part] == 0) continue;
        const int64_t base = (layer_index * K + h / group) * E * parts[part]->capacity;
        score_positions(query, parts[part]->keys.data() + base, parts[part]->capacity, counts[part], E, scale, out);
        out += counts[part];
      }
      softmax_row(scores.data(), static_cast<int64_t>(scores.size()));
      float* result = mixed + m * H * E + h * E;
      std::fill_n(result, E, 0.0f);
      const float* weights = scores.data();
      for (int part = 0; part < 2; ++part) {
        if (counts[part] == 0) continue;
        const int64_t base = (layer_index * K + h / group) * E * parts[part]->capacity;
        mix_values(weights, parts[part]->values.data() + base, counts[part], E, result);
        weights += counts[part];
      }
    }
  });
}

void CpuDecoder::forward(std::span<const TokenRow> rows) {
  at::NoGradGuard guard;
  const int64_t D = config_.hidden_size, F = config_.intermediate_size;
  const double eps = config_.rms_norm_eps;
  float* hidden = hidden_MD_.data_ptr<float>();
  float* normed = normed_MD_.data_ptr<float>();
  float* projected = projected_MD_.data_ptr<float>();
  const float* embedding = embedding_VD_.const_data_ptr<float>();
  const int64_t live = static_cast<int64_t>(rows.size());
  for (int64_t m = 0; m < live; ++m) std::memcpy(hidden + m * D, embedding + int64_t{rows[m].id} * D, sizeof(float) * D);

  const auto norm_all = [&](const at::Tensor& weight) {
    const float* w = weight.const_data_ptr<float>();
    for (int64_t m = 0; m < live; ++m) rms_norm_row(hidden + m * D, w, normed + m * D, D, eps);
  };
  const auto add_projected = [&](const at::Tensor& bias) {
    for (int64_t m = 0; m < live; ++m) {
      if (bias.defined()) add_row(projected + m * D, bias.const_data_ptr<float>(), D);
      add_row(hidden + m * D, projected + m * D, D);
    }
  };
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    norm_all(layer.input_norm);
    at::mm_out(qkv_MQ_, normed_MD_, layer.qkv_t);
    attention(layer, static_cast<int64_t>(i), rows);
    at::mm_out(projected_MD_, mixed_MO_, layer.o_t);
    add_projected(layer.o_bias);
    norm_all(layer.post_norm);
    at::mm_out(gate_up_MF_, normed_MD_, layer.gate_up_t);
    float* gate_up = gate_up_MF_.data_ptr<float>();
    float* activated = activated_MF_.data_ptr<float>();
    const float* bias = layer.gate_up_bias.defined() ? layer.gate_up_bias.const_data_ptr<float>() : nullptr;
    at::parallel_for(0, live, std::max<int64_t>(1, 16384 / F), [&](int64_t begin, int64_t end) {
      for (int64_t m = begin; m < end; ++m) {
        if (bias) add_row(gate_up + m * 2 * F, bias, 2 * F);
        silu_product_row(gate_up + m * 2 * F, gate_up + m * 2 * F + F, activated + m * F, F);
      }
    });
    at::mm_out(projected_MD_, activated_MF_, layer.down_t);
    add_projected(layer.down_bias);
  }
}

const float* CpuDecoder::logits(std::span<const int64_t> chosen) {
  at::NoGradGuard guard;
  const int64_t D = config_.hidden_size;
  const float* hidden = hidden_MD_.const_data_ptr<float>();
  float* out = chosen_MD_.data_ptr<float>();
  for (size_t i = 0; i < chosen.size(); ++i) {
    rms_norm_row(hidden + chosen[i] * D, final_norm_D_.const_data_ptr<float>(), out + static_cast<int64_t>(i) * D, D, config_.rms_norm_eps);
  }
  at::mm_out(logits_MV_, chosen_MD_, head_t_DV_);
  return logits_MV_.const_data_ptr<float>();
}

}  // namespace reprise::generation
