// Low-rank adapters: the start, the chain rule, the PEFT folder, merging.
#include "training/lora.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "base/files.h"
#include "support/fault_of.h"
#include "support/golden_model.h"
#include "training/loss.h"
#include "training/train_step.h"

namespace reprise::training {
namespace {

using testing::golden_model;
using testing::max_difference;

OptimizerConfig lora_config() {
  OptimizerConfig config;
  config.lora_r = 3;
  config.lora_alpha = 6;
  config.lora_target_modules = {"q_proj", "down_proj"};
  config.max_grad_norm = 0;
  config.learning_rate = 1e-2;
  return config;
}

std::vector<TrainingRow> some_rows() {
  std::vector<TrainingRow> rows(3);
  for (int i = 0; i < 3; ++i) {
    for (int t = 0; t < 9; ++t) rows[static_cast<size_t>(i)].ids.push_back((3 * t * t + 5 * i + 1) % 40);
    rows[static_cast<size_t>(i)].order = i;
  }
  return rows;
}

model::NamedTensors copy_of(const model::NamedTensors& tensors) {
  model::NamedTensors out;
  for (const auto& [name, tensor] : tensors) out[name] = tensor.detach().clone();
  return out;
}

TEST(Lora, TrainsItsMatricesAloneAndStartsUnchanged) {
  for (const bool batch_invariant : {true, false}) {
    model::Transformer model = golden_model(std::string("qwen2_default"));
    model.set_batch_invariant(batch_invariant);
    const auto before = copy_of(model.weights());
    AdamW optimizer(model, lora_config());
    for (const auto& [name, weight] : model.weights()) EXPECT_TRUE(at::equal(weight, before.at(name))) << name;
    const auto rows = some_rows();
    double first = 0, last = 0;
    for (int step = 0; step < 30; ++step) {
      last = train_step(model, optimizer, rows, 100, step % 2 == 1, 1e-2, negative_log_likelihood(model, rows), "test").loss;
      if (step == 0) first = last;
    }
    EXPECT_LT(last, 0.8 * first) << "it learns";
    for (const auto& [name, weight] : model.weights()) {
      const bool adapted = name.find("q_proj.weight") != std::string::npos || name.find("down_proj.weight") != std::string::npos;
      EXPECT_EQ(at::equal(weight, before.at(name)), !adapted) << name;
      if (!adapted) continue;
      const std::string path = name.substr(0, name.size() - 7);
      const auto& p = optimizer.lora()->parameters();
      EXPECT_LT(max_difference(weight, before.at(name) + at::mm(p.at(path + ".lora_B.weight"), p.at(path + ".lora_A.weight")) * 2.0), 1e-6) << name;
    }
  }
}

// LibTorch's autograd through W0 + s B A, on the plain path, gives the same gradients of A and B.
TEST(Lora, HasAutogradsGradients) {
  model::Transformer model = golden_model(std::string("qwen2_default"));
  const auto base = copy_of(model.weights());
  LoraAdapters adapters(model, lora_config());
  {
    at::NoGradGuard guard;
    for (auto& [name, p] : adapters.parameters()) {
      if (name.ends_with("lora_B.weight")) p.copy_(at::linspace(-0.2, 0.3, p.numel()).view(p.sizes()));
    }
  }
  adapters.apply();
  const auto rows = some_rows();
  const auto loss_of = [&](const model::Transformer& m) {
    StepMetrics metrics;
    const TokenTile tile = make_tile(rows, {0, 1, 2}, at::kCPU, m.is_batch_invariant());
    return negative_log_likelihood(m, rows)(tile, m.hidden_ND(tile.layout), metrics);
  };
  loss_of(model).backward();
  model.finish_gradients();
  adapters.gather_gradients();

  model::NamedTensors weights = copy_of(base), parameters;
  for (auto& [name, p] : adapters.parameters()) parameters[name] = p.detach().clone().set_requires_grad(true);
  for (const auto& [name, p] : parameters) {
    if (!name.ends_with("lora_A.weight")) continue;
    const std::string path = name.substr(0, name.size() - 14);
    weights[path + ".weight"] = base.at(path + ".weight") + at::mm(parameters.at(path + ".lora_B.weight"), p) * 2.0;
  }
  loss_of(testing::plain(model::Transformer(model.config(), weights))).backward();
  for (const auto& [name, p] : parameters) {
    EXPECT_LT(max_difference(adapters.parameters().at(name).grad(), p.grad()), 2e-5 * std::max(1.0, p.grad().abs().max().item<double>())) << name;
  }
}

TEST(Lora, ComesBackFromItsFolderMerged) {
  const TemporaryFolder folder;
  model::Transformer model = golden_model(std::string("llama_default")), other = golden_model(std::string("llama_default"));
  LoraAdapters adapters(model, lora_config());
  {
    at::NoGradGuard guard;
    for (auto& [name, p] : adapters.parameters()) p.copy_(at::linspace(-0.4, 0.3, p.numel()).view(p.sizes()));
  }
  adapters.apply();
  save_adapter(folder.path() / "a", adapters.parameters(), lora_config(), "base");
  merge_adapter(other, folder.path() / "a");
  for (const auto& [name, weight] : model.weights()) EXPECT_TRUE(at::equal(weight, other.weights().at(name))) << name;

  model::Transformer wrong = golden_model(std::string("qwen3_default"));
  using ::testing::HasSubstr;
  EXPECT_THAT(testing::fault_of([&] { merge_adapter(wrong, folder.path()); }), HasSubstr("adapter_config.json"));
  const std::string config = read_file(folder.path() / "a/adapter_config.json");
  const auto fault_with = [&](const std::string& text) {
    write_file(folder.path() / "a/adapter_config.json", text);
    return testing::fault_of([&] { merge_adapter(other, folder.path() / "a"); });
  };
  EXPECT_THAT(fault_with("{}"), HasSubstr("no LoRA"));
  EXPECT_THAT(fault_with(R"({"peft_type": "LORA", "r": 3, "lora_alpha": 6, "use_dora": true})"), HasSubstr("use_dora"));
  EXPECT_THAT(fault_with(R"({"peft_type": "LORA", "r": 0, "lora_alpha": 6})"), HasSubstr("lacks r"));
  write_file(folder.path() / "a/adapter_config.json", config);
  const std::string tensors = read_file(folder.path() / "a/adapter_model.safetensors");
  write_file(folder.path() / "a/adapter_model.safetensors", tensors.substr(0, tensors.size() / 2));
  EXPECT_THAT(testing::fault_of([&] { merge_adapter(other, folder.path() / "a"); }), HasSubstr("adapter_model.safetensors"));
}

TEST(Lora, NamesAModuleThatIsNotThere) {
  model::Transformer model = golden_model(std::string("llama_default"));
  OptimizerConfig config = lora_config();
  config.lora_target_modules = {"embed_tokens"};
  EXPECT_THAT(testing::fault_of([&] { LoraAdapters(model, config); }), ::testing::HasSubstr("embed_tokens"));
}

}  // namespace
}  // namespace reprise::training
