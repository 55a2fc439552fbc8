// Low-rank adapters (Hu et al. 2021, arXiv 2106.09685): W = W0 + (lora_alpha / lora_r) B A on chosen linear layers, everything
// else frozen. The model always holds the merged W, so it samples and scores as any other; the gradients of A and B are taken
// from W's by the chain rule: dB = s dW A^T, dA = s B^T dW.
#pragma once

#include <filesystem>
#include <string>

#include "model/transformer.h"
#include "training/optimizer_config.h"

namespace reprise::training {

class LoraAdapters {
 public:
  // Freezes the model but for the matrices of lora_target_modules. A is drawn uniformly from +-1/sqrt(inputs), as PEFT does,
  // from a stream of its own; B is zero: the model starts unchanged. Throws Error for a module that the model has not.
  LoraAdapters(model::Transformer& model, const OptimizerConfig& config);

  // Float32 leaves "model.layers.0.self_attn.q_proj.lora_A.weight" [r, inputs], "...lora_B.weight" [outputs, r].
  model::NamedTensors& parameters() { return parameters_; }
  const model::NamedTensors& parameters() const { return parameters_; }
  // Turns the matrices' gradients into the parameters', and lets go of the former.
  void gather_gradients();
  // Writes W0 + s B A into the model.
  void apply();

 private:
  struct Adapted {
    at::Tensor weight, base;  // the model's own tensor; W0
    std::string a, b;         // names of its parameters
  };
  double scale_;
  std::map<std::string, Adapted> adapted_;  // by module name
  model::NamedTensors parameters_;
};

// A PEFT folder: adapter_config.json and adapter_model.safetensors, which peft.PeftModel.from_pretrained loads.
void save_adapter(const std::filesystem::path& folder, const model::NamedTensors& parameters, const OptimizerConfig& config, const std::string& base_model);
// Merges such a folder into the model. Throws Error naming what does not fit.
void merge_adapter(model::Transformer& model, const std::filesystem::path& folder);

}  // namespace reprise::training
