// One pass over four literal tags.
#include "text/think_tags.h"

#include "base/strings.h"

namespace reprise::text {
namespace {

constexpr std::string_view kThinkOpen = "<think>", kThinkClose = "</think>", kAnswerOpen = "<answer>", kAnswerClose = "</answer>";

bool has_tag(std::string_view text) {
  for (std::string_view tag : {kThinkOpen, kThinkClose, kAnswerOpen, kAnswerClose}) {
    if (text.find(tag) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

TaggedText split_think_tags(std::string_view text, bool prompt_opened_think) {
  TaggedText out;
  std::string_view rest = trim(text);
  bool opened = prompt_opened_think;
  if (!opened && rest.starts_with(kThinkOpen)) {
    opened = true;
    rest.remove_prefix(kThinkOpen.size());
  }
  const size_t close = rest.find(kThinkClose);
  out.thinking_closed = close != std::string_view::npos;
  // A completion that neither opens nor closes any thinking is all answer.
  const bool thinks = opened || out.thinking_closed;
  const std::string_view thinking = thinks ? rest.substr(0, close) : std::string_view();
  const std::string_view after = !thinks ? rest : out.thinking_closed ? trim(rest.substr(close + kThinkClose.size())) : std::string_view();
  out.thinking = std::string(trim(thinking));

  const size_t answer_open = after.find(kAnswerOpen);
  if (answer_open == std::string_view::npos) {
    out.answer = std::string(after);
    return out;
  }
  const std::string_view body = after.substr(answer_open + kAnswerOpen.size());
  const size_t answer_close = body.find(kAnswerClose);
  out.answer = std::string(trim(body.substr(0, answer_close)));
  if (answer_close == std::string_view::npos) return out;
  const bool nothing_else = answer_open == 0 && trim(body.substr(answer_close + kAnswerClose.size())).empty();
  out.well_formed = opened && nothing_else && !has_tag(thinking) && !has_tag(body.substr(0, answer_close));
  return out;
}

}  // namespace reprise::text
