// Sampling by LibTorch's ops over a dense cache: for devices that the hand-written path does not serve. A step takes up to
// generation_rows samples and runs until the last of them ends. The draw is the CPU's own (sampler.h), on copied logits.
#pragma once

#include <deque>
#include <map>

#include "generation/active_request.h"

namespace reprise::generation {

class TorchSession : public Session {
 public:
  TorchSession(const model::Transformer& model, const text::Tokenizer& tokenizer, const SessionLimits& limits) : model_(model), tokenizer_(tokenizer), num_rows_(limits.generation_rows) {}

  int64_t submit(PromptRequest request) override;
  void cancel(int64_t request) override;
  bool is_idle() const override { return waiting_.empty(); }
  void step(SessionObserver& observer) override;

 private:
  struct Sample {
    std::shared_ptr<ActiveRequest> active;
    size_t index = 0;
    const Completion& completion() const { return active->completions[index]; }
    int64_t prompt_length() const { return static_cast<int64_t>(active->request.prompt.size()); }
  };
  void score(ActiveRequest& active, SessionObserver& observer);

  const model::Transformer& model_;
  const text::Tokenizer& tokenizer_;
  int64_t num_rows_, num_submitted_ = 0;
  std::map<int64_t, std::weak_ptr<ActiveRequest>> active_;
  std::deque<Sample> waiting_;  // one without samples to draw stands for its prompt that is to be scored
};

}  // namespace reprise::generation
