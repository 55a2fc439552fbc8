// Packed products and row loops, each shared among the threads.
#include "generation/cpu_decoder.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <cstring>

#include "kernels/row_ops.h"
#include "model/rope.h"

namespace reprise::generation {
namespace {

using namespace kernels;

// Rows [0, count) among the threads; `work` is about how many operations one row takes.
template <class Function>
void for_rows(int64_t count, int64_t work, Function&& row) {
  at::parallel_for(0, count, std::max<int64_t>(1, 32768 / std::max<int64_t>(1, work)), [&](int64_t begin, int64_t end) {
    for (int64_t m = begin; m < end; ++m) row(m);
  });
}

// Matrices [n, K] one below the other.
PackedWeights packed(std::initializer_list<at::Tensor> parts) {
  int64_t outputs = 0, inputs = 0;
  for (const at::Tensor& part : parts) {
    outputs += part.size(0);
    inputs = part.size(1);
  }
  PackedWeights weights(outputs, inputs);
  int64_t first = 0;
  for (const at::Tensor& part : parts) {
    weights.set_rows(first, part.const_data_ptr<float>(), part.size(0));
    first += part.size(0);
  }
  return weights;
}

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
  const auto weight = [&](const std::string& name) { return model.weights().at(name).detach().to(at::kFloat).contiguous(); };
  const auto row = [&](std::initializer_list<std::string> names) {
    Row values;
    for (const std::string& name : names) {
      if (!model.weights().contains(name)) return Row();
      const at::Tensor part = weight(name);
      values.insert(values.end(), part.const_data_ptr<float>(), part.const_data_ptr<float>() + part.numel());
    }
    return values;
  };
  embedding_VD_ = row({"model.embed_tokens.weight"});
  final_norm_D_ = row({"model.norm.weight"});
  head_ = packed({weight(config_.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight")});
  for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
    const std::string prefix = "model.layers." + std::to_string(i) + ".", attention = prefix + "self_attn.", mlp = prefix + "mlp.";
    Layer layer;
    layer.input_norm = row({prefix + "input_layernorm.weight"});
    layer.post_norm = row({prefix + "post_attention_layernorm.weight"});
    layer.qkv = packed({weight(attention + "q_proj.weight"), weight(attention + "k_proj.weight"), weight(attention + "v_proj.weight")});
    layer.qkv_bias = row({attention + "q_proj.bias", attention + "k_proj.bias", attention + "v_proj.bias"});
    layer.o = packed({weight(attention + "o_proj.weight")});
    layer.o_bias = row({attention + "o_proj.bias"});
    layer.q_norm = row({attention + "q_norm.weight"});
    layer.k_norm = row({attention + "k_norm.weight"});
    layer.gate_up = packed({weight(mlp + "gate_proj.weight"), weight(mlp + "up_proj.weight")});
    layer.gate_up_bias = row({mlp + "gate_proj.bias", mlp + "up_proj.bias"});
    layer.down = packed({weight(mlp + "down_proj.weight")});
    layer.down_bias = row({mlp + "down_proj.bias"});
    layers_.push_back(std::move(layer));
  }
  model::rope_table(config_, max_positions, cos_, sin_);

  const int64_t E = config_.head_dim;
  const auto buffer = [&](int64_t width) { return Row(static_cast<size_t>(num_rows_ * width)); };
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

// Biases, norms, rotation; keys and values to their places. Must end for all rows before any attends.
void CpuDecoder::place_keys_and_values(const Layer& layer, int64_t layer_index, std::span<const TokenRow> rows) {
  const int64_t E = config_.head_dim, H = config_.num_attention_heads, K = config_.num_key_value_heads;
  const int64_t width = (H + 2 * K) * E, half = E / 2;
  for_rows(static_cast<int64_t>(rows.size()), width * 4, [&](int64_t m) {
    float* row = qkv_MQ_.data() + m * width;
    if (!layer.qkv_bias.empty()) add_row(row, layer.qkv_bias.data(), width);
    const float* cosine = cos_.data() + rows[m].position * half;
    const float* sine = sin_.data() + rows[m].position * half;
    for (int64_t h = 0; h < H + K; ++h) {
      float* head = row + h * E;
      const Row& norm = h < H ? layer.q_norm : layer.k_norm;
      if (!norm.empty()) rms_norm_row(head, norm.data(), head, E, config_.rms_norm_eps);
      rotate_row(head, cosine, sine, half);
    }
    KvBlock& block = *rows[m].block;
    const int64_t slot = rows[m].position - block.first_position;
    for (int64_t k = 0; k < K; ++k) {
      const int64_t base = (layer_index * K + k) * E * block.capacity;
      for (int64_t e = 0; e < E; ++e) block.keys[base + e * block.capacity + slot] = row[(H + k) * E + e];
      std::memcpy(block.values.data() + base + slot * E, row + (H + K + k) * E, sizeof(float) * static_cast<size_t>(E));
    }
  });
}

void CpuDecoder::attend(int64_t layer_index, std::span<const TokenRow> rows) {
  const int64_t E = config_.head_dim, H = config_.num_attention_heads, K = config_.num_key_value_heads;
  const int64_t width = (H + 2 * K) * E, group = H / K;
  const float scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(E)));
  at::parallel_for(0, static_cast<int64_t>(rows.size()) * H, std::max<int64_t>(1, 256 / E), [&](int64_t begin, int64_t end) {
    std::vector<float> scores;
    for (int64_t index = begin; index < end; ++index) {
      const int64_t m = index / H, h = index % H;
      const KvBlock* parts[2] = {rows[m].prefix, rows[m].block};
      const int64_t counts[2] = {rows[m].prefix ? rows[m].prefix->capacity : 0,
                                 rows[m].position - rows[m].block->first_position + 1};
      scores.resize(static_cast<size_t>(counts[0] + counts[1]));
      const float* query = qkv_MQ_.data() + m * width + h * E;
      float* out = scores.data();
      for (int part = 0; part < 2; ++part) {
        if (counts[part] == 0) continue;
        const int64_t base = (layer_index * K + h / group) * E * parts[part]->capacity;
        score_positions(query, parts[part]->keys.data() + base, parts[part]->capacity, counts[part], E, scale, out);
        out += counts[part];
      }
      softmax_row(scores.data(), static_cast<int64_t>(scores.size()));
      float* result = mixed_MO_.data() + m * H * E + h * E;
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
  const int64_t D = config_.hidden_size, F = config_.intermediate_size, live = static_cast<int64_t>(rows.size());
  const int64_t O = config_.num_attention_heads * config_.head_dim, Q = O + 2 * config_.num_key_value_heads * config_.head_dim;
  float *hidden = hidden_MD_.data(), *normed = normed_MD_.data(), *projected = projected_MD_.data();
  for_rows(live, D, [&](int64_t m) { std::memcpy(hidden + m * D, embedding_VD_.data() + int64_t{rows[m].id} * D, sizeof(float) * static_cast<size_t>(D)); });
  const auto norm_into = [&](const Row& weight) {
    for_rows(live, 3 * D, [&](int64_t m) { rms_norm_row(hidden + m * D, weight.data(), normed + m * D, D, config_.rms_norm_eps); });
  };
  const auto add_projected = [&](const Row& bias) {
    for_rows(live, 2 * D, [&](int64_t m) {
      if (!bias.empty()) add_row(projected + m * D, bias.data(), D);
      add_row(hidden + m * D, projected + m * D, D);
    });
  };
  for (size_t i = 0; i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    norm_into(layer.input_norm);
    packed_linear(normed, D, live, layer.qkv, qkv_MQ_.data(), Q);
    place_keys_and_values(layer, static_cast<int64_t>(i), rows);
    attend(static_cast<int64_t>(i), rows);
    packed_linear(mixed_MO_.data(), O, live, layer.o, projected, D);
    add_projected(layer.o_bias);
    norm_into(layer.post_norm);
    packed_linear(normed, D, live, layer.gate_up, gate_up_MF_.data(), 2 * F);
    for_rows(live, 16 * F, [&](int64_t m) {
      float* gate_up = gate_up_MF_.data() + m * 2 * F;
      if (!layer.gate_up_bias.empty()) add_row(gate_up, layer.gate_up_bias.data(), 2 * F);
      silu_product_row(gate_up, gate_up + F, activated_MF_.data() + m * F, F);
    });
    packed_linear(activated_MF_.data(), F, live, layer.down, projected, D);
    add_projected(layer.down_bias);
  }
}

const float* CpuDecoder::logits(std::span<const int64_t> chosen) {
  const int64_t D = config_.hidden_size, count = static_cast<int64_t>(chosen.size());
  for_rows(count, 3 * D, [&](int64_t i) {
    rms_norm_row(hidden_MD_.data() + chosen[i] * D, final_norm_D_.data(), chosen_MD_.data() + i * D, D, config_.rms_norm_eps);
  });
  packed_linear(chosen_MD_.data(), D, count, head_, logits_MV_.data(), config_.vocab_size);
  return logits_MV_.data();
}

}  // namespace reprise::generation
