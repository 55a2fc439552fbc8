// The plain path in LibTorch ops, and the choice between it and the CPU path. Norms and the softmax of attention's scores run
// in float32 as transformers has them; products in the weights' type; logits in float32.
#include "model/transformer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "base/error.h"
#include "base/random.h"
#include "model/recompute.h"
#include "model/rope.h"

namespace reprise::model {
namespace {

struct LayerWeights {
  at::Tensor input_norm, post_norm, q, k, v, o, q_bias, k_bias, v_bias, o_bias, q_norm, k_norm;
  at::Tensor gate, up, down, gate_bias, up_bias, down_bias;
};

struct Shape {
  std::string name;
  std::vector<int64_t> sizes;
};

std::vector<Shape> expected_tensors(const ModelConfig& c) {
  const int64_t D = c.hidden_size, F = c.intermediate_size, q = c.num_attention_heads * c.head_dim, kv = c.num_key_value_heads * c.head_dim;
  std::vector<Shape> all = {{"model.embed_tokens.weight", {c.vocab_size, D}}, {"model.norm.weight", {D}}};
  if (c.num_labels > 0) all.push_back({"score.weight", {c.num_labels, D}});
  else if (!c.tie_word_embeddings) all.push_back({"lm_head.weight", {c.vocab_size, D}});
  for (int64_t i = 0; i < c.num_hidden_layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".", attention = layer + "self_attn.", mlp = layer + "mlp.";
    all.insert(all.end(), {{layer + "input_layernorm.weight", {D}}, {layer + "post_attention_layernorm.weight", {D}},
                           {attention + "q_proj.weight", {q, D}}, {attention + "k_proj.weight", {kv, D}},
                           {attention + "v_proj.weight", {kv, D}}, {attention + "o_proj.weight", {D, q}},
                           {mlp + "gate_proj.weight", {F, D}}, {mlp + "up_proj.weight", {F, D}}, {mlp + "down_proj.weight", {D, F}}});
    if (c.attention_bias) all.insert(all.end(), {{attention + "q_proj.bias", {q}}, {attention + "k_proj.bias", {kv}}, {attention + "v_proj.bias", {kv}}});
    if (c.attention_output_bias) all.push_back({attention + "o_proj.bias", {D}});
    if (c.qk_norm) all.insert(all.end(), {{attention + "q_norm.weight", {c.head_dim}}, {attention + "k_norm.weight", {c.head_dim}}});
    if (c.mlp_bias) all.insert(all.end(), {{mlp + "gate_proj.bias", {F}}, {mlp + "up_proj.bias", {F}}, {mlp + "down_proj.bias", {D}}});
  }
  return all;
}

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  const at::Tensor wide = x.to(at::kFloat);
  const at::Tensor normed = wide * at::rsqrt(wide.square().mean(-1, true) + eps);
  return weight * normed.to(x.scalar_type());
}

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return bias.defined() ? at::linear(x, weight, bias) : at::linear(x, weight);
}

// x [B, heads, T, E]; cosine, sine [T, E/2] or [B, 1, T, E/2].
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cosine, const at::Tensor& sine) {
  const int64_t half = x.size(-1) / 2;
  const at::Tensor a = x.narrow(-1, 0, half), b = x.narrow(-1, half, half);
  return at::cat({a * cosine - b * sine, b * cosine + a * sine}, -1);
}

}  // namespace

struct Transformer::Packed {
  std::shared_ptr<RowModel> model;
  std::vector<std::pair<const void*, uint32_t>> versions;  // of every weight when it was packed
  std::shared_ptr<EmbeddingGradient> embedding_gradient = std::make_shared<EmbeddingGradient>();
};

struct Transformer::Plan {
  std::vector<LayerWeights> layers;
  at::Tensor cosine_PE, sine_PE;  // grown on demand would break sharing: made for max_position_embeddings, at most 128k
};

