// The decoder against transformers (golden values) and against itself by other ways.
#include "model/transformer.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/error.h"
#include "model/kv_cache.h"
#include "support/golden_model.h"

namespace reprise::model {
namespace {

using testing::golden_model;
using testing::hidden_of;
using testing::ids_tensor;
using testing::max_difference;

std::vector<int64_t> ids_of(const nlohmann::json& one) { return one["ids"].get<std::vector<int64_t>>(); }

// Both ways to run a model: our own rows (batch invariant) and LibTorch's ops.
class TransformerOnBothPaths : public ::testing::TestWithParam<bool> {
 protected:
  static Transformer model_of(const nlohmann::json& one) { return GetParam() ? golden_model(one) : testing::plain(golden_model(one)); }
};
INSTANTIATE_TEST_SUITE_P(Paths, TransformerOnBothPaths, ::testing::Values(true, false), [](const auto& info) { return std::string(info.param ? "rows" : "libtorch"); });

TEST_P(TransformerOnBothPaths, HasTheLogProbsOfTransformers) {
  at::NoGradGuard guard;
  int count = 0;
  for (const auto& one : testing::golden_models()["models"]) {
    const Transformer model = model_of(one);
    ASSERT_EQ(model.is_batch_invariant(), GetParam());
    const auto ids = ids_of(one);
    const int64_t n = static_cast<int64_t>(ids.size());
    const at::Tensor hidden = hidden_of(model, {ids})[0].slice(0, 0, n - 1);
    const at::Tensor targets = ids_tensor(ids).slice(0, 1, n);
    const auto scores = model.score(hidden, targets);
    const auto expected = one["logprobs"].get<std::vector<double>>();
    ASSERT_EQ(expected.size(), static_cast<size_t>(n - 1));
    double worst = 0;
    for (int64_t i = 0; i + 1 < n; ++i) worst = std::max(worst, std::abs(scores.logprobs_N[i].item<double>() - expected[i]));
    EXPECT_LT(worst, 1e-4) << one["name"];
    // The same in chunks of three, which is how long texts are scored.
    EXPECT_LT(max_difference(model.score(hidden, targets, 1.0, 3).logprobs_N, scores.logprobs_N), 1e-6) << one["name"];
    // And the entropy, from the logits.
    const at::Tensor log_p = at::log_softmax(model.logits(hidden) / 0.7, -1);
    EXPECT_LT(max_difference(model.score(hidden, targets, 0.7).entropy_N, -(log_p.exp() * log_p).sum(-1)), 2e-5) << one["name"];
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
    const auto whole = hidden_of(model, {ids, other});
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
        EXPECT_LT(max_difference(last[b], whole[static_cast<size_t>(b)][at[b] - 1]), 1e-5) << name << " row " << b << " at " << at[b];
      }
    }
  }
}

TEST_P(TransformerOnBothPaths, RowsDoNotSeeEachOther) {
  at::NoGradGuard guard;
  const Transformer model = model_of(testing::golden_case("qwen3_yarn"));
  const std::vector<int64_t> a = {1, 5, 9, 13, 2}, b = {1, 30, 7, 7, 7, 22, 31, 4}, c = {1, 4, 4};
  const auto together = hidden_of(model, {a, b, c});
  EXPECT_LT(max_difference(together[0], hidden_of(model, {a})[0]), 1e-5);
  EXPECT_LT(max_difference(together[1], hidden_of(model, {b})[0]), 1e-5);
  EXPECT_LT(max_difference(together[2], hidden_of(model, {c})[0]), 1e-5);
}

// A prompt and two continuations of it, laid out once, against the two rows written out.
TokenLayout shared_layout(const std::vector<int64_t>& prompt, const std::vector<std::vector<int64_t>>& tails) {
  TokenLayout layout;
  layout.add(prompt.begin(), prompt.end());
  for (const auto& tail : tails) {
    const int64_t index = layout.add(tail.begin(), tail.end(), 0);
    const TokenSequence& own = layout.sequences[static_cast<size_t>(index)];
    layout.outputs.push_back(static_cast<int64_t>(prompt.size()) - 1);
    for (int64_t t = 0; t + 1 < own.length; ++t) layout.outputs.push_back(own.first + t);
  }
  return layout;
}

