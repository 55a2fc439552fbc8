// Rewards of how long and how repetitive a completion is.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "base/fixed_math.h"
#include "base/strings.h"
#include "rewards/terms.h"

namespace reprise::rewards {

RewardTerm length(const TermInput& in) {
  const double share = std::min(1.0, static_cast<double>(in.input.num_tokens) / static_cast<double>(in.config.cosine_max_len));
  const double value = 0.5 - share;
  return {"length", in.verdict.kind == grading::VerdictKind::correct ? value : std::min(0.0, value)};
}

RewardTerm cosine(const TermInput& in) {
  const double share = std::min(1.0, static_cast<double>(in.input.num_tokens) / static_cast<double>(in.config.cosine_max_len));
  const bool right = in.verdict.kind == grading::VerdictKind::correct;
  const double at_start = right ? in.config.cosine_max_value_correct : in.config.cosine_min_value_wrong;
  const double at_end = right ? in.config.cosine_min_value_correct : in.config.cosine_max_value_wrong;
  return {"cosine", at_end + 0.5 * (at_start - at_end) * (1 + fixed_cos_turns(share / 2)),
          in.verdict.kind == grading::VerdictKind::unverifiable && !in.verdict.unreadable};
}

RewardTerm repetition_penalty(const TermInput& in) {
  std::vector<std::string> words;
  for (std::string& word : split(replace_all(to_lower_ascii(in.input.completion), "\n", " "), ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  const size_t n = static_cast<size_t>(in.config.repetition_n_grams);
  if (words.size() < n) return {"repetition_penalty", 0};
  std::set<std::vector<std::string_view>> seen;
  const size_t total = words.size() - n + 1;
  for (size_t i = 0; i < total; ++i) seen.insert(std::vector<std::string_view>(words.begin() + i, words.begin() + i + n));
  const double repeats = 1 - static_cast<double>(seen.size()) / static_cast<double>(total);
  return {"repetition_penalty", repeats * in.config.repetition_max_penalty};
}

RewardTerm soft_overlong(const TermInput& in) {
  const double limit = static_cast<double>(in.config.max_completion_len), cache = static_cast<double>(in.config.soft_punish_cache);
  const double tokens = static_cast<double>(in.input.num_tokens), start = limit - cache;
  if (tokens <= start) return {"soft_overlong", 0};
  if (tokens > limit || cache == 0) return {"soft_overlong", -1};
  return {"soft_overlong", (start - tokens) / cache};
}

}  // namespace reprise::rewards