Transformer::Transformer(ModelConfig config, NamedTensors weights) : config_(std::move(config)), weights_(std::move(weights)) {
  if (config_.plan_only) throw Error("model_type " + config_.model_type + " can be planned, not run", "model");
  const auto expected = expected_tensors(config_);
  for (const Shape& shape : expected) {
    const auto found = weights_.find(shape.name);
    if (found == weights_.end()) throw Error("lacks tensor " + shape.name, "model");
    if (found->second.sizes() != at::IntArrayRef(shape.sizes)) throw Error("tensor " + shape.name + " has a shape that does not fit config.json", "model");
  }
  if (weights_.size() != expected.size()) {
    for (const auto& [name, tensor] : weights_) {
      bool known = false;
      for (const Shape& shape : expected) known |= shape.name == name;
      if (!known) throw Error("has a tensor that config.json does not speak of: " + name, "model");
    }
  }
  auto plan = std::make_shared<Plan>();
  const auto optional_weight = [&](const std::string& name) {
    const auto found = weights_.find(name);
    return found == weights_.end() ? at::Tensor() : found->second;
  };
  for (int64_t i = 0; i < config_.num_hidden_layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".", attention = layer + "self_attn.", mlp = layer + "mlp.";
    LayerWeights w;
    w.input_norm = weights_.at(layer + "input_layernorm.weight");
    w.post_norm = weights_.at(layer + "post_attention_layernorm.weight");
    w.q = weights_.at(attention + "q_proj.weight");
    w.k = weights_.at(attention + "k_proj.weight");
    w.v = weights_.at(attention + "v_proj.weight");
    w.o = weights_.at(attention + "o_proj.weight");
    w.q_bias = optional_weight(attention + "q_proj.bias");
    w.k_bias = optional_weight(attention + "k_proj.bias");
    w.v_bias = optional_weight(attention + "v_proj.bias");
    w.o_bias = optional_weight(attention + "o_proj.bias");
    w.q_norm = optional_weight(attention + "q_norm.weight");
    w.k_norm = optional_weight(attention + "k_norm.weight");
    w.gate = weights_.at(mlp + "gate_proj.weight");
    w.up = weights_.at(mlp + "up_proj.weight");
    w.down = weights_.at(mlp + "down_proj.weight");
    w.gate_bias = optional_weight(mlp + "gate_proj.bias");
    w.up_bias = optional_weight(mlp + "up_proj.bias");
    w.down_bias = optional_weight(mlp + "down_proj.bias");
    plan->layers.push_back(std::move(w));
  }
  std::vector<float> cosine, sine;
  const int64_t positions = std::min<int64_t>(config_.max_position_embeddings, 131072);
  rope_table(config_, positions, cosine, sine);
  const auto place = [&](const std::vector<float>& values) {
    at::Tensor t = at::empty({positions, config_.head_dim / 2}, at::kFloat);
    std::copy(values.begin(), values.end(), t.data_ptr<float>());
    return t.to(device()).to(weights_.begin()->second.scalar_type());
  };
  plan->cosine_PE = place(cosine);
  plan->sine_PE = place(sine);
  plan_ = plan;
  packed_ = std::make_shared<Packed>();
}

Transformer Transformer::random(const ModelConfig& config, uint64_t seed, double initializer_range, at::ScalarType dtype, at::Device device) {
  NamedTensors weights;
  const double residual = 1.0 / std::sqrt(2.0 * static_cast<double>(config.num_hidden_layers));
  for (const Shape& shape : expected_tensors(config)) {
    at::Tensor t = at::ones(shape.sizes, at::kFloat);
    if (shape.name.ends_with(".bias")) t.zero_();
    if (shape.sizes.size() == 2) {
      const bool into_stream = shape.name.ends_with("o_proj.weight") || shape.name.ends_with("down_proj.weight");
      RandomStream stream({seed, name_number(shape.name)});
      float* values = t.data_ptr<float>();
      for (int64_t i = 0; i < t.numel(); ++i) values[i] = static_cast<float>(stream.normal() * initializer_range * (into_stream ? residual : 1.0));
    }
    weights[shape.name] = t.to(device).to(dtype);
  }
  return Transformer(config, std::move(weights));
}

at::Device Transformer::device() const { return weights_.begin()->second.device(); }

bool Transformer::is_batch_invariant() const {
  const at::Tensor& any = weights_.begin()->second;
  return wants_batch_invariant_ && any.is_cpu() && any.scalar_type() == at::kFloat;
}

