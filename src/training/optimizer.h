// AdamW (Loshchilov & Hutter 2019, algorithm 2) on a model's named weights. Weights in bfloat16 keep a float32
// master here; moments are float32. Decay touches matrices only. All sums run in the fixed order of the names.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/hash.h"
#include "model/transformer.h"
#include "training/lora.h"
#include "training/optimizer_config.h"

namespace reprise::training {

class AdamW {
 public:
  // Turns gradients on for every weight, or with lora_r for the adapters' matrices. Keeps references to the model's live tensors.
  AdamW(model::Transformer& model, const OptimizerConfig& config);

  void zero_gradients();
  // Global L2 norm of the gradients; the next step scales them so that it is at most max_grad_norm (0: left alone). Returns
  // the norm before scaling. NaN or infinity comes back as it is and the step must not be taken.
  double clip_gradients();
  void step(double learning_rate);
  int64_t num_steps() const { return num_steps_; }

  // The low-rank adapters that are trained; null when all weights are.
  const LoraAdapters* lora() const { return lora_.get(); }

  // For checkpoints: "exp_avg/NAME", "exp_avg_sq/NAME" and, with bfloat16 weights, "master/NAME", with adapters "parameter/NAME".
  std::map<std::string, at::Tensor> state() const;
  // Throws Error naming a missing or mis-shaped tensor.
  void restore(const std::map<std::string, at::Tensor>& state, int64_t num_steps, const std::string& where);
  void add_to_hash(StateHash& hash) const;

 private:
  struct Slot {
    at::Tensor weight, exp_avg, exp_avg_sq, master;  // master is undefined for float32 weights
    bool decays = false;
  };
  OptimizerConfig config_;
  std::unique_ptr<LoraAdapters> lora_;
  std::map<std::string, Slot> slots_;
  int64_t num_steps_ = 0;
  double gradient_scale_ = 1;  // for the next step
};

// Adds name, shape and bytes of each tensor, in order.
void add_tensors_to_hash(StateHash& hash, const model::NamedTensors& tensors);

}  // namespace reprise::training
