// On the CPU one pass over memory per tensor (element-wise, so threads cannot change a bit); elsewhere LibTorch's ops.
#include "training/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>
#include <vector>

#include "base/error.h"
#include "base/fixed_math.h"
#include "kernels/parallel.h"
#include "kernels/row_ops.h"

namespace reprise::training {
namespace {

// Sum of squares in fixed blocks of 4096, blocks added in order: threads change who computes, not what.
double sum_of_squares(const at::Tensor& tensor) {
  if (!tensor.device().is_cpu() || tensor.scalar_type() != at::kFloat) {
    return tensor.to(at::kFloat).square().sum(at::kDouble).item<double>();
  }
  const at::Tensor flat = tensor.contiguous();
  const float* values = flat.const_data_ptr<float>();
  const int64_t count = flat.numel();
  constexpr int64_t kBlock = 4096;
  std::vector<double> blocks(static_cast<size_t>((count + kBlock - 1) / kBlock));
  kernels::for_rows(static_cast<int64_t>(blocks.size()), kBlock, [&](int64_t block) {
    blocks[static_cast<size_t>(block)] = kernels::square_sum_row(values + block * kBlock, std::min(kBlock, count - block * kBlock));
  });
  double sum = 0;
  for (double block : blocks) sum += block;
  return sum;
}

}  // namespace

AdamW::AdamW(model::Transformer& model, const OptimizerConfig& config) : config_(config) {
  if (config.lora_r > 0) lora_ = std::make_unique<LoraAdapters>(model, config);
  for (auto& [name, weight] : lora_ ? lora_->parameters() : model.weights()) {
    Slot slot;
    slot.weight = weight;
    weight.set_requires_grad(true);
    const auto options = weight.options().dtype(at::kFloat).requires_grad(false);
    slot.exp_avg = at::zeros(weight.sizes(), options);
    slot.exp_avg_sq = at::zeros(weight.sizes(), options);
    if (weight.scalar_type() != at::kFloat) slot.master = weight.detach().to(at::kFloat, false, true);
    slot.decays = weight.dim() >= 2;
    slots_.emplace(name, std::move(slot));
  }
}

void AdamW::zero_gradients() {
  if (lora_) lora_->gather_gradients();  // lets go of the matrices' own
  for (auto& [name, slot] : slots_) slot.weight.mutable_grad() = at::Tensor();
}

double AdamW::clip_gradients() {
  if (lora_) lora_->gather_gradients();
  double total = 0;
  for (auto& [name, slot] : slots_) {
    if (slot.weight.grad().defined()) total += sum_of_squares(slot.weight.grad());
  }
  const double norm = std::sqrt(total);
  gradient_scale_ = config_.max_grad_norm > 0 && norm > config_.max_grad_norm ? config_.max_grad_norm / (norm + 1e-6) : 1;
  return norm;
}

void AdamW::step(double learning_rate) {
  at::NoGradGuard guard;
  ++num_steps_;
  const double beta1 = config_.adam_beta1, beta2 = config_.adam_beta2;
  const double correction1 = 1 - fixed_pow(beta1, static_cast<double>(num_steps_));
  const double correction2 = 1 - fixed_pow(beta2, static_cast<double>(num_steps_));
  for (auto& [name, slot] : slots_) {
    at::Tensor gradient = slot.weight.grad();
    if (!gradient.defined()) continue;
    const double decay = slot.decays ? learning_rate * config_.weight_decay : 0;
    at::Tensor target = slot.master.defined() ? slot.master : slot.weight.detach();
    gradient = gradient.to(at::kFloat).contiguous();
    if (target.device().is_cpu()) {
      const kernels::AdamwFactors factors = {.beta1 = static_cast<float>(beta1), .beta2 = static_cast<float>(beta2), .keep = static_cast<float>(1 - decay),
                                             .rate = static_cast<float>(learning_rate / correction1), .root_scale = static_cast<float>(1 / std::sqrt(correction2)),
                                             .epsilon = static_cast<float>(config_.adam_epsilon), .gradient_scale = static_cast<float>(gradient_scale_)};
      float* w = target.mutable_data_ptr<float>();
      float* m = slot.exp_avg.mutable_data_ptr<float>();
      float* v = slot.exp_avg_sq.mutable_data_ptr<float>();
      const float* g = gradient.const_data_ptr<float>();
      kernels::for_chunks(target.numel(), 1 << 15, [&](int64_t begin, int64_t end) {
        kernels::adamw_row(w + begin, m + begin, v + begin, g + begin, factors, end - begin);
      });
      slot.weight.unsafeGetTensorImpl()->bump_version();  // written behind LibTorch's back: packed copies are stale now
    } else {
      if (gradient_scale_ != 1) gradient = gradient * gradient_scale_;
      slot.exp_avg.mul_(beta1).add_(gradient, 1 - beta1);
      slot.exp_avg_sq.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
      if (decay != 0) target.mul_(1 - decay);
      const at::Tensor denominator = slot.exp_avg_sq.sqrt().div_(std::sqrt(correction2)).add_(config_.adam_epsilon);
      target.addcdiv_(slot.exp_avg, denominator, -learning_rate / correction1);
    }
    if (slot.master.defined()) slot.weight.detach().copy_(slot.master);
  }
  if (lora_) lora_->apply();
}

std::map<std::string, at::Tensor> AdamW::state() const {
  std::map<std::string, at::Tensor> tensors;
  for (const auto& [name, slot] : slots_) {
    tensors["exp_avg/" + name] = slot.exp_avg;
    tensors["exp_avg_sq/" + name] = slot.exp_avg_sq;
    if (slot.master.defined()) tensors["master/" + name] = slot.master;
    if (lora_) tensors["parameter/" + name] = slot.weight.detach();
  }
  return tensors;
}

void AdamW::restore(const std::map<std::string, at::Tensor>& state, int64_t num_steps, const std::string& where) {
  at::NoGradGuard guard;
  for (auto& [name, tensor] : this->state()) {
    const auto found = state.find(name);
    if (found == state.end()) throw Error("optimizer state lacks " + name, where, "remove this checkpoint and resume from an older one");
    if (found->second.sizes() != tensor.sizes()) throw Error("optimizer state " + name + " has another shape", where);
    at::Tensor destination = tensor;
    destination.copy_(found->second);
  }
  num_steps_ = num_steps;
  if (lora_) lora_->apply();
}

void add_tensors_to_hash(StateHash& hash, const model::NamedTensors& tensors) {
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor host = tensor.detach().cpu().contiguous();
    hash.add(name);
    for (int64_t size : host.sizes()) hash.add_u64(static_cast<uint64_t>(size));
    hash.add(host.const_data_ptr(), host.nbytes());
  }
}

void AdamW::add_to_hash(StateHash& hash) const {
  hash.add_u64(static_cast<uint64_t>(num_steps_));
  add_tensors_to_hash(hash, state());
}

}  // namespace reprise::training