std::shared_ptr<const RowModel> Transformer::row_model() const {
  std::vector<std::pair<const void*, uint32_t>> versions;
  for (const auto& [name, weight] : weights_) versions.emplace_back(weight.const_data_ptr(), weight._version());
  if (!packed_->model || packed_->versions != versions) {
    packed_->model.reset();  // before the new one is made: one copy at a time
    NamedTensors contiguous;
    for (const auto& [name, weight] : weights_) contiguous[name] = weight.is_contiguous() ? weight : weight.contiguous();
    packed_->model = std::make_shared<RowModel>(config_, contiguous);
    packed_->versions = std::move(versions);
  }
  if (c10::GradMode::is_enabled()) packed_->model->prepare_backward();
  return packed_->model;
}

void Transformer::finish_gradients() const {
  at::Tensor& lookups = packed_->embedding_gradient->values;
  if (!lookups.defined()) return;
  at::NoGradGuard guard;
  at::Tensor embedding = weights_.at("model.embed_tokens.weight");
  at::Tensor& gradient = embedding.mutable_grad();
  if (gradient.defined()) gradient.add_(lookups);
  else gradient = lookups;
  lookups = at::Tensor();
}

at::Tensor Transformer::hidden_ND(const TokenLayout& layout, bool recompute) const {
  for (const TokenSequence& sequence : layout.sequences) {
    const int64_t length = layout.prefix_length(sequence) + sequence.length;
    if (length > plan_->cosine_PE.size(0)) throw Error("a row of " + std::to_string(length) + " tokens is longer than the model's context", "model");
  }
  return is_batch_invariant() ? row_hidden(row_model(), layout, recompute, packed_->embedding_gradient) : plain_hidden_ND(layout, recompute);
}

// Every sequence with its prefix is a row of its own, padded on the right to the longest.
at::Tensor Transformer::plain_hidden_ND(const TokenLayout& layout, bool recompute) const {
  const int64_t B = static_cast<int64_t>(layout.sequences.size());
  int64_t T = 1;
  for (const TokenSequence& s : layout.sequences) T = std::max(T, layout.prefix_length(s) + s.length);
  std::vector<int64_t> ids(static_cast<size_t>(B * T), 0), place(layout.ids.size());
  for (int64_t b = 0; b < B; ++b) {
    const TokenSequence& s = layout.sequences[static_cast<size_t>(b)];
    const int64_t before = layout.prefix_length(s);
    if (before > 0) std::copy_n(layout.ids.begin() + layout.sequences[static_cast<size_t>(s.prefix)].first, before, ids.begin() + b * T);
    std::copy_n(layout.ids.begin() + s.first, s.length, ids.begin() + b * T + before);
    for (int64_t t = 0; t < s.length; ++t) place[static_cast<size_t>(s.first + t)] = b * T + before + t;
  }
  std::vector<int64_t> outputs;
  for (int64_t token : layout.outputs) outputs.push_back(place[static_cast<size_t>(token)]);
  const at::Tensor ids_BT = at::tensor(ids, at::kLong).view({B, T}).to(device()), source_N = at::tensor(outputs, at::kLong).to(device());
  const int64_t H = config_.num_attention_heads, K = config_.num_key_value_heads, E = config_.head_dim;
  const at::Tensor cosine = plan_->cosine_PE.narrow(0, 0, T), sine = plan_->sine_PE.narrow(0, 0, T);
  at::Tensor x = at::embedding(weights_.at("model.embed_tokens.weight"), ids_BT);
  for (const LayerWeights& w : plan_->layers) {
    // By value: the backward pass may call it again when this function has long returned.
    const auto layer = [B, T, H, K, E, cosine, sine, w, eps = config_.rms_norm_eps, qk_norm = config_.qk_norm](const at::Tensor& in) {
      const at::Tensor normed = rms_norm(in, w.input_norm, eps);
      const auto heads = [&](const at::Tensor& projected, int64_t count) { return projected.view({B, T, count, E}); };
      at::Tensor q = heads(linear(normed, w.q, w.q_bias), H), k = heads(linear(normed, w.k, w.k_bias), K), v = heads(linear(normed, w.v, w.v_bias), K);
      if (qk_norm) {
        q = rms_norm(q, w.q_norm, eps);
        k = rms_norm(k, w.k_norm, eps);
      }
      q = rotate(q.transpose(1, 2), cosine, sine);
      k = rotate(k.transpose(1, 2), cosine, sine);
      v = v.transpose(1, 2);
      if (H != K) {
        k = k.repeat_interleave(H / K, 1);
        v = v.repeat_interleave(H / K, 1);
      }
      const at::Tensor mixed = at::scaled_dot_product_attention(q, k, v, {}, 0.0, true);
      at::Tensor y = in + linear(mixed.transpose(1, 2).reshape({B, T, H * E}), w.o, w.o_bias);
      const at::Tensor inner = rms_norm(y, w.post_norm, eps);
      return y + linear(at::silu(linear(inner, w.gate, w.gate_bias)) * linear(inner, w.up, w.up_bias), w.down, w.down_bias);
    };
    x = recompute && c10::GradMode::is_enabled() ? recompute_in_backward(layer, x) : layer(x);
  }
  return rms_norm(x.reshape({B * T, x.size(-1)}).index_select(0, source_N), weights_.at("model.norm.weight"), config_.rms_norm_eps);
}

