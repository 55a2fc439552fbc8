// Gradient checkpointing (Chen et al. 2016): a function's inner values are dropped after the forward pass and computed
// again in the backward. Weights that the function captures receive their gradients as usual.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace reprise::model {

// f(x), differentiable in x and in whatever f reads. f is called once now and once in the backward, and must return
// the same bits both times.
at::Tensor recompute_in_backward(std::function<at::Tensor(const at::Tensor&)> f, const at::Tensor& x);

}  // namespace reprise::model
