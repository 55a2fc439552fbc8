// The decoder against transformers (golden values) and against itself by other ways.
#include "model/transformer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/kv_cache.h"
#include "support/golden_model.h"

namespace reprise::model {
namespace {

using testing::golden_model;
using testing::ids_tensor;
using testing::lengths_tensor;
using testing::max_difference;

std::vector<int64_t> ids_of(const nlohmann::json& one) { return one["ids"].get<std::vector<int64_t>>(); }

at::Tensor hidden_of(const Transformer& model, const std::vector<std::vector<int64_t>>& rows) {
  return model.hidden_BTD({ids_tensor(rows), lengths_tensor(rows), {}});
}

TEST(Transformer, HasTheLogProbsOfTransformers) {
  at::NoGradGuard guard;
  int count = 0;
  for (const auto& one : testing::golden_models()["models"]) {
    const Transformer model = golden_model(one);
    const auto ids = ids_of(one);
    const int64_t n = static_cast<int64_t>(ids.size());
    const at::Tensor hidden = hidden_of(model, {ids})[0].slice(0, 0, n - 1);
    const at::Tensor targets = ids_tensor({ids})[0].slice(0, 1, n);
    const auto scores = model.score(hidden, targets);
    const auto expected = one["logprobs"].get<std::vector<double>>();
    ASSERT_EQ(expected.size(), static_cast<size_t>(n - 1));
    double worst = 0;
    for (int64_t i = 0; i + 1 < n; ++i) worst = std::max(worst, std::abs(scores.logprobs_N[i].item<double>() - expected[i]));
    EXPECT_LT(worst, 1e-4) << one["name"];
    // The same in chunks of three, which is how long texts are scored.
    EXPECT_LT(max_difference(model.score(hidden, targets, 1.0, 3).logprobs_N, scores.logprobs_N), 1e-6) << one["name"];
    ++count;
  }
  EXPECT_EQ(count, 16);
}

TEST(Transformer, ReadsTheSameWithACache) {
  at::NoGradGuard guard;
  for (const char* name : {"llama_llama3", "qwen2_yarn", "qwen3_default", "llama_tied_linear"}) {
    const Transformer model = golden_model(std::string(name));
    const auto ids = ids_of(testing::golden_case(name));
    std::vector<int64_t> other(ids.rbegin(), ids.rend());
    const at::Tensor whole = hidden_of(model, {ids, other});
    KvCache cache(model.config(), 2, 64, at::kFloat, at::kCPU);
    // A prefill of 5 and 3, then unequal steps.
    int64_t at[2] = {0, 0};
    const int64_t steps[][2] = {{5, 3}, {1, 1}, {4, 1}, {1, 7}, {1, 2}, {20, 1}};
    for (const auto& step : steps) {
      const int64_t longest = std::max(step[0], step[1]);
      at::Tensor fresh = at::zeros({2, longest}, at::kLong), count = at::zeros({2}, at::kLong);
      for (int b = 0; b < 2; ++b) {
        for (int64_t t = 0; t < step[b]; ++t) fresh[b][t] = (b == 0 ? ids : other)[static_cast<size_t>(at[b] + t)];
        count[b] = step[b];
      }
      const at::Tensor last = model.step_BD(cache, fresh, count);
      for (int b = 0; b < 2; ++b) {
        at[b] += step[b];
        if (step[b] == 0) continue;
        EXPECT_LT(max_difference(last[b], whole[b][at[b] - 1]), 1e-5) << name << " row " << b << " at " << at[b];
      }
    }
  }
}

TEST(Transformer, RowsDoNotSeePaddingOrEachOther) {
  at::NoGradGuard guard;
  const Transformer model = golden_model(std::string("qwen3_yarn"));
  const std::vector<int64_t> a = {1, 5, 9, 13, 2}, b = {1, 30, 7, 7, 7, 22, 31, 4};
  const at::Tensor together = hidden_of(model, {a, b}), alone = hidden_of(model, {a});
  EXPECT_LT(max_difference(together[0].slice(0, 0, 5), alone[0]), 1e-6);
  at::Tensor ids = ids_tensor({a, b});
  ids[0].slice(0, 5, 8).fill_(39);  // what stands in the padding
  const at::Tensor other = model.hidden_BTD({ids, lengths_tensor({a, b}), {}});
  EXPECT_EQ(max_difference(other[0].slice(0, 0, 5), together[0].slice(0, 0, 5)), 0);
}

TEST(Transformer, PackedRowsReadAsIfAlone) {
  at::NoGradGuard guard;
  const Transformer model = golden_model(std::string("llama_default"));
  const std::vector<int64_t> a = {1, 5, 9, 13, 2}, b = {1, 30, 7}, c = {1, 4, 4, 8};
  std::vector<int64_t> packed = a;
  packed.insert(packed.end(), b.begin(), b.end());
  packed.insert(packed.end(), c.begin(), c.end());
  const at::Tensor segments = ids_tensor({{1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3}});
  const at::Tensor hidden = model.hidden_BTD({ids_tensor({packed}), lengths_tensor({packed}), segments})[0];
  EXPECT_LT(max_difference(hidden.slice(0, 0, 5), hidden_of(model, {a})[0]), 1e-5);
  EXPECT_LT(max_difference(hidden.slice(0, 5, 8), hidden_of(model, {b})[0]), 1e-5);
  EXPECT_LT(max_difference(hidden.slice(0, 8, 12), hidden_of(model, {c})[0]), 1e-5);
}

// Gradients of a loss over score()'s own backward, with and without recomputing layers, against plain autograd.
TEST(Transformer, HasAutogradsGradientsInChunksAndWithRecomputing) {
  Transformer model = golden_model(std::string("qwen2_default"));
  for (auto& [name, tensor] : model.weights()) tensor.set_requires_grad(true);
  const auto ids = ids_of(testing::golden_case("qwen2_default"));
  const int64_t n = static_cast<int64_t>(ids.size());
  const at::Tensor targets = ids_tensor({ids})[0].slice(0, 1, n);
  const at::Tensor weights = at::linspace(-1, 1, n - 1);
  const auto gradients = [&](auto&& loss) {
    for (auto& [name, tensor] : model.weights()) tensor.mutable_grad() = at::Tensor();
    loss().backward();
    NamedTensors out;
    for (auto& [name, tensor] : model.weights()) out[name] = tensor.grad().clone();
    return out;
  };
  const auto plain = gradients([&] {
    const at::Tensor hidden = hidden_of(model, {ids})[0].slice(0, 0, n - 1);
    const at::Tensor logprobs = at::log_softmax(model.logits(hidden), -1);
    return (logprobs.gather(1, targets.unsqueeze(1)).squeeze(1) * weights).sum();
  });
  for (const bool recompute : {false, true}) {
    const auto ours = gradients([&] {
      const at::Tensor hidden = model.hidden_BTD({ids_tensor({ids}), lengths_tensor({ids}), {}}, recompute)[0].slice(0, 0, n - 1);
      const auto scores = model.score(hidden, targets, 1.0, 7);
      return (scores.logprobs_N * weights).sum();
    });
    for (const auto& [name, gradient] : plain) {
      const double scale = std::max(1.0, gradient.abs().max().item<double>());
      EXPECT_LT(max_difference(ours.at(name), gradient) / scale, 2e-5) << name << (recompute ? ", recomputed" : "");
    }
  }
}

TEST(Transformer, NamesAWeightThatDoesNotFit) {
  const Transformer model = golden_model(std::string("llama_default"));
  const auto fault = [&](auto&& change) {
    NamedTensors weights = model.weights();
    change(weights);
    try {
      Transformer(model.config(), weights);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_NE(fault([](NamedTensors& w) { w.erase("model.norm.weight"); }).find("model.norm.weight"), std::string::npos);
  EXPECT_NE(fault([](NamedTensors& w) { w["model.layers.2.mlp.up_proj.weight"] = at::zeros({2, 2}); }).find("model.layers.2.mlp.up_proj.weight"), std::string::npos);
  EXPECT_NE(fault([](NamedTensors& w) { w["lm_head.weight"] = at::zeros({16, 40}); }).find("lm_head.weight"), std::string::npos);
}

TEST(Transformer, FreshWeightsAreTheSameEverywhere) {
  const auto config = golden_model(std::string("qwen3_default")).config();
  const Transformer a = Transformer::random(config, 7, 0.02, at::kFloat, at::kCPU), b = Transformer::random(config, 7, 0.02, at::kFloat, at::kCPU);
  const Transformer c = Transformer::random(config, 8, 0.02, at::kFloat, at::kCPU);
  for (const auto& [name, tensor] : a.weights()) EXPECT_TRUE(at::equal(tensor, b.weights().at(name))) << name;
  EXPECT_FALSE(at::equal(a.weights().at("model.embed_tokens.weight"), c.weights().at("model.embed_tokens.weight")));
  const at::Tensor& embedding = a.weights().at("model.embed_tokens.weight");
  EXPECT_NEAR(embedding.mean().item<double>(), 0, 0.004);  // 640 draws: 5 standard errors
  EXPECT_NEAR(embedding.std().item<double>(), 0.02, 0.003);
}

}  // namespace
}  // namespace reprise::model
