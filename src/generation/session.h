// Sampling as a going concern: prompts may come while others are being continued, each with its own way of sampling. One step reads and
// draws for everything that is there. A completion depends on the weights, its prompt, its keys and its random path alone, not on when it came
// or beside what (tests: GenerationSession.*). `generate` (engine.h) is a session that is given all prompts first.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "generation/completion.h"
#include "generation/sampling_config.h"
#include "model/transformer.h"
#include "text/tokenizer.h"

namespace reprise::generation {

// One prompt and how it is continued.
struct PromptRequest {
  std::vector<int32_t> prompt;                     // ids, none empty
  // Sample s draws from RandomStream{random_path..., prompt_number, s}, one place a token.
  std::vector<uint64_t> random_path;
  uint64_t prompt_number = 0;
  int64_t num_generations = 1, first_sample_index = 0;  // 0 generations: the prompt is only scored
  std::vector<int32_t> stop_ids;
  std::shared_ptr<const SamplingConfig> sampling;  // never null
  bool score_prompt = false;                       // tell the log-prob of each token of the prompt
  int64_t num_alternatives = 0;                    // most likely tokens told beside each drawn or scored one
};

// Of the tokens of a prompt under the full softmax at temperature 1; nothing is known of the first.
struct PromptScores {
  std::vector<float> logprobs;                          // [length - 1]: of tokens 1, 2, ...
  std::vector<std::vector<TokenLogprob>> alternatives;  // [length - 1][num_alternatives]
};

// What a step tells. `request` is what submit() returned. Called from the thread that steps.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  virtual void on_prompt(int64_t /*request*/, PromptScores&&) {}
  virtual void on_token(int64_t /*request*/, const Completion&) {}  // it has one more token (or, forced, some fewer)
  virtual void on_end(int64_t /*request*/, Completion&&) {}         // its text is decoded
};

class Session {
 public:
  virtual ~Session() = default;
  // Throws Error where the prompt can never be served: too long, unknown tokens, more than the cache holds.
  virtual int64_t submit(PromptRequest request) = 0;
  // Nothing more of it is told. Requests that are over or unknown are passed over.
  virtual void cancel(int64_t request) = 0;
  virtual bool is_idle() const = 0;
  virtual void step(SessionObserver& observer) = 0;
};

struct SessionLimits {
  int64_t generation_rows = 64;   // token rows that go through the model together
  int64_t page_positions = 64;    // of the CPU's cache, a multiple of 32
  int64_t max_pages = 0;          // of the CPU's cache; see pages_within
};

// The session that fits the model's device and type. Model and tokenizer must outlive it.
std::unique_ptr<Session> make_session(const model::Transformer& model, const text::Tokenizer& tokenizer, const SessionLimits& limits);

// Faults of a request that the model's shape alone shows. `which` names it in the message.
void check_prompt(const model::ModelConfig& model, const SamplingConfig& sampling, const std::vector<int32_t>& prompt, const std::string& which);

// How many pages `gigabytes` (10^9 bytes) hold. Throws Error when a prompt of `longest` tokens and its completion could not run in them.
int64_t pages_within(double gigabytes, const model::ModelConfig& model, int64_t page_positions, int64_t longest, int64_t max_completion_length);

}  // namespace reprise::generation
