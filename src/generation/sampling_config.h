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
  int64_t min_completion_length = 0;
  std::vector<std::string> stop_strings;
  int64_t max_thinking_length = 0, num_waits = 0;
  std::string thinking_end = "</think>", wait_text = "Wait";
  int64_t generation_rows = 64;
  double kv_cache_gigabytes = 0;

  // Whether tokens come from something else than the softmax at this temperature: their log-probs are then not the policy's.
  bool filters() const { return top_p < 1 || top_k > 0 || min_p > 0 || min_completion_length > 0; }
  // Budget forcing (s1, Muennighoff et al. 2025): some tokens are put, not drawn.
  bool forces() const { return max_thinking_length > 0 || num_waits > 0; }

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("temperature", temperature, "Logits are divided by it before drawing; 0 takes the most likely token.", at_least(0));
    v.field("top_p", top_p, "Nucleus: draw from the smallest set of tokens with this probability.", between(0, 1));
    v.field("top_k", top_k, "Draw from the k most likely tokens; 0 takes all.", at_least(0));
    v.field("min_p", min_p, "Drop tokens less likely than this share of the most likely one.", between(0, 1));
    v.field("max_prompt_length", max_prompt_length, "Longest prompt in tokens; a longer one is an error before the run, never cut.", at_least(1));
    v.field("max_completion_length", max_completion_length, "Longest completion in tokens, the end token included.", at_least(1));
    v.field("min_completion_length", min_completion_length, "Tokens before which no end token is drawn.", at_least(0));
    v.field("stop_strings", stop_strings, "A completion ends when its text contains one of these.");
    v.field("max_thinking_length", max_thinking_length,
            "Budget forcing: after so many tokens without thinking_end it is put there and the model goes on; 0 leaves thinking alone. Not for training.", at_least(0));
    v.field("num_waits", num_waits, "Budget forcing: the first so many times that the model ends its thinking, wait_text takes the end's place. Not for training.", at_least(0));
    v.field("thinking_end", thinking_end, "Budget forcing: what ends thinking.");
    v.field("wait_text", wait_text, "Budget forcing: what is put in place of an end of thinking.");
    v.field("generation_rows", generation_rows,
            "Token rows that go through the model together while sampling: memory against speed. On the CPU completions do "
            "not depend on it.", at_least(1));
    v.field("kv_cache_gigabytes", kv_cache_gigabytes,
            "Keys and values of what is being sampled take at most so much memory: samples that find no room wait, or give theirs back "
            "and are read again; no completion depends on it. 0: room for generation_rows of the longest. (CPU)", at_least(0));
  }
};

}  // namespace reprise::generation
