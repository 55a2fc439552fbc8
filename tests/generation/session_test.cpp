// A session that is fed while it runs: what comes back does not depend on when a prompt came or beside what, and what is told of prompts is what
// the trainer computes.
#include "generation/session.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/random.h"
#include "generation/cpu_decoder.h"
#include "generation/sampler.h"
#include "generation/torch_session.h"
#include "support/fault_of.h"
#include "support/golden_model.h"
#include "training/train_step.h"

namespace reprise::generation {
namespace {

using testing::golden_model;
using ::testing::HasSubstr;

// Sessions borrow it.
const text::Tokenizer& tokenizer() {
  static const auto golden = testing::golden_tokenizer();
  return *golden;
}

struct Seen : SessionObserver {
  void on_prompt(int64_t request, PromptScores&& scores) override { prompts[request] = std::move(scores); }
  void on_token(int64_t request, const Completion& completion) override {
    EXPECT_EQ(cancelled.count(request), 0u);
    if (!completion.ids.empty()) streamed[{request, completion.sample_index}].push_back(completion.ids.back());
  }
  void on_end(int64_t request, Completion&& completion) override { ends[{request, completion.sample_index}] = std::move(completion); }

  std::map<int64_t, PromptScores> prompts;
  std::map<std::pair<int64_t, int64_t>, std::vector<int32_t>> streamed;
  std::map<std::pair<int64_t, int64_t>, Completion> ends;
  std::map<int64_t, bool> cancelled;
};

std::vector<int32_t> prompt_of(int number) {
  RandomStream stream({11, static_cast<uint64_t>(number)});
  std::vector<int32_t> ids;
  for (uint64_t i = 0; i < 1 + stream.below(9); ++i) ids.push_back(static_cast<int32_t>(3 + stream.below(37)));
  return ids;
}

PromptRequest request_of(int number, int64_t n = 2) {
  auto sampling = std::make_shared<SamplingConfig>();
  sampling->temperature = number % 3 == 0 ? 0 : 0.5 + 0.25 * (number % 4);
  sampling->top_p = number % 2 ? 0.9 : 1;
  sampling->max_completion_length = 5 + number % 20;
  PromptRequest request{.prompt = prompt_of(number), .random_path = {7}, .prompt_number = static_cast<uint64_t>(number), .num_generations = n};
  request.stop_ids = {2};
  request.sampling = sampling;
  return request;
}

SessionLimits limits_of(int64_t rows, int64_t pages) { return {.generation_rows = rows, .page_positions = 32, .max_pages = pages}; }

TEST(GenerationSession, ACompletionDoesNotDependOnWhenItsPromptCame) {
  const model::Transformer model = golden_model(std::string("qwen2_llama3"));
  constexpr int kRequests = 20;
  std::vector<std::map<int64_t, Completion>> alone(kRequests);
  for (int r = 0; r < kRequests; ++r) {
    const auto session = make_session(model, tokenizer(), limits_of(8, 40));
    Seen seen;
    session->submit(request_of(r));
    while (!session->is_idle()) session->step(seen);
    for (auto& [name, completion] : seen.ends) alone[static_cast<size_t>(r)][name.second] = completion;
    ASSERT_EQ(alone[static_cast<size_t>(r)].size(), 2u);
  }
  for (const auto& [rows, pages] : {std::pair<int64_t, int64_t>{1, 4}, {3, 5}, {16, 9}, {64, 200}}) {
    RandomStream stream({static_cast<uint64_t>(rows)});
    const auto session = make_session(model, tokenizer(), limits_of(rows, pages));
    Seen seen;
    std::map<int64_t, int> number_of;
    int next = 0;
    while (next < kRequests || !session->is_idle()) {
      for (uint64_t come = stream.below(3); come > 0 && next < kRequests; --come, ++next) number_of[session->submit(request_of(next))] = next;
      session->step(seen);
    }
    ASSERT_EQ(seen.ends.size(), 2u * kRequests);
    for (const auto& [name, completion] : seen.ends) {
      const Completion& expected = alone[static_cast<size_t>(number_of.at(name.first))].at(name.second);
      EXPECT_EQ(completion.ids, expected.ids) << rows << " rows";
      EXPECT_EQ(completion.behavior_logprobs, expected.behavior_logprobs);
      EXPECT_EQ(completion.text, expected.text);
      EXPECT_EQ(seen.streamed.at(name), completion.ids) << "each token was told as it came";
    }
  }
}

TEST(GenerationSession, WhatIsCancelledIsHeardOfNoMoreAndTakesNoRoom) {
  const model::Transformer model = golden_model(std::string("llama_default"));
  const auto session = make_session(model, tokenizer(), limits_of(4, 6));
  RandomStream stream({3});
  Seen seen;
  std::vector<int64_t> numbers;
  for (int r = 0; r < 30; ++r) {
    numbers.push_back(session->submit(request_of(r)));
    session->step(seen);
    if (stream.below(2) == 0) {
      const int64_t gone = numbers[stream.below(numbers.size())];
      session->cancel(gone);
      seen.cancelled[gone] = true;
    }
  }
  while (!session->is_idle()) session->step(seen);
  for (const int64_t number : numbers) {
    if (!seen.cancelled.count(number)) {
      EXPECT_EQ(seen.ends.count({number, 0}) + seen.ends.count({number, 1}), 2u) << number;
    }
  }
  session->cancel(12345);  // never heard of
}

// The log-prob of each prompt token is the trainer's, to the bit; alternatives are the most likely tokens.
TEST(GenerationSession, ScoresAPromptAsTheTrainerDoes) {
  const model::Transformer model = golden_model(std::string("qwen3_yarn"));
  for (const int64_t rows : {2, 64}) {
    const auto session = make_session(model, tokenizer(), limits_of(rows, 40));
    Seen seen;
    for (int r = 0; r < 8; ++r) {
      PromptRequest request = request_of(r, r % 2 ? 0 : 1);
      request.score_prompt = true;
      request.num_alternatives = 3;
      session->submit(std::move(request));
    }
    while (!session->is_idle()) session->step(seen);
    ASSERT_EQ(seen.prompts.size(), 8u);
    ASSERT_EQ(seen.ends.size(), 4u);
    for (int r = 0; r < 8; ++r) {
      const std::vector<int32_t> ids = prompt_of(r);
      const PromptScores& scores = seen.prompts.at(r);
      ASSERT_EQ(scores.logprobs.size(), ids.size() - 1);
      if (ids.size() < 2) continue;
      training::TrainingRow row;
      row.ids = ids;
      row.num_prompt_ids = 1;
      EXPECT_EQ(scores.logprobs, training::row_logprobs(model, {row}, 64, 1.0)[0]);
      for (size_t t = 0; t < scores.alternatives.size(); ++t) {
        const auto& top = scores.alternatives[t];
        ASSERT_EQ(top.size(), 3u);
        EXPECT_GE(top[0].logprob, top[1].logprob);
        EXPECT_GE(top[1].logprob, top[2].logprob);
        EXPECT_LE(scores.logprobs[t], top[0].logprob);
      }
    }
    for (const auto& [name, completion] : seen.ends) {
      ASSERT_EQ(completion.alternatives.size(), completion.ids.size());
      for (size_t t = 0; t < completion.ids.size(); ++t) {
        if (completion.alternatives[t][0].id == completion.ids[t]) {
          EXPECT_EQ(completion.alternatives[t][0].logprob, completion.full_logprobs[t]);
        }
      }
    }
  }
}

// The path for other devices gives the same answers where both can run.
TEST(GenerationSession, TheOtherPathAgrees) {
  const model::Transformer model = golden_model(std::string("llama_llama3"));
  TorchSession other(model, tokenizer(), {.generation_rows = 3});
  const auto session = make_session(model, tokenizer(), limits_of(8, 40));
  Seen ours, theirs;
  for (int r = 0; r < 9; r += 3) {  // greedy
    PromptRequest request = request_of(r, 1);
    request.score_prompt = true;
    session->submit(request);
    other.submit(std::move(request));
  }
  while (!session->is_idle()) session->step(ours);
  while (!other.is_idle()) other.step(theirs);
  ASSERT_EQ(theirs.ends.size(), 3u);
  for (const auto& [name, completion] : theirs.ends) EXPECT_EQ(completion.ids, ours.ends.at(name).ids);
  for (const auto& [number, scores] : theirs.prompts) {
    for (size_t t = 0; t < scores.logprobs.size(); ++t) EXPECT_NEAR(scores.logprobs[t], ours.prompts.at(number).logprobs[t], 2e-5);
  }
}

TEST(GenerationSession, RefusesWhatCanNeverRun) {
  const model::Transformer model = golden_model(std::string("llama_default"));
  const auto session = make_session(model, tokenizer(), limits_of(8, 2));
  const auto fault = [&](auto change) {
    PromptRequest request = request_of(1);
    auto sampling = std::make_shared<SamplingConfig>(*request.sampling);
    change(request, *sampling);
    request.sampling = sampling;
    return testing::fault_of([&] { session->submit(std::move(request)); });
  };
  EXPECT_THAT(fault([](auto& r, auto&) { r.prompt.clear(); }), HasSubstr("is empty"));
  EXPECT_THAT(fault([](auto& r, auto&) { r.prompt = {40}; }), HasSubstr("does not know"));
  EXPECT_THAT(fault([](auto&, auto& s) { s.max_completion_length = 100; }), HasSubstr("positions"));
  EXPECT_THAT(fault([](auto&, auto& s) { s.max_completion_length = 50; }), HasSubstr("pages"));
  EXPECT_TRUE(session->is_idle());
}

// A nucleus found from the front of the order is the one that sorting everything finds.
TEST(DrawToken, ANucleusIsThatOfTheWholeOrder) {
  RandomStream stream({9});
  for (const double spread : {0.01, 1.0, 8.0}) {
    for (const size_t V : {10u, 300u, 5000u}) {
      std::vector<float> logits(V);
      for (float& x : logits) x = static_cast<float>(spread * stream.normal());
      std::vector<size_t> order(V);
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return logits[a] > logits[b]; });
      double total = 0;
      for (const float x : logits) total += std::exp(static_cast<double>(x) / 0.8);
      for (const double top_p : {0.1, 0.5, 0.95, 0.999}) {
        SamplingConfig config;
        config.temperature = 0.8;
        config.top_p = top_p;
        size_t kept = 0;
        double mass = 0;
        while (kept < V && mass < top_p * total) mass += std::exp(static_cast<double>(logits[order[kept++]]) / 0.8);
        std::vector<float> scratch;
        std::map<int32_t, int> drawn;
        for (uint32_t position = 0; position < 50; ++position) {
          const NoiseKey key = noise_key({1}, 2, 3);
          const Draw draw = draw_token(logits, config, key, position, scratch);
          const auto rank = static_cast<size_t>(std::find(order.begin(), order.end(), static_cast<size_t>(draw.id)) - order.begin());
          EXPECT_LT(rank, kept + (V > 1000 ? 1 : 0)) << "top_p " << top_p;  // one of 5,000 equal ones may fall to the other side by rounding
          EXPECT_NEAR(draw.behavior_logprob, logits[static_cast<size_t>(draw.id)] / 0.8 - std::log(mass), 2e-4);
          // And it is the likeliest of them with the noise of its position.
          double best = -1e30;
          size_t winner = 0;
          for (size_t i = 0; i < kept; ++i) {
            const double value = logits[order[i]] / 0.8 + gumbel_noise(key, position, static_cast<uint32_t>(order[i]));
            if (value > best) best = value, winner = order[i];
          }
          EXPECT_EQ(static_cast<size_t>(draw.id), winner);
        }
      }
    }
  }
}

}  // namespace
}  // namespace reprise::generation
