// The decoder: Llama, Qwen2/2.5 and Qwen3 are one code path steered by ModelConfig. Tensors are plain
// at::Tensor; gradients come from LibTorch's autograd over the ops written in layers.cpp.
// Shape letters: B rows, T positions, V vocabulary, D hidden, H query heads, K key/value heads, E head_dim, L layers.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/kv_cache.h"
#include "model/model_config.h"

namespace reprise::model {

// Weights by Hugging Face name ("model.layers.0.self_attn.q_proj.weight"), in a fixed order (std::map).
using NamedTensors = std::map<std::string, at::Tensor>;

class Transformer {
 public:
  // Takes the tensors as they are (no copy); throws Error naming a missing, extra or mis-shaped one.
  Transformer(ModelConfig config, NamedTensors weights);

  // Fresh weights from our own random streams: the same bits on every machine. N(0, std), norms 1, biases 0;
  // residual projections (o_proj, down_proj) scaled by 1/sqrt(2L) as GPT-2 does.
  static Transformer random(const ModelConfig& config, uint64_t seed, double initializer_range,
                            at::ScalarType dtype, at::Device device);

  // A copy of `source` with a head of num_labels zeros in place of its language head: a value model's start.
  static Transformer with_score_head(const Transformer& source, int64_t num_labels);

  const ModelConfig& config() const { return config_; }
  const NamedTensors& weights() const { return weights_; }   // the live tensors: an optimizer updates them in place
  NamedTensors& weights() { return weights_; }
  at::Device device() const;

  struct Batch {
    at::Tensor ids_BT;         // int64; padding may hold any valid id
    at::Tensor lengths_B;      // int64: real tokens of each row, which is padded on the RIGHT
    at::Tensor segments_BT;    // int64, or undefined: packed rows. Tokens attend only inside their own segment
                               // (1, 2, ...; 0 is padding) and positions restart at each segment's first token
  };
  // Final hidden states after the last norm, [B, T, D]. Causal; rows do not see each other or the padding.
  // `recompute`: gradient checkpointing, each layer's activations are computed again in the backward pass.
  at::Tensor hidden_BTD(const Batch& batch, bool recompute = false) const;
  // Logits of hidden states of any leading shape: [..., D] -> [..., V], in float32.
  at::Tensor logits(const at::Tensor& hidden) const;
  // The score head (config.num_labels > 0) on hidden states: [..., D] -> [..., num_labels], in float32.
  at::Tensor head_scores(const at::Tensor& hidden) const;
  // log p(target) under temperature 1 and the full softmax, and the entropy, without ever holding the logits of
  // more than `chunk` rows: hidden_ND [N, D], targets_N int64 -> two float32 [N]. The log-probs are differentiable
  // (recomputes); the entropy is a number to look at.
  struct TokenScores {
    at::Tensor logprobs_N, entropy_N;
  };
  TokenScores score(const at::Tensor& hidden_ND, const at::Tensor& targets_N, double temperature = 1.0,
                    int64_t chunk = 1024, bool with_entropy = true) const;

  // One decode/prefill step with a cache: appends ids_BT (T >= 1) at cache.lengths and returns hidden of the
  // last real token of each row [B, D]. num_new_B: how many of the T ids are real in each row, at least 1.
  at::Tensor step_BD(KvCache& cache, const at::Tensor& ids_BT, const at::Tensor& num_new_B) const;

 private:
  ModelConfig config_;
  NamedTensors weights_;
  struct Plan;
  std::shared_ptr<const Plan> plan_;  // RoPE frequencies, layer handles
};

}  // namespace reprise::model
