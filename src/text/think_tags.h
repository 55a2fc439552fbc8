// Splits a completion at R1's tags. Used by the format reward, the graders and the statistics of length.
#pragma once

#include <string>
#include <string_view>

namespace reprise::text {

struct TaggedText {
  bool well_formed = false;  // exactly <think>T</think><answer>A</answer> around optional white space, no tag inside T or A
  bool thinking_closed = false;   // </think> was reached
  std::string thinking;           // between <think> (or the start, when the prompt opened it) and </think>
  std::string answer;             // inside <answer>...</answer>; without answer tags: all after </think>, or all there is
                                  // when nothing was ever thought
};

// prompt_opened_think: the template already wrote "<think>", so the completion starts inside it.
TaggedText split_think_tags(std::string_view completion, bool prompt_opened_think);

}  // namespace reprise::text
