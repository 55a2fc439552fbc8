// The decoder for training and scoring on the CPU in float32: forward and backward written by hand over rows of tokens, with
// the very functions that sample (model/row_model.h, kernels/attention.h). No padding; a shared prefix is computed once; sums
// over tokens run in the order of the tokens, so gradients keep their bits when the same rows are cut into other calls.
// LibTorch's autograd sees one node a layer. The plain path in transformer.cpp is the reference it is tested against.
#pragma once

#include <memory>

#include "model/row_model.h"
#include "model/token_layout.h"

namespace reprise::model {

// The gradient of embedding rows is kept apart from that of a head tied to them until it is complete (see
// Transformer::finish_gradients): else the order of the two would depend on how the rows were cut into calls.
struct EmbeddingGradient {
  at::Tensor values;  // [V, D], or undefined
};

// Final hidden states of the tokens in layout.outputs, [outputs.size(), D]. With gradients on, `model` must have been
// prepared (prepare_backward); `recompute` keeps each layer's input alone and computes the rest again in the backward pass.
at::Tensor row_hidden(const std::shared_ptr<const RowModel>& model, TokenLayout layout, bool recompute,
                      const std::shared_ptr<EmbeddingGradient>& embedding_gradient);

// The head's outputs for hidden states [N, D]: [N, V].
at::Tensor row_logits(const std::shared_ptr<const RowModel>& model, const at::Tensor& hidden_ND);

// log p(target) under softmax(logits / temperature), differentiable, and the entropy of that distribution (undefined when not
// asked for): [N] each. The log-probs are computed as the sampler computes them.
struct RowScores {
  at::Tensor logprobs_N, entropy_N;
};
RowScores row_score(const std::shared_ptr<const RowModel>& model, const at::Tensor& hidden_ND, const at::Tensor& targets_N, double temperature, bool with_entropy);

}  // namespace reprise::model
