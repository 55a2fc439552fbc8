#include "generation/active_request.h"

#include <utility>

namespace reprise::generation {

ActiveRequest::ActiveRequest(int64_t its_number, PromptRequest asked, const text::Tokenizer& its_tokenizer)
    : number(its_number), request(std::move(asked)), completions(static_cast<size_t>(request.num_generations)), tokenizer_(its_tokenizer),
      rule_(its_tokenizer, request.sampling, request.stop_ids, completions.size()) {
  for (size_t s = 0; s < completions.size(); ++s) {
    completions[s].problem_index = number;
    completions[s].sample_index = request.first_sample_index + static_cast<int64_t>(s);
    noise_.push_back(noise_key(request.random_path, request.prompt_number, static_cast<uint64_t>(completions[s].sample_index)));
  }
}

void ActiveRequest::append(size_t s, std::span<const float> logits, std::vector<float>& scratch) {
  Completion& completion = completions[s];
  rule_.append(s, completion, logits, noise_[s], scratch);
  if (request.num_alternatives == 0) return;
  completion.alternatives.resize(completion.ids.size());
  if (!completion.ids.empty()) completion.alternatives.back() = most_likely(logits, request.num_alternatives);
}

bool ActiveRequest::told(size_t s, SessionObserver& observer) {
  Completion& completion = completions[s];
  const bool ended = rule_.ended(completion);
  observer.on_token(number, completion);
  if (!ended) return false;
  completion.text = tokenizer_.decode(completion.ids, {.skip_special_tokens = true});
  observer.on_end(number, std::move(completion));
  completion = {};
  return true;
}

void ActiveRequest::score(int64_t position, std::span<const float> logits) {
  if (static_cast<int64_t>(scores.logprobs.size()) >= position) return;  // the prompt is being read again
  scores.logprobs.push_back(forced_token(logits, request.prompt[static_cast<size_t>(position)]).full_logprob);
  scores.alternatives.push_back(most_likely(logits, request.num_alternatives));
}

}  // namespace reprise::generation
