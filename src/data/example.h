// One text to imitate. Example: {id: "cold-3", prompt: "<User>..", completion: "<think> ... </answer>",
// source: "rejection_sampling:zero", problem_id: "chain-81"}. A plain document (pretraining) has an empty prompt.
#pragma once

#include <string>

namespace reprise::data {

struct Example {
  std::string id;
  std::string prompt;      // not trained on when the stage says completion_only_loss; already templated
  std::string completion;  // trained on, followed by the tokenizer's eos
  std::string source;
  std::string problem_id;  // "" if it comes from no Problem
};

}  // namespace reprise::data
