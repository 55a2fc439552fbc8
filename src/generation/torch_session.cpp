// Static batches over model::Transformer::step_BD.
#include "generation/torch_session.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

namespace reprise::generation {

int64_t TorchSession::submit(PromptRequest request) {
  check_prompt(model_.config(), *request.sampling, request.prompt, "the prompt");
  const auto active = std::make_shared<ActiveRequest>(num_submitted_++, std::move(request), tokenizer_);
  active_[active->number] = active;
  if (active->completions.empty()) waiting_.push_back({active, 0});
  for (size_t s = 0; s < active->completions.size(); ++s) waiting_.push_back({active, s});
  return active->number;
}

void TorchSession::cancel(int64_t request) {
  const auto found = active_.find(request);
  if (found == active_.end()) return;
  if (const auto active = found->second.lock()) active->cancelled = true;
  active_.erase(found);
}

// All logits of a prompt at once, in a pass of its own.
void TorchSession::score(ActiveRequest& active, SessionObserver& observer) {
  const auto& prompt = active.request.prompt;
  const int64_t T = static_cast<int64_t>(prompt.size());
  std::vector<float> scratch;
  model::KvCache cache(model_.config(), 1, T, model_.weights().begin()->second.scalar_type(), model_.device());
  for (int64_t t = 0; t + 1 < T; ++t) {
    const at::Tensor id_BT = at::full({1, 1}, prompt[static_cast<size_t>(t)], at::kLong), one_B = at::ones({1}, at::kLong);
    const at::Tensor logits_V = model_.logits(model_.step_BD(cache, id_BT.to(model_.device()), one_B.to(model_.device()))).to(at::kCPU, at::kFloat).contiguous();
    active.score(t + 1, {logits_V.const_data_ptr<float>(), static_cast<size_t>(logits_V.numel())});
  }
  observer.on_prompt(active.number, std::move(active.scores));
  active.scores = {};
}

void TorchSession::step(SessionObserver& observer) {
  at::NoGradGuard guard;
  std::vector<float> scratch;
  std::vector<Sample> live;
  int64_t longest = 0, most_new = 0;
  while (!waiting_.empty() && static_cast<int64_t>(live.size()) < num_rows_) {
    Sample sample = std::move(waiting_.front());
    waiting_.pop_front();
    if (sample.active->cancelled) continue;
    if (sample.index == 0 && sample.active->request.score_prompt) score(*sample.active, observer);
    if (sample.active->completions.empty()) continue;
    longest = std::max(longest, sample.prompt_length());
    most_new = std::max(most_new, sample.active->request.sampling->max_completion_length);
    live.push_back(std::move(sample));
  }
  if (live.empty()) return;
  const int64_t B = static_cast<int64_t>(live.size());
  at::Tensor ids_BT = at::zeros({B, longest}, at::kLong), new_B = at::empty({B}, at::kLong);
  for (int64_t b = 0; b < B; ++b) {
    const auto& prompt = live[static_cast<size_t>(b)].active->request.prompt;
    std::copy(prompt.begin(), prompt.end(), ids_BT.data_ptr<int64_t>() + b * longest);
    new_B.data_ptr<int64_t>()[b] = static_cast<int64_t>(prompt.size());
  }
  model::KvCache cache(model_.config(), B, longest + most_new, model_.weights().begin()->second.scalar_type(), model_.device());
  at::Tensor hidden_BD = model_.step_BD(cache, ids_BT.to(model_.device()), new_B.to(model_.device()));
  while (!live.empty()) {
    const at::Tensor logits_BV = model_.logits(hidden_BD).to(at::kCPU, at::kFloat).contiguous();
    const size_t V = static_cast<size_t>(logits_BV.size(1));
    std::vector<int64_t> kept;
    std::vector<Sample> still;
    for (size_t b = 0; b < live.size(); ++b) {
      Sample& sample = live[b];
      if (sample.active->cancelled) continue;
      sample.active->append(sample.index, {logits_BV.const_data_ptr<float>() + b * V, V}, scratch);
      // Tokens may have been taken back: the last one is read (again) next.
      cache.lengths[b] = sample.prompt_length() + static_cast<int64_t>(sample.completion().ids.size()) - 1;
      if (sample.active->told(sample.index, observer)) continue;
      kept.push_back(static_cast<int64_t>(b));
      still.push_back(std::move(sample));
    }
    live = std::move(still);
    if (live.empty()) break;
    if (kept.size() != cache.lengths.size()) cache.select_rows(kept);
    at::Tensor next_BT = at::empty({static_cast<int64_t>(live.size()), 1}, at::kLong);
    for (size_t b = 0; b < live.size(); ++b) next_BT.data_ptr<int64_t>()[b] = live[b].completion().ids.back();
    hidden_BD = model_.step_BD(cache, next_BT.to(model_.device()), at::ones({static_cast<int64_t>(live.size())}, at::TensorOptions(at::kLong).device(model_.device())));
  }
}

}  // namespace reprise::generation
