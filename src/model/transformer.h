// The decoder: Llama, Qwen2/2.5 and Qwen3 are one code path steered by ModelConfig. It runs in one of two ways: batch
// invariant (CPU, float32: model/row_path.h, our own forward and backward, where sampler and trainer agree to the bit) or as
// plain LibTorch ops with LibTorch's autograd, which is also the reference that the first is tested against.
// Shape letters: B rows, T positions, V vocabulary, D hidden, H query heads, K key/value heads, E head_dim, L layers.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/kv_cache.h"
#include "model/model_config.h"
#include "model/row_path.h"
#include "model/token_layout.h"

namespace reprise::model {

class Transformer {
 public:
  // Takes the tensors as they are (no copy), by Hugging Face name ("model.layers.0.self_attn.q_proj.weight"); throws Error naming a missing, extra or mis-shaped one.
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

  // Whether rows go through model/row_path.h: on the CPU in float32, unless turned off.
  bool is_batch_invariant() const;
  void set_batch_invariant(bool on) { wants_batch_invariant_ = on; }

  // Final hidden states after the last norm of the tokens in layout.outputs, [N, D]. Causal; a sequence sees its prefix and
  // itself. `recompute`: gradient checkpointing, each layer's activations are computed again in the backward pass.
  at::Tensor hidden_ND(const TokenLayout& layout, bool recompute = false) const;
  // To be called once the backward passes of an update are done: until then gradients may be incomplete.
  void finish_gradients() const;
  // The weights packed for the CPU path, as they stand now (packed again when one has changed). Batch invariant models only.
  std::shared_ptr<const RowModel> row_model() const;
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
  at::Tensor plain_hidden_ND(const TokenLayout& layout, bool recompute) const;

  struct Plan;
  std::shared_ptr<const Plan> plan_;  // RoPE frequencies, layer handles
  bool wants_batch_invariant_ = true;
  struct Packed;
  std::shared_ptr<Packed> packed_;  // shared by copies of this object, as the tensors are
};

}  // namespace reprise::model
