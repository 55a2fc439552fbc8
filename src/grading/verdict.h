// What a grader says of one completion. Never an exception: the model wrote the input.
#pragma once

#include <string>

namespace reprise::grading {

enum class VerdictKind { correct, incorrect, unverifiable, no_answer };
const char* to_string(VerdictKind kind);

struct Verdict {
  VerdictKind kind = VerdictKind::no_answer;
  std::string extracted;  // the answer as found in the completion
  std::string reason;     // in words: "18 = 18 as integers", "no <answer> block"
  bool unreadable = false;  // unverifiable because the answer is no mathematics, not because it could not be decided
};

}  // namespace reprise::grading
