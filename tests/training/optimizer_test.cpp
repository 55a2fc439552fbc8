// AdamW against torch.optim.AdamW (golden values), and what an update must not depend on.
#include "training/optimizer.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "support/golden_model.h"
#include "training/loss.h"
#include "training/packing.h"
#include "training/train_step.h"

namespace reprise::training {
namespace {

using testing::golden_model;
using testing::max_difference;

OptimizerConfig golden_config() {
  OptimizerConfig config;
  config.adam_beta2 = 0.95;
  config.weight_decay = 0.1;
  config.max_grad_norm = 0;
  return config;
}

// The golden tensors are a 2 x 3 matrix and a vector of 3: corners of two weights of a model.
TEST(AdamW, TakesTorchsSteps) {
  model::Transformer model = golden_model(std::string("llama_default"));
  at::Tensor& matrix = model.weights().at("lm_head.weight");
  at::Tensor& vector = model.weights().at("model.norm.weight");
  {
    at::NoGradGuard guard;
    for (int r = 0; r < 2; ++r) {
      for (int c = 0; c < 3; ++c) matrix[r][c] = static_cast<float>(std::sin(0.5 * (3 * r + c)));
    }
    for (int i = 0; i < 3; ++i) vector[i] = static_cast<float>(std::cos(0.7 * i));
  }
  AdamW optimizer(model, golden_config());
  int step = 0;
  for (const auto& expected : testing::golden_models()["adamw"]) {
    optimizer.zero_gradients();
    for (auto& [name, weight] : model.weights()) weight.mutable_grad() = at::zeros_like(weight);
    for (int r = 0; r < 2; ++r) {
      for (int c = 0; c < 3; ++c) matrix.mutable_grad()[r][c] = static_cast<float>(std::sin(1.3 * (3 * r + c) + step));
    }
    for (int i = 0; i < 3; ++i) vector.mutable_grad()[i] = static_cast<float>(std::cos(0.9 * i + step));
    optimizer.step(0.05);
    for (int i = 0; i < 6; ++i) EXPECT_NEAR(matrix[i / 3][i % 3].item<double>(), expected["matrix"][i].get<double>(), 2e-7) << "step " << step << " element " << i;
    for (int i = 0; i < 3; ++i) EXPECT_NEAR(vector[i].item<double>(), expected["vector"][i].get<double>(), 2e-7) << "step " << step << " element " << i;
    ++step;
  }
  EXPECT_EQ(step, 3);
}

TEST(AdamW, ClipsToTheGlobalNorm) {
  model::Transformer model = golden_model(std::string("llama_default"));
  OptimizerConfig config;
  config.max_grad_norm = 0.5;
  AdamW optimizer(model, config);
  double squares = 0;
  for (auto& [name, weight] : model.weights()) {
    weight.mutable_grad() = at::full_like(weight, 0.25);
    squares += 0.0625 * static_cast<double>(weight.numel());
  }
  EXPECT_NEAR(optimizer.clip_gradients(), std::sqrt(squares), 1e-4);
  optimizer.step(0.1);
  double after = 0;  // the first moment is (1 - beta1) times the gradient that the step took
  for (const auto& [name, tensor] : optimizer.state()) {
    if (name.starts_with("exp_avg/")) after += tensor.square().sum().item<double>();
  }
  EXPECT_NEAR(std::sqrt(after) / (1 - config.adam_beta1), 0.5, 1e-5);
}

std::vector<TrainingRow> some_rows(int count) {
  std::vector<TrainingRow> rows;
  for (int i = 0; i < count; ++i) {
    TrainingRow row;
    const int length = 4 + (5 * i) % 13;
    for (int t = 0; t < length; ++t) row.ids.push_back((1 + 7 * i + 3 * t * t + t) % 40);
    row.num_prompt_ids = 1 + i % 3;
    row.order = i;
    rows.push_back(row);
  }
  return rows;
}

// A step lets go of the gradients; after the first one the first moment is (1 - beta1) times them.
model::NamedTensors first_gradients(const AdamW& optimizer, const OptimizerConfig& config) {
  model::NamedTensors out;
  for (const auto& [name, tensor] : optimizer.state()) {
    if (name.starts_with("exp_avg/")) out[name.substr(8)] = tensor / (1 - config.adam_beta1);
  }
  return out;
}

model::NamedTensors gradients_of(const std::vector<TrainingRow>& rows, int64_t tile_tokens, bool checkpointing, double* loss, bool plain = false,
                                 const std::string& name = "qwen3_default") {
  model::Transformer model = golden_model(name);
  model.set_batch_invariant(!plain);
  OptimizerConfig config;
  config.max_grad_norm = 0;
  AdamW optimizer(model, config);
  *loss = train_step(model, optimizer, rows, tile_tokens, checkpointing, 0.0, negative_log_likelihood(model, rows), "test").loss;
  return first_gradients(optimizer, config);
}

// The loss is the mean over all trained tokens however they are cut, laid or recomputed.
TEST(TrainStep, HasGradientsThatDoNotDependOnTheTiles) {
  const auto rows = some_rows(11);
  double expected_loss = 0;
  const auto expected = gradients_of(rows, 1000, false, &expected_loss, true);
  const auto agree = [&](const model::NamedTensors& got, const double& loss, const std::string& what) {
    EXPECT_NEAR(loss, expected_loss, 1e-5) << what;
    for (const auto& [name, gradient] : expected) {
      ASSERT_TRUE(got.contains(name)) << name;
      EXPECT_LT(max_difference(got.at(name), gradient), 1e-5 * std::max(1.0, gradient.abs().max().item<double>())) << what << " " << name;
    }
  };
  double loss = 0;
  for (const bool plain : {true, false}) {
    for (int64_t tokens : {1, 20, 50, 70}) agree(gradients_of(rows, tokens, false, &loss, plain), loss, std::to_string(tokens) + " tokens a tile");
    agree(gradients_of(rows, 50, true, &loss, plain), loss, "recomputed");
    agree(gradients_of(pack_rows(rows, 40), 80, false, &loss, plain), loss, "packed");
  }
}

// Batch invariant: not only about the same. Tied and untied heads, biases, norms of heads; groups with a shared prompt; threads.
TEST(TrainStep, HasTheSameGradientBitsHoweverTheRowsAreCut) {
  auto rows = some_rows(11);
  for (int i = 0; i < 6; ++i) {  // two groups of three
    TrainingRow row;
    for (int t = 0; t < 12; ++t) row.ids.push_back((5 * t + i / 3) % 40);
    row.num_prompt_ids = 12;
    for (int t = 0; t < 3 + 4 * i; ++t) row.ids.push_back((3 * t + i) % 40);
    row.order = 100 + i;
    rows.push_back(row);
  }
  const int threads = at::get_num_threads();
  for (const std::string name : {"qwen3_default", "llama_tied_linear", "qwen2_yarn"}) {
    double loss = 0;
    const auto expected = gradients_of(rows, 100000, false, &loss, false, name);
    auto shuffled = rows;
    std::reverse(shuffled.begin(), shuffled.end());
    for (int64_t tokens : {1, 30, 77, 200}) {
      at::set_num_threads(tokens == 77 ? 1 : 2);
      for (const bool recompute : {false, true}) {
        double other_loss = 0;
        const auto got = gradients_of(tokens == 30 ? shuffled : rows, tokens, recompute, &other_loss, false, name);
        EXPECT_NEAR(other_loss, loss, 1e-6);
        for (const auto& [weight, gradient] : expected) EXPECT_TRUE(at::equal(got.at(weight), gradient)) << name << " " << weight << ", " << tokens << " tokens a tile";
      }
    }
  }
  at::set_num_threads(threads);
}

TEST(TrainStep, HasTheLossOfItsLogProbs) {
  const auto rows = some_rows(5);
  const model::Transformer model = golden_model(std::string("qwen3_default"));
  double sum = 0, loss = 0;
  int64_t count = 0;
  for (const auto& row : row_logprobs(model, rows, 20, 1.0)) {
    for (float value : row) sum -= value;
    count += static_cast<int64_t>(row.size());
  }
  gradients_of(rows, 30, false, &loss);
  EXPECT_NEAR(loss, sum / static_cast<double>(count), 1e-5);
}

TEST(TrainStep, LeavesTheWeightsAloneWhenTheLossIsNotFinite) {
  model::Transformer model = golden_model(std::string("qwen3_default"));
  AdamW optimizer(model, {});
  const auto rows = some_rows(4);
  {
    at::NoGradGuard guard;
    model.weights().at("model.norm.weight")[3] = std::numeric_limits<float>::quiet_NaN();
  }
  const at::Tensor before = model.weights().at("lm_head.weight").detach().clone();
  try {
    train_step(model, optimizer, rows, 2, false, 0.1, negative_log_likelihood(model, rows), "stage x step 3");
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("stage x step 3"));
  }
  EXPECT_TRUE(at::equal(before, model.weights().at("lm_head.weight").detach()));
}

TEST(AdamW, GoesOnFromItsState) {
  const auto rows = some_rows(6);
  const auto run = [&](bool interrupted) {
    model::Transformer model = golden_model(std::string("llama_tied_default"));
    auto optimizer = std::make_unique<AdamW>(model, golden_config());
    for (int step = 0; step < 4; ++step) {
      if (interrupted && step == 2) {
        std::map<std::string, at::Tensor> state;
        for (const auto& [name, tensor] : optimizer->state()) state[name] = tensor.clone();
        optimizer = std::make_unique<AdamW>(model, golden_config());
        optimizer->restore(state, 2, "test");
      }
      train_step(model, *optimizer, rows, 3, false, 0.01, negative_log_likelihood(model, rows), "test");
    }
    StateHash hash;
    add_tensors_to_hash(hash, model.weights());
    optimizer->add_to_hash(hash);
    return hash.hex();
  };
  EXPECT_EQ(run(false), run(true));
  EXPECT_EQ(run(false), run(false));
}

TEST(AdamW, NamesStateThatDoesNotFit) {
  model::Transformer model = golden_model(std::string("llama_default"));
  AdamW optimizer(model, {});
  auto state = optimizer.state();
  state.erase("exp_avg/lm_head.weight");
  EXPECT_THROW(
      {
        try {
          optimizer.restore(state, 1, "step-000001");
        } catch (const Error& error) {
          EXPECT_THAT(error.what(), ::testing::HasSubstr("exp_avg/lm_head.weight"));
          throw;
        }
      },
      Error);
}

// A student that is its teacher has nothing to learn from the teacher's logits.
TEST(Distillation, OfAModelIntoItselfIsAtItsMinimum) {
  const auto rows = some_rows(5);
  model::Transformer student = golden_model(std::string("llama_default"));
  const model::Transformer teacher = golden_model(std::string("llama_default"));
  OptimizerConfig config;
  config.max_grad_norm = 0;
  AdamW optimizer(student, config);
  const auto metrics = train_step(student, optimizer, rows, 2, false, 0.0, distillation(student, teacher, rows, 1.0, 2.0), "test");
  EXPECT_NEAR(metrics.loss, 0, 1e-6);
  for (const auto& [name, gradient] : first_gradients(optimizer, config)) EXPECT_LT(gradient.abs().max().item<double>(), 1e-5) << name;
}

}  // namespace
}  // namespace reprise::training