at::Tensor Transformer::logits(const at::Tensor& hidden) const {
  if (is_batch_invariant() && hidden.dim() == 2) return row_logits(row_model(), hidden);
  const at::Tensor& head = weights_.at(config_.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight");
  return at::linear(hidden, head).to(at::kFloat);
}

at::Tensor Transformer::head_scores(const at::Tensor& hidden) const {
  if (is_batch_invariant() && hidden.dim() == 2) return row_logits(row_model(), hidden);
  return at::linear(hidden, weights_.at("score.weight")).to(at::kFloat);
}

Transformer Transformer::with_score_head(const Transformer& source, int64_t num_labels) {
  ModelConfig config = source.config();
  config.num_labels = num_labels;
  NamedTensors weights;
  for (const auto& [name, tensor] : source.weights()) {
    if (name != "lm_head.weight" && name != "score.weight") weights[name] = tensor.detach().clone();
  }
  weights["score.weight"] = at::zeros({num_labels, config.hidden_size}, source.weights().begin()->second.options().requires_grad(false));
  return Transformer(config, std::move(weights));
}

Transformer::TokenScores Transformer::score(const at::Tensor& hidden_ND, const at::Tensor& targets_N, double temperature,
                                            int64_t chunk, bool with_entropy) const {
  if (is_batch_invariant()) {
    const RowScores scores = row_score(row_model(), hidden_ND, targets_N, temperature, with_entropy);
    return {scores.logprobs_N, scores.entropy_N};
  }
  const int64_t N = hidden_ND.size(0);
  const bool graded = c10::GradMode::is_enabled();
  const at::Tensor head_VD = weights_.at(config_.tie_word_embeddings ? "model.embed_tokens.weight" : "lm_head.weight");
  std::vector<at::Tensor> logprobs, entropies;
  for (int64_t start = 0; start < N; start += chunk) {
    const int64_t count = std::min(chunk, N - start);
    const at::Tensor hidden = hidden_ND.narrow(0, start, count), targets = targets_N.narrow(0, start, count);
    auto entropy = std::make_shared<at::Tensor>();
    // By value: the backward pass calls it again.
    const auto chosen = [head_VD, targets, temperature, with_entropy, entropy](const at::Tensor& h) {
      at::Tensor logits_NV = at::linear(h, head_VD).to(at::kFloat);
      if (temperature != 1.0) logits_NV = logits_NV / temperature;
      const at::Tensor log_p = at::log_softmax(logits_NV, -1);
      if (with_entropy && !entropy->defined()) {
        at::NoGradGuard guard;
        const at::Tensor detached = log_p.detach();
        *entropy = -(detached.exp() * detached).sum(-1);
      }
      return log_p.gather(1, targets.unsqueeze(1)).squeeze(1);
    };
    // One chunk needs no second pass: its logits live until the backward either way.
    logprobs.push_back(graded && N > chunk ? recompute_in_backward(chosen, hidden) : chosen(hidden));
    if (with_entropy) entropies.push_back(*entropy);
  }
  TokenScores scores;
  const auto empty = hidden_ND.new_zeros({0}, at::kFloat);
  scores.logprobs_N = logprobs.empty() ? empty : at::cat(logprobs);
  scores.entropy_N = entropies.empty() ? empty : at::cat(entropies);
  return scores;
}

at::Tensor Transformer::step_BD(KvCache& cache, const at::Tensor& ids_BT, const at::Tensor& num_new_B) const {
  at::NoGradGuard guard;
  const int64_t B = ids_BT.size(0), T = ids_BT.size(1);
  const int64_t H = config_.num_attention_heads, K = config_.num_key_value_heads, E = config_.head_dim;
  const at::Tensor host_new = num_new_B.to(at::kCPU).contiguous();
  const int64_t* num_new = host_new.const_data_ptr<int64_t>();
  int64_t longest = 0;
  for (int64_t b = 0; b < B; ++b) longest = std::max(longest, cache.lengths[b] + num_new[b]);
  if (longest > cache.capacity) throw Error("the cache is full", "model");
  const at::Tensor start_B = at::tensor(cache.lengths, at::kLong).to(ids_BT.device());
  const at::Tensor position_BT = (start_B.unsqueeze(1) + at::arange(T, ids_BT.options()).unsqueeze(0)).clamp_max(cache.capacity - 1);
  const at::Tensor cosine = plan_->cosine_PE.index_select(0, position_BT.reshape(-1)).view({B, 1, T, E / 2});
  const at::Tensor sine = plan_->sine_PE.index_select(0, position_BT.reshape(-1)).view({B, 1, T, E / 2});
  const at::Tensor place_BKTE = position_BT.view({B, 1, T, 1}).expand({B, K, T, E});
  const at::Tensor mask = (at::arange(longest, ids_BT.options()).view({1, 1, 1, longest}) <= position_BT.view({B, 1, T, 1}));
  at::Tensor x = at::embedding(weights_.at("model.embed_tokens.weight"), ids_BT);
  for (size_t i = 0; i < plan_->layers.size(); ++i) {
    const LayerWeights& w = plan_->layers[i];
    const at::Tensor normed = rms_norm(x, w.input_norm, config_.rms_norm_eps);
    at::Tensor q = linear(normed, w.q, w.q_bias).view({B, T, H, E}), k = linear(normed, w.k, w.k_bias).view({B, T, K, E});
    const at::Tensor v = linear(normed, w.v, w.v_bias).view({B, T, K, E});
    if (config_.qk_norm) {
      q = rms_norm(q, w.q_norm, config_.rms_norm_eps);
      k = rms_norm(k, w.k_norm, config_.rms_norm_eps);
    }
    q = rotate(q.transpose(1, 2), cosine, sine);
    k = rotate(k.transpose(1, 2), cosine, sine);
    // Padding ids past a row's new tokens land on later positions and are overwritten before anyone may see them.
    cache.keys_BKCE[i].scatter_(2, place_BKTE, k);
    cache.values_BKCE[i].scatter_(2, place_BKTE, v.transpose(1, 2));
    at::Tensor keys = cache.keys_BKCE[i].narrow(2, 0, longest), values = cache.values_BKCE[i].narrow(2, 0, longest);
    if (H != K) {
      keys = keys.repeat_interleave(H / K, 1);
      values = values.repeat_interleave(H / K, 1);
    }
    const at::Tensor mixed = at::scaled_dot_product_attention(q, keys, values, mask);
    x = x + linear(mixed.transpose(1, 2).reshape({B, T, H * E}), w.o, w.o_bias);
    const at::Tensor inner = rms_norm(x, w.post_norm, config_.rms_norm_eps);
    x = x + linear(at::silu(linear(inner, w.gate, w.gate_bias)) * linear(inner, w.up, w.up_bias), w.down, w.down_bias);
  }
  for (int64_t b = 0; b < B; ++b) cache.lengths[b] += num_new[b];
  const at::Tensor last_B = (num_new_B.to(x.device()) - 1).view({B, 1, 1}).expand({B, 1, x.size(2)});
  return rms_norm(x.gather(1, last_B).squeeze(1), weights_.at("model.norm.weight"), config_.rms_norm_eps);
}

}  // namespace reprise::model
