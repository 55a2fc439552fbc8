// A custom autograd node that holds x alone.
#include "model/recompute.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <memory>

namespace reprise::model {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

using Inner = std::function<at::Tensor(const at::Tensor&)>;

struct Recompute : public torch::autograd::Function<Recompute> {
  static Variable forward(AutogradContext* context, const Variable& x, int64_t inner_address) {
    auto* inner = reinterpret_cast<std::shared_ptr<Inner>*>(inner_address);
    context->save_for_backward({x});
    context->saved_data["inner"] = c10::IValue::make_capsule(c10::make_intrusive<Holder>(*inner));
    at::NoGradGuard guard;
    return (**inner)(x);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto capsule = context->saved_data["inner"].toCapsule();
    const Inner& inner = *static_cast<Holder*>(capsule.get())->inner;
    at::AutoGradMode enable(true);
    at::Tensor x = context->get_saved_variables()[0].detach().set_requires_grad(true);
    const at::Tensor y = inner(x);
    // Runs into the captured weights too: their .grad accumulates here.
    torch::autograd::backward({y}, {gradients[0]});
    return {x.grad(), Variable()};
  }
  struct Holder : torch::CustomClassHolder {
    explicit Holder(std::shared_ptr<Inner> value) : inner(std::move(value)) {}
    std::shared_ptr<Inner> inner;
  };
};

}  // namespace

at::Tensor recompute_in_backward(Inner f, const at::Tensor& x) {
  auto inner = std::make_shared<Inner>(std::move(f));
  // The node exists only if its input asks for a gradient; a leaf without one still leads to the weights.
  const at::Tensor input = x.requires_grad() ? x : x.detach().set_requires_grad(true);
  return Recompute::apply(input, reinterpret_cast<int64_t>(&inner));
}

}  // namespace reprise::model
