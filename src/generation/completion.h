// One sampled answer. A completion is its token ids: text is decoded from them for graders and people and is
// never encoded again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace reprise::generation {

enum class StopReason { eos, stop_string, length };
const char* to_string(StopReason reason);

// A token and its log-prob under the full softmax at temperature 1.
struct TokenLogprob {
  int32_t id = 0;
  float logprob = 0;
};

struct Completion {
  int64_t problem_index = 0;                 // into the request's list of prompts
  int64_t sample_index = 0;                  // 0 .. num_generations-1
  std::vector<int32_t> ids;                  // the stop token included, the prompt not
  std::vector<float> behavior_logprobs;      // of each id under the distribution it was drawn from (temperature, top-p applied)
  std::vector<float> full_logprobs;          // of each id under the full softmax at temperature 1
  std::vector<std::vector<TokenLogprob>> alternatives;  // of each id, the most likely tokens in its place; empty unless asked for
  StopReason stop_reason = StopReason::length;
  std::string text;                          // decoded, special tokens skipped
};

}  // namespace reprise::generation
