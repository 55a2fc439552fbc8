// The chain rule, and PEFT's files.
#include "training/lora.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"
#include "model/tensor_file.h"

namespace reprise::training {
namespace {

constexpr const char* kPeftPrefix = "base_model.model.";

// "model.layers.0.self_attn.q_proj.weight" -> "q_proj"
std::string module_of(const std::string& weight) {
  const std::string path = weight.substr(0, weight.size() - std::string(".weight").size());
  return path.substr(path.rfind('.') + 1);
}

void add_product(at::Tensor weight, const at::Tensor& base, const at::Tensor& b, const at::Tensor& a, double scale) {
  weight.copy_(base.to(at::kFloat) + at::mm(b, a) * scale);
}

}  // namespace

LoraAdapters::LoraAdapters(model::Transformer& model, const OptimizerConfig& config) : scale_(config.lora_alpha / static_cast<double>(config.lora_r)) {
  at::NoGradGuard guard;
  for (auto& [name, weight] : model.weights()) weight.set_requires_grad(false);
  for (const std::string& module : config.lora_modules()) {
    bool found = false;
    for (auto& [name, weight] : model.weights()) {
      if (weight.dim() != 2 || name.find(".layers.") == std::string::npos || module_of(name) != module) continue;
      found = true;
      const std::string path = name.substr(0, name.size() - std::string(".weight").size());
      const auto options = weight.options().dtype(at::kFloat).requires_grad(false);
      Adapted adapted{weight, weight.detach().clone(), path + ".lora_A.weight", path + ".lora_B.weight"};
      at::Tensor a = at::empty({config.lora_r, weight.size(1)}, at::kFloat);
      RandomStream stream({name_number("lora"), name_number(adapted.a)});
      const double bound = 1 / std::sqrt(static_cast<double>(weight.size(1)));
      for (int64_t i = 0; i < a.numel(); ++i) a.data_ptr<float>()[i] = static_cast<float>((2 * stream.uniform() - 1) * bound);
      parameters_[adapted.a] = a.to(weight.device()).set_requires_grad(true);
      parameters_[adapted.b] = at::zeros({weight.size(0), config.lora_r}, options).set_requires_grad(true);
      weight.set_requires_grad(true);
      adapted_.emplace(path, std::move(adapted));
    }
    if (!found) throw Error("the model has no linear layer '" + module + "'", "lora_target_modules", "for example [q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj]");
  }
}

void LoraAdapters::gather_gradients() {
  at::NoGradGuard guard;
  for (auto& [path, adapted] : adapted_) {
    const at::Tensor gradient = adapted.weight.grad();
    if (!gradient.defined()) continue;
    const at::Tensor wide = gradient.to(at::kFloat);
    at::Tensor &a = parameters_.at(adapted.a), &b = parameters_.at(adapted.b);
    b.mutable_grad() = at::mm(wide, a.t()) * scale_;
    a.mutable_grad() = at::mm(b.t(), wide) * scale_;
    adapted.weight.mutable_grad() = at::Tensor();
  }
}

void LoraAdapters::apply() {
  at::NoGradGuard guard;
  for (auto& [path, adapted] : adapted_) add_product(adapted.weight, adapted.base, parameters_.at(adapted.b), parameters_.at(adapted.a), scale_);
}

void save_adapter(const std::filesystem::path& folder, const model::NamedTensors& parameters, const OptimizerConfig& config, const std::string& base_model) {
  make_folders(folder);
  const nlohmann::ordered_json json = {{"peft_type", "LORA"}, {"task_type", "CAUSAL_LM"}, {"base_model_name_or_path", base_model}, {"r", config.lora_r},
                                       {"lora_alpha", config.lora_alpha}, {"target_modules", config.lora_modules()}, {"lora_dropout", 0.0}, {"bias", "none"},
                                       {"fan_in_fan_out", false}, {"inference_mode", true}};
  write_file(folder / "adapter_config.json", json.dump(2) + "\n");
  model::NamedTensors named;
  for (const auto& [name, tensor] : parameters) named[kPeftPrefix + name] = tensor.detach();
  model::write_tensor_file(folder / "adapter_model.safetensors", named);
}

void merge_adapter(model::Transformer& model, const std::filesystem::path& folder) {
  const std::string where = (folder / "adapter_config.json").string();
  const auto config = nlohmann::json::parse(read_file(folder / "adapter_config.json", 1 << 20), nullptr, false);
  if (!config.is_object() || config.value("peft_type", "") != "LORA") throw Error("is no LoRA adapter's configuration", where, "name the folder that holds adapter_config.json");
  for (const char* unknown : {"use_dora", "use_rslora", "fan_in_fan_out"}) {
    if (config.contains(unknown) && config[unknown] == true) throw Error(std::string("uses ") + unknown + ", which is not read here", where);
  }
  if (!config.contains("r") || !config["r"].is_number() || !config.contains("lora_alpha") || !config["lora_alpha"].is_number() || config["r"] <= 0) throw Error("lacks r or lora_alpha", where);
  const double scale = config["lora_alpha"].get<double>() / config["r"].get<double>();
  const model::NamedTensors tensors = model::read_tensor_file(folder / "adapter_model.safetensors");
  at::NoGradGuard guard;
  const std::string tensor_file = (folder / "adapter_model.safetensors").string(), end = ".lora_A.weight";
  size_t used = 0;
  for (const auto& [name, a] : tensors) {
    if (!name.ends_with(end)) continue;
    const std::string path = name.substr(0, name.size() - end.size());
    const auto b = tensors.find(path + ".lora_B.weight");
    const std::string inner = path.starts_with(kPeftPrefix) ? path.substr(std::string(kPeftPrefix).size()) : path;
    const auto weight = model.weights().find(inner + ".weight");
    if (b == tensors.end()) throw Error("has " + name + " without its lora_B", tensor_file);
    if (weight == model.weights().end()) throw Error("adapts '" + inner + "', which the model has not", tensor_file, "is it an adapter of another model?");
    if (a.dim() != 2 || b->second.dim() != 2 || b->second.size(1) != a.size(0) || weight->second.size(0) != b->second.size(0) || weight->second.size(1) != a.size(1)) {
      throw Error("the shapes of " + name + " do not fit the model", tensor_file, "is it an adapter of another model?");
    }
    const auto device = weight->second.device();
    add_product(weight->second, weight->second.clone(), b->second.to(device).to(at::kFloat), a.to(device).to(at::kFloat), scale);
    used += 2;
  }
  if (used == 0 || used != tensors.size()) throw Error("holds " + std::to_string(tensors.size() - used) + " tensors that are no lora_A or lora_B", tensor_file);
}

}  // namespace reprise::training
