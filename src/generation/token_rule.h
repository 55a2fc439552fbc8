// What is appended to a completion and when it ends, for every engine: the draw, end tokens and stop strings, the least
// length, and budget forcing (s1, Muennighoff et al. 2025, arXiv 2501.19393). One object serves the samples of one prompt.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "generation/completion.h"
#include "generation/sampler.h"
#include "text/tokenizer.h"

namespace reprise::generation {

class TokenRule {
 public:
  TokenRule(const text::Tokenizer& tokenizer, std::shared_ptr<const SamplingConfig> config, std::vector<int32_t> stop_ids, size_t num_completions);

  // Appends one token to completion `index`, given the logits behind its last. May instead take tokens back (an end of
  // thinking that is to be replaced): then the last token left must be read again. Different completions may be served by
  // different threads.
  void append(size_t index, Completion& completion, std::span<const float> logits, const NoiseKey& noise, std::vector<float>& scratch);
  // After an append: has the completion ended? Sets why.
  bool ended(Completion& completion) const;

 private:
  struct State {
    std::vector<int32_t> forced;  // to be put next, from `next` on
    size_t next = 0;
    int64_t waits = 0;
    bool thinking_over = false;
  };
  void watch_thinking(State& state, Completion& completion, std::span<const float> logits);

  const text::Tokenizer& tokenizer_;
  std::shared_ptr<const SamplingConfig> config_;
  std::vector<int32_t> stop_ids_;
  std::vector<int32_t> end_ids_, wait_ids_;
  std::vector<State> states_;
};

}  // namespace reprise::generation
