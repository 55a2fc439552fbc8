// Draw or force, then look at the tail of the text.
#include "generation/token_rule.h"

#include <algorithm>

namespace reprise::generation {
namespace {

// Stop strings and ends of thinking are shorter than 64 tokens' text: the tail is enough.
constexpr size_t kTail = 64;

void push(Completion& completion, const Draw& drawn) {
  completion.ids.push_back(drawn.id);
  completion.behavior_logprobs.push_back(drawn.behavior_logprob);
  completion.full_logprobs.push_back(drawn.full_logprob);
}

void pop(Completion& completion, size_t count) {
  for (auto* values : {&completion.behavior_logprobs, &completion.full_logprobs}) values->resize(values->size() - count);
  completion.ids.resize(completion.ids.size() - count);
}

}  // namespace

TokenRule::TokenRule(const text::Tokenizer& tokenizer, std::shared_ptr<const SamplingConfig> config, std::vector<int32_t> stop_ids, size_t num_completions)
    : tokenizer_(tokenizer), config_(std::move(config)), stop_ids_(std::move(stop_ids)) {
  if (!config_->forces()) return;
  end_ids_ = tokenizer.encode(config_->thinking_end, false);
  wait_ids_ = tokenizer.encode(config_->wait_text, false);
  states_.resize(num_completions);
}

void TokenRule::append(size_t index, Completion& completion, std::span<const float> logits, const NoiseKey& noise, std::vector<float>& scratch) {
  const int64_t length = static_cast<int64_t>(completion.ids.size());
  State* state = states_.empty() ? nullptr : &states_[index];
  if (state && !state->thinking_over && config_->max_thinking_length > 0 && length >= config_->max_thinking_length && !end_ids_.empty()) {
    state->forced = end_ids_;
    state->next = 0;
    state->thinking_over = true;
  }
  if (state && state->next < state->forced.size()) {
    push(completion, forced_token(logits, state->forced[state->next++]));
    return;
  }
  const std::span<const int32_t> banned = length < config_->min_completion_length ? std::span<const int32_t>(stop_ids_) : std::span<const int32_t>();
  push(completion, draw_token(logits, *config_, noise, static_cast<uint32_t>(length), scratch, banned));
  if (state && !state->thinking_over) watch_thinking(*state, completion, logits);
}

void TokenRule::watch_thinking(State& state, Completion& completion, std::span<const float> logits) {
  const auto tail_text = [&](size_t count) { return tokenizer_.decode(std::span(completion.ids).last(count), {.skip_special_tokens = false}); };
  const size_t tail = std::min(kTail, completion.ids.size());
  const std::string text = tail_text(tail);
  const size_t found = text.rfind(config_->thinking_end);
  if (found == std::string::npos) return;
  size_t end_tokens = 1;  // how many of the last ids the end and what follows it took
  while (end_tokens < tail && tail_text(end_tokens).size() < text.size() - found) ++end_tokens;
  const bool can_take_back = end_tokens == 1 || completion.ids.size() > end_tokens;
  if (state.waits == config_->num_waits || wait_ids_.empty() || !can_take_back) {
    state.thinking_over = true;
    return;
  }
  ++state.waits;
  pop(completion, end_tokens);
  state.forced = wait_ids_;
  state.next = 0;
  // One token was taken back: these are the logits in its place.
  if (end_tokens == 1) push(completion, forced_token(logits, state.forced[state.next++]));
}

bool TokenRule::ended(Completion& completion) const {
  if (completion.ids.empty()) return false;
  const int32_t last = completion.ids.back();
  if (std::find(stop_ids_.begin(), stop_ids_.end(), last) != stop_ids_.end()) {
    completion.stop_reason = StopReason::eos;
    return true;
  }
  if (!config_->stop_strings.empty()) {
    const size_t tail = std::min(completion.ids.size(), kTail);
    const std::string text = tokenizer_.decode(std::span(completion.ids).last(tail), {.skip_special_tokens = true});
    for (const std::string& stop : config_->stop_strings) {
      if (text.find(stop) != std::string::npos) {
        completion.stop_reason = StopReason::stop_string;
        return true;
      }
    }
  }
  completion.stop_reason = StopReason::length;
  return static_cast<int64_t>(completion.ids.size()) >= config_->max_completion_length;
}

}  // namespace reprise::generation
