// The reward terms, one function each, all of one shape.
#pragma once

#include "rewards/reward.h"
#include "text/think_tags.h"

namespace reprise::rewards {

struct TermInput {
  const RewardConfig& config;
  const RewardInput& input;
  const grading::Verdict& verdict;
  const text::TaggedText& tags;
};

// 1 for a correct answer, 0 for a wrong or missing one; failed when the grader could not decide.
RewardTerm accuracy(const TermInput& in);
// R1: 1 for exactly <think>..</think><answer>..</answer> and an end, else 0.
RewardTerm format(const TermInput& in);
// open-r1's tag_count: a quarter for each of the four tags that stands exactly once.
RewardTerm tag_count(const TermInput& in);
// R1's equation 7 over the whole completion.
RewardTerm language_consistency(const TermInput& in);
// Kimi k1.5's idea per sample: shorter is better, 0.5 - length / cosine_max_len, never positive for a wrong answer.
RewardTerm length(const TermInput& in);
// Yeo et al. 2025 (arXiv 2502.03373): a half cosine from length 0 to cosine_max_len. Right answers fall from
// cosine_max_value_correct to cosine_min_value_correct; wrong ones go from cosine_min_value_wrong (short) to
// cosine_max_value_wrong (long): a wrong answer loses less when it tried longer.
RewardTerm cosine(const TermInput& in);
// Same paper: repetition_max_penalty times the share of word n-grams that are repeats.
RewardTerm repetition_penalty(const TermInput& in);
// DAPO (arXiv 2503.14476) equation 13: 0 up to max_completion_len - soft_punish_cache, then a line down to -1.
RewardTerm soft_overlong(const TermInput& in);

}  // namespace reprise::rewards
