// The sampling engine against the plain decoder: the same logits, log-probs and greedy texts; and a completion is its
// own business.
#include "generation/engine.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <deque>

#include "base/error.h"
#include "generation/cpu_decoder.h"
#include "support/fault_of.h"
#include "support/golden_model.h"
#include "training/train_step.h"

namespace reprise::generation {
namespace {

using testing::golden_model;

const std::vector<std::vector<int32_t>> kPrompts = {{1, 5, 9}, {1, 30, 7, 7, 22}, {1, 4}, {1, 12, 13, 14, 15, 16, 17, 18}, {1, 39}};

SamplingConfig config_of(double temperature) {
  SamplingConfig config;
  config.temperature = temperature;
  config.max_prompt_length = 16;
  config.max_completion_length = 20;
  config.generation_rows = 6;
  return config;
}

GenerationRequest request_of(const std::vector<std::vector<int32_t>>& prompts, const std::vector<uint64_t>& numbers, int64_t n) {
  GenerationRequest request;
  request.prompts = prompts;
  request.prompt_numbers = numbers;
  request.num_generations = n;
  request.random_path = {1, 2, 3};
  request.stop_ids = {2};
  return request;
}

std::vector<Completion> sample(const model::Transformer& model, const SamplingConfig& config, const GenerationRequest& request) {
  return generate(model, *testing::golden_tokenizer(), config, request);
}

at::Tensor plain_logits(const model::Transformer& model, const std::vector<int32_t>& ids) {
  at::NoGradGuard guard;
  std::vector<int64_t> wide(ids.begin(), ids.end());
  const model::Transformer reference = testing::plain(model);
  return reference.logits(testing::hidden_of(reference, {wide})[0]);
}

TEST(CpuDecoder, HasThePlainPathsLogits) {
  for (const auto& one : testing::golden_models()["models"]) {
    const model::Transformer model = golden_model(one);
    const std::vector<int32_t> ids = one["ids"].get<std::vector<int32_t>>();
    const at::Tensor expected = plain_logits(model, ids);
    KvPages cache(model.config(), 32, 8);
    CpuDecoder decoder(model.row_model(), cache, 8);
    KvSequence prefix(cache), own(cache, &prefix, 10);
    ASSERT_TRUE(prefix.reserve(10) && own.reserve(38));
    const auto check = [&](int64_t position, const float* row) {
      double worst = 0;
      for (int64_t v = 0; v < 40; ++v) worst = std::max(worst, std::abs(expected[position][v].item<double>() - row[v]));
      EXPECT_LT(worst, 2e-5) << one["name"] << " at " << position;
    };
    // Ten tokens of a shared prefix in two passes, then the rest in passes of 1 to 8 rows.
    int64_t at = 0;
    for (int64_t count : {6, 4, 1, 8, 1, 1, 7, 8, 8, 4}) {
      std::vector<TokenRow> rows;
      std::vector<int64_t> chosen;
      for (int64_t i = 0; i < count; ++i) {
        const int64_t position = at + i;
        rows.push_back({ids[static_cast<size_t>(position)], position, position < 10 ? &prefix : &own});
        chosen.push_back(i);
      }
      decoder.forward(rows);
      const float* logits = decoder.logits(chosen);
      for (int64_t i = 0; i < count; ++i) check(at + i, logits + i * 40);
      at += count;
    }
    EXPECT_EQ(at, 48);
  }
}

TEST(CpuDecoder, ARowDoesNotDependOnItsNeighbours) {
  const model::Transformer model = golden_model(std::string("qwen2_llama3"));
  const auto run = [&](int64_t num_rows, int num_neighbours, size_t place) {
    KvPages cache(model.config(), 32, 100);
    CpuDecoder decoder(model.row_model(), cache, num_rows);
    std::deque<KvSequence> sequences;
    for (int i = 0; i <= num_neighbours; ++i) {
      sequences.emplace_back(cache);
      EXPECT_TRUE(sequences.back().reserve(6));
    }
    std::vector<float> out;
    for (int64_t position = 0; position < 6; ++position) {
      std::vector<TokenRow> rows;
      for (int i = 0; i <= num_neighbours; ++i) rows.push_back({static_cast<int32_t>((11 * i + 5 * position + num_neighbours) % 40), position, &sequences[static_cast<size_t>(i)]});
      rows[place].id = static_cast<int32_t>(3 + position);
      decoder.forward(rows);
      const int64_t chosen = static_cast<int64_t>(place);
      const float* logits = decoder.logits({&chosen, 1});
      out.insert(out.end(), logits, logits + 40);
    }
    return out;
  };
  for (const int64_t num_rows : {1, 2, 3, 5, 6, 7, 8, 13, 16, 17, 30, 64}) {
    const auto alone = run(num_rows, 0, 0);
    for (size_t place = 0; place < static_cast<size_t>(num_rows); ++place) {
      EXPECT_EQ(run(num_rows, static_cast<int>(num_rows) - 1, place), alone) << "row " << place << " of " << num_rows;
    }
  }
}

TEST(GenerationEngine, ACompletionDoesNotDependOnItsNeighbours) {
  const model::Transformer model = golden_model(std::string("llama_llama3"));
  const auto together = sample(model, config_of(1.3), request_of(kPrompts, {10, 11, 12, 13, 14}, 4));
  ASSERT_EQ(together.size(), 20u);
  for (size_t p = 0; p < kPrompts.size(); ++p) {
    const auto alone = sample(model, config_of(1.3), request_of({kPrompts[p]}, {10 + p}, 4));
    for (size_t s = 0; s < 4; ++s) {
      EXPECT_EQ(alone[s].ids, together[4 * p + s].ids);
      EXPECT_EQ(alone[s].behavior_logprobs, together[4 * p + s].behavior_logprobs);
    }
    // Two more, later.
    auto more = request_of({kPrompts[p]}, {10 + p}, 2);
    more.first_sample_index = 2;
    const auto later = sample(model, config_of(1.3), more);
    EXPECT_EQ(later[0].ids, together[4 * p + 2].ids);
    EXPECT_EQ(later[1].sample_index, 3);
  }
  EXPECT_NE(together[0].ids, together[1].ids) << "samples of a prompt draw from their own streams";
}

TEST(GenerationEngine, ACompletionDoesNotDependOnRowsOrThreads) {
  const model::Transformer model = golden_model(std::string("llama_llama3"));
  const auto request = request_of(kPrompts, {10, 11, 12, 13, 14}, 3);
  const auto usual = sample(model, config_of(1.1), request);
  const int threads = at::get_num_threads();
  for (int64_t rows : {1, 2, 7, 100}) {
    for (int count : {1, 2}) {
      at::set_num_threads(count);
      auto config = config_of(1.1);
      config.generation_rows = rows;
      const auto other = sample(model, config, request);
      for (size_t i = 0; i < usual.size(); ++i) {
        EXPECT_EQ(other[i].ids, usual[i].ids) << rows << " rows, " << count << " threads";
        EXPECT_EQ(other[i].behavior_logprobs, usual[i].behavior_logprobs);
      }
    }
  }
  at::set_num_threads(threads);
}

// Pages of any size, taken away and given back as the cache is short of them; prompts read in pieces.
TEST(GenerationEngine, ACompletionDoesNotDependOnTheCache) {
  const model::Transformer model = golden_model(std::string("qwen3_yarn"));
  auto config = config_of(1.1);
  config.max_completion_length = 50;
  auto request = request_of(kPrompts, {10, 11, 12, 13, 14}, 6);
  request.stop_ids.clear();  // all 50 tokens: more than a page of 32
  const auto usual = sample(model, config, request);
  ASSERT_EQ(usual[0].ids.size(), 50u);
  request.page_positions = 32;
  const double page = KvPages::bytes_of_page(model.config(), 32) * 1e-9;
  for (double pages : {0.0, 3.01, 4.01, 6.01, 11.01}) {
    for (int64_t rows : {1, 6, 30}) {
      config.kv_cache_gigabytes = pages * page;
      config.generation_rows = rows;
      const auto other = sample(model, config, request);
      for (size_t i = 0; i < usual.size(); ++i) {
        ASSERT_EQ(other[i].ids, usual[i].ids) << pages << " pages, " << rows << " rows";
        ASSERT_EQ(other[i].behavior_logprobs, usual[i].behavior_logprobs);
      }
    }
  }
  config.kv_cache_gigabytes = 2.01 * page;
  EXPECT_THAT(testing::fault_of([&] { sample(model, config, request); }), ::testing::HasSubstr("kv_cache_gigabytes"));
}

// What the sampler says of each token when it draws it is what the trainer computes from the whole row, to the bit.
TEST(GenerationEngine, DrawsWhatTheTrainerScores) {
  for (const auto& one : testing::golden_models()["models"]) {
    model::Transformer model = golden_model(one);
    for (const double temperature : {1.0, 0.6}) {
      auto config = config_of(temperature);
      config.max_completion_length = 40;
      const auto completions = sample(model, config, request_of(kPrompts, {0, 1, 2, 3, 4}, 3));
      std::vector<training::TrainingRow> rows;
      for (const Completion& c : completions) {
        training::TrainingRow row;
        row.ids = kPrompts[static_cast<size_t>(c.problem_index)];
        row.num_prompt_ids = static_cast<int64_t>(row.ids.size());
        row.ids.insert(row.ids.end(), c.ids.begin(), c.ids.end());
        row.order = static_cast<int64_t>(rows.size());
        rows.push_back(std::move(row));
      }
      const auto check = [&] {
        const auto scored = training::row_logprobs(model, rows, 64, temperature);
        bool equal = true;
        for (size_t i = 0; i < completions.size(); ++i) equal &= scored[i] == completions[i].behavior_logprobs;
        return equal;
      };
      EXPECT_TRUE(check()) << one["name"] << " at temperature " << temperature;
      at::NoGradGuard guard;
      model.weights().at("model.layers.1.mlp.up_proj.weight")[2][3].add_(1e-3);
      EXPECT_FALSE(check()) << "another weight is seen";
      model.weights().at("model.layers.1.mlp.up_proj.weight")[2][3].sub_(1e-3);
    }
  }
}

TEST(GenerationEngine, NoEndIsDrawnBeforeTheLeastLength) {
  const model::Transformer model = golden_model(std::string("llama_default"));
  auto config = config_of(1.5);
  const auto request = request_of(kPrompts, {0, 1, 2, 3, 4}, 8);
  const auto shortest = [&] {
    size_t least = 1000;
    for (const Completion& one : sample(model, config, request)) least = std::min(least, one.ids.size());
    return least;
  };
  EXPECT_LT(shortest(), 9u);
  config.min_completion_length = 9;
  EXPECT_GE(shortest(), 10u);
  for (const Completion& one : sample(model, config, request)) {
    for (size_t t = 0; t < 9; ++t) EXPECT_GE(one.behavior_logprobs[t], one.full_logprobs[t] * 1.0 / 1.5 - 5) << "renormalised without the end";
  }
}

TEST(GenerationEngine, ForcesTheEndOfThinkingAndMoreOfIt) {
  const model::Transformer model = golden_model(std::string("llama_default"));
  auto config = config_of(1.0);
  const auto request = request_of(kPrompts, {0, 1, 2, 3, 4}, 8);
  const auto usual = sample(model, config, request);
  config.thinking_end = "w7";
  config.wait_text = "w11 w12";
  config.num_waits = 1;
  int replaced = 0;
  const auto waiting = sample(model, config, request);
  for (size_t i = 0; i < usual.size(); ++i) {
    const auto& ids = usual[i].ids;
    const auto end = std::find(ids.begin(), ids.end(), 7);
    const size_t at = static_cast<size_t>(end - ids.begin());
    ASSERT_TRUE(std::equal(ids.begin(), end, waiting[i].ids.begin()));
    if (end == ids.end() || at + 1 >= waiting[i].ids.size()) continue;
    ++replaced;
    EXPECT_EQ(waiting[i].ids[at], 11);
    EXPECT_EQ(waiting[i].ids[at + 1], 12);
    EXPECT_EQ(waiting[i].behavior_logprobs[at], 0) << "it was put, not drawn";
    // And every log-prob that follows is the model's for the text as it stands.
    std::vector<int32_t> whole = kPrompts[static_cast<size_t>(waiting[i].problem_index)];
    const size_t start = whole.size();
    whole.insert(whole.end(), waiting[i].ids.begin(), waiting[i].ids.end());
    const at::Tensor full = at::log_softmax(plain_logits(model, whole), -1);
    for (size_t t = 0; t < waiting[i].ids.size(); ++t) {
      EXPECT_NEAR(waiting[i].full_logprobs[t], full[static_cast<int64_t>(start + t) - 1][waiting[i].ids[t]].item<double>(), 3e-5);
    }
  }
  EXPECT_GT(replaced, 3);
  config.num_waits = 0;
  config.max_thinking_length = 6;
  int forced = 0;
  for (const Completion& one : sample(model, config, request)) {
    const auto end = std::find(one.ids.begin(), one.ids.end(), 7);
    if (one.ids.size() <= 6) continue;
    ASSERT_NE(end, one.ids.end());
    EXPECT_LE(end - one.ids.begin(), 6);
    forced += end - one.ids.begin() == 6 && one.behavior_logprobs[6] == 0;
  }
  EXPECT_GT(forced, 3);
}

TEST(GenerationEngine, LogProbsAreTheModels) {
  const model::Transformer model = golden_model(std::string("qwen3_yarn"));
  const double temperature = 0.7;
  const auto completions = sample(model, config_of(temperature), request_of(kPrompts, {0, 1, 2, 3, 4}, 3));
  for (const Completion& one : completions) {
    std::vector<int32_t> ids = kPrompts[static_cast<size_t>(one.problem_index)];
    const size_t start = ids.size();
    ids.insert(ids.end(), one.ids.begin(), one.ids.end());
    const at::Tensor logits = plain_logits(model, ids);
    const at::Tensor full = at::log_softmax(logits, -1), tempered = at::log_softmax(logits / temperature, -1);
    for (size_t t = 0; t < one.ids.size(); ++t) {
      const int64_t position = static_cast<int64_t>(start + t) - 1;
      EXPECT_NEAR(one.full_logprobs[t], full[position][one.ids[t]].item<double>(), 2e-5);
      EXPECT_NEAR(one.behavior_logprobs[t], tempered[position][one.ids[t]].item<double>(), 3e-5);
    }
  }
}

TEST(GenerationEngine, GreedyTakesTheLikeliestAndStops) {
  const model::Transformer model = golden_model(std::string("llama_default"));
  for (const Completion& one : sample(model, config_of(0), request_of(kPrompts, {0, 1, 2, 3, 4}, 1))) {
    std::vector<int32_t> ids = kPrompts[static_cast<size_t>(one.problem_index)];
    for (size_t t = 0; t < one.ids.size(); ++t) {
      EXPECT_EQ(one.ids[t], plain_logits(model, ids)[-1].argmax().item<int64_t>());
      ids.push_back(one.ids[t]);
    }
    const bool ended = one.ids.back() == 2;
    EXPECT_EQ(one.stop_reason, ended ? StopReason::eos : StopReason::length);
    EXPECT_EQ(one.ids.size() < 20, ended && one.ids.size() < 20);
    EXPECT_EQ(std::count(one.ids.begin(), one.ids.end() - 1, 2), 0) << "nothing follows the end token";
  }
}

TEST(GenerationEngine, StopsAtAString) {
  const model::Transformer model = golden_model(std::string("llama_default"));
  auto config = config_of(1.0);
  const auto plain = sample(model, config, request_of(kPrompts, {0, 1, 2, 3, 4}, 8));
  config.stop_strings = {"w7"};
  const auto stopped = sample(model, config, request_of(kPrompts, {0, 1, 2, 3, 4}, 8));
  int num_stopped = 0;
  for (size_t i = 0; i < plain.size(); ++i) {
    ASSERT_LE(stopped[i].ids.size(), plain[i].ids.size());
    EXPECT_TRUE(std::equal(stopped[i].ids.begin(), stopped[i].ids.end(), plain[i].ids.begin()));
    if (stopped[i].stop_reason == StopReason::stop_string) {
      ++num_stopped;
      EXPECT_EQ(stopped[i].ids.back(), 7);
    }
  }
  EXPECT_GT(num_stopped, 3);
}

TEST(GenerationEngine, RefusesAPromptThatDoesNotFitBeforeTheFirstToken) {
  const model::Transformer model = golden_model(std::string("llama_default"));
  auto config = config_of(1.0);
  const auto fault = [&] {
    try {
      sample(model, config, request_of(kPrompts, {0, 1, 2, 3, 4}, 1));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  config.max_prompt_length = 7;
  EXPECT_THAT(fault(), ::testing::HasSubstr("max_prompt_length"));
  config = config_of(1.0);
  config.max_completion_length = 100;  // the model has 64 positions
  EXPECT_NE(fault(), "nothing was thrown");
}

TEST(GenerationEngine, GivesUpWhenAsked) {
  const model::Transformer model = golden_model(std::string("llama_default"));
  EXPECT_THROW(generate(model, *testing::golden_tokenizer(), config_of(1.0), request_of(kPrompts, {0, 1, 2, 3, 4}, 4), [](const GenerationProgress&) { return false; }), Interrupted);
}

}  // namespace
}  // namespace reprise::generation
