// One question with a reference answer. Example:
//   {id: "gsm8k-test-17", prompt: "Natalia sold ...", answer: "72", grader: "number", level: 0,
//    language: "en", solution: "... #### 72", metadata: "{}"}
#pragma once

#include <cstdint>
#include <string>

namespace reprise::data {

struct Problem {
  std::string id;        // unique in its store, stable across imports
  std::string prompt;    // what the user asks, before any template
  std::string answer;    // the reference ("72", "\\frac{1}{2}", "B", "9"); "" if none
  std::string solution;  // reference reasoning, for SFT; "" if none
  std::string grader;    // which rule decides: "math", "number", "exact", "countdown", "knights_knaves", "choice", "code"
  std::string language;  // language of the prompt: "en", "zh", ... ; "" unknown
  int64_t level = 0;     // difficulty, 0 = not given
  std::string metadata;  // JSON object: whatever else the source had and a grader needs; "{}" if nothing
};

}  // namespace reprise::data
