// Keys of sampling, with vLLM's and TRL's names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/field.h"

namespace reprise::generation {

struct SamplingConfig {
  double temperature = 1.0;
  double top_p = 1.0;
  int64_t top_k = 0;
  double min_p = 0.0;
  int64_t max_prompt_length = 512;
  int64_t max_completion_length = 256;
  std::vector<std::string> stop_strings;
  int64_t generation_rows = 64;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("temperature", temperature, "Logits are divided by it before drawing; 0 takes the most likely token.", at_least(0));
    v.field("top_p", top_p, "Nucleus: draw from the smallest set of tokens with this probability.", between(0, 1));
    v.field("top_k", top_k, "Draw from the k most likely tokens; 0 takes all.", at_least(0));
    v.field("min_p", min_p, "Drop tokens less likely than this share of the most likely one.", between(0, 1));
    v.field("max_prompt_length", max_prompt_length, "Longest prompt in tokens; a longer one is an error before the run, never cut.", at_least(1));
    v.field("max_completion_length", max_completion_length, "Longest completion in tokens, the end token included.", at_least(1));
    v.field("stop_strings", stop_strings, "A completion ends when its text contains one of these.");
    v.field("generation_rows", generation_rows,
            "Token rows that go through the model together while sampling: memory against speed. On the CPU completions do "
            "not depend on it.", at_least(1));
  }
};

}  // namespace reprise::generation
