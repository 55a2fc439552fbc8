// Rewards of what was answered and in which form: accuracy, format, tags, language.
#include "grading/grader.h"
#include "grading/language.h"
#include "rewards/terms.h"

namespace reprise::rewards {
namespace {

int count_of(std::string_view text, std::string_view tag) {
  int count = 0;
  for (size_t at = text.find(tag); at != std::string_view::npos; at = text.find(tag, at + tag.size())) ++count;
  return count;
}

}  // namespace

RewardTerm accuracy(const TermInput& in) {
  RewardTerm term{"accuracy"};
  term.value = in.verdict.kind == grading::VerdictKind::correct ? 1 : 0;
  // An answer that is no mathematics earns nothing; one that could not be decided is a failure of ours.
  term.failed = in.verdict.kind == grading::VerdictKind::unverifiable && !in.verdict.unreadable && in.input.problem.grader != grading::kNoGrader;
  return term;
}

RewardTerm format(const TermInput& in) { return {"format", in.tags.well_formed && in.input.finished ? 1.0 : 0.0}; }

RewardTerm tag_count(const TermInput& in) {
  double value = 0;
  const std::string_view text = in.input.completion;
  if (in.input.prompt_opened_think ? count_of(text, "<think>") == 0 : count_of(text, "<think>") == 1) value += 0.25;
  for (std::string_view tag : {"</think>", "<answer>", "</answer>"}) {
    if (count_of(text, tag) == 1) value += 0.25;
  }
  return {"tag_count", value};
}

RewardTerm language_consistency(const TermInput& in) {
  return {"language_consistency", grading::language_consistency(in.input.completion, in.input.problem.language)};
}

}  // namespace reprise::rewards
