// A prompt on its way through a session: what was asked, what stands so far.
#pragma once

#include <memory>
#include <vector>

#include "generation/session.h"
#include "generation/token_rule.h"

namespace reprise::generation {

struct ActiveRequest {
  ActiveRequest(int64_t its_number, PromptRequest asked, const text::Tokenizer& its_tokenizer);

  // Appends a token to sample `s`, with what was asked to be told of it. `logits` stand behind the sample's last token.
  void append(size_t s, std::span<const float> logits, std::vector<float>& scratch);
  // After an append: tells the observer of the token and, where it was the last, of the end. True at the end.
  bool told(size_t s, SessionObserver& observer);
  // Scores token `position` of the prompt by the logits of the row before it. The positions come in order, once each.
  void score(int64_t position, std::span<const float> logits);

  const int64_t number;
  const PromptRequest request;
  std::vector<Completion> completions;
  PromptScores scores;
  bool cancelled = false;

 private:
  const text::Tokenizer& tokenizer_;
  TokenRule rule_;
  std::vector<NoiseKey> noise_;
};

}  // namespace reprise::generation