TEST_P(TransformerOnBothPaths, ASharedPrefixReadsAsIfWrittenOut) {
  at::NoGradGuard guard;
  const std::vector<int64_t> prompt = {1, 5, 9, 13, 2, 8, 8, 3, 39}, x = {30, 7, 7}, y = {4, 22, 31, 6, 6};
  for (const char* name : {"qwen3_yarn", "llama_llama3", "qwen2_default"}) {
    const Transformer model = model_of(testing::golden_case(name));
    const at::Tensor shared = model.hidden_ND(shared_layout(prompt, {x, y}));
    std::vector<at::Tensor> rows;
    for (const auto& tail : {x, y}) {
      auto whole = prompt;
      whole.insert(whole.end(), tail.begin(), tail.end());
      rows.push_back(hidden_of(model, {whole})[0].slice(0, static_cast<int64_t>(prompt.size()) - 1, static_cast<int64_t>(whole.size()) - 1));
    }
    const at::Tensor expected = at::cat(rows);
    if (GetParam()) EXPECT_TRUE(at::equal(shared, expected)) << name;
    else EXPECT_LT(max_difference(shared, expected), 1e-5) << name;
  }
}

NamedTensors gradients_of(Transformer& model, const std::function<at::Tensor()>& loss) {
  for (auto& [name, tensor] : model.weights()) {
    tensor.set_requires_grad(true);
    tensor.mutable_grad() = at::Tensor();
  }
  loss().backward();
  model.finish_gradients();
  NamedTensors out;
  for (auto& [name, tensor] : model.weights()) out[name] = tensor.grad().clone();
  return out;
}

// The hand-written backward pass, whole and recomputed, against LibTorch's autograd: every weight of every architecture, long
// rows (more than one panel of positions), shared prefixes, log-probs at a temperature.
TEST(Transformer, HasAutogradsGradients) {
  std::vector<int64_t> prompt, x, y;
  for (int64_t t = 0; t < 35; ++t) prompt.push_back((7 * t + 1) % 40);
  for (int64_t t = 0; t < 20; ++t) x.push_back((11 * t + 3) % 40);
  for (int64_t t = 0; t < 9; ++t) y.push_back((3 * t * t + 5) % 40);
  const TokenLayout layout = shared_layout(prompt, {x, y});
  std::vector<int64_t> ids = x;
  ids.insert(ids.end(), y.begin(), y.end());
  const at::Tensor targets = ids_tensor(ids), weights = at::linspace(-1, 1, targets.numel());
  for (const auto& one : testing::golden_models()["models"]) {
    Transformer reference = testing::plain(golden_model(one)), model = golden_model(one);
    const auto expected = gradients_of(reference, [&] {
      const at::Tensor log_p = at::log_softmax(reference.logits(reference.hidden_ND(layout)) / 1.3, -1);
      return (log_p.gather(1, targets.unsqueeze(1)).squeeze(1) * weights).sum();
    });
    const auto agree = [&](const NamedTensors& got, const std::string& what) {
      for (const auto& [name, gradient] : expected) {
        const double scale = std::max(1.0, gradient.abs().max().item<double>());
        EXPECT_LT(max_difference(got.at(name), gradient) / scale, 3e-5) << one["name"] << " " << name << what;
      }
    };
    for (const bool recompute : {false, true}) {
      agree(gradients_of(model, [&] { return (model.score(model.hidden_ND(layout, recompute), targets, 1.3, 7).logprobs_N * weights).sum(); }), recompute ? ", recomputed" : "");
      agree(gradients_of(reference, [&] { return (reference.score(reference.hidden_ND(layout, recompute), targets, 1.3, 7).logprobs_N * weights).sum(); }), ", LibTorch in chunks");
    }
    agree(gradients_of(model, [&] {
            const at::Tensor log_p = at::log_softmax(model.logits(model.hidden_ND(layout)) / 1.3, -1);
            return (log_p.gather(1, targets.unsqueeze(1)).squeeze(1) * weights).sum();
          }), ", by way of the logits");
  }
}

TEST(Transformer, PacksItsWeightsAgainWhenOneHasChanged) {
  at::NoGradGuard guard;
  Transformer model = golden_model(std::string("llama_default"));
  const std::vector<int64_t> ids = {1, 5, 9, 13};
  const at::Tensor before = hidden_of(model, {ids})[0];
  EXPECT_TRUE(at::equal(hidden_of(model, {ids})[0], before));
  model.weights().at("model.layers.1.mlp.down_proj.weight")[0][0].add_(0.25);
  EXPECT_FALSE(at::equal(hidden_of(model, {ids})[0], before));
  model.weights().at("model.layers.1.mlp.down_proj.weight")[0][0].sub_(0.25);
  EXPECT_TRUE(at::equal(hidden_of(model, {ids})[0], before));
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
