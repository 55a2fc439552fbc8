// Continuous batching over a cache in pages, on the CPU in float32. Each step takes the unread tokens of every running sample (one,
// mostly; all of them where its pages had been taken away) and fills the remaining rows with the prompts that come next. Which step a
// token falls into changes no bit of it, so the schedule is free to be greedy.
#pragma once

#include <deque>
#include <map>

#include "generation/active_request.h"
#include "generation/cpu_decoder.h"

namespace reprise::generation {

class CpuSession : public Session {
 public:
  CpuSession(const model::Transformer& model, const text::Tokenizer& tokenizer, const SessionLimits& limits);

  int64_t submit(PromptRequest request) override;
  void cancel(int64_t request) override;
  bool is_idle() const override { return next_.empty() && to_read_.empty() && waiting_.empty() && running_.empty(); }
  void step(SessionObserver& observer) override;

 private:
  // A prompt, read once for its samples. Its pages may be taken away while none of them runs; it is read again then.
  struct Prefix {
    std::shared_ptr<ActiveRequest> active;
    int64_t num_read = 0, num_running = 0;
    bool drawn = false;   // the samples have their first token
    bool queued = false;  // is being read, or will be
    std::unique_ptr<KvSequence> sequence;
    const std::vector<int32_t>& ids() const { return active->request.prompt; }
    int64_t length() const { return static_cast<int64_t>(ids().size()); }
    bool is_read() const { return num_read == length(); }
  };
  struct Sample {
    std::shared_ptr<Prefix> prefix;
    std::unique_ptr<KvSequence> sequence;  // while it runs
    size_t index = 0;                      // into the request's completions
    int64_t num_read = 0;                  // of its own tokens, as they stand in the cache
    const Completion& completion() const { return prefix->active->completions[index]; }
  };
  // A row of logits that scores the next token of a prompt.
  struct ScoringRow {
    std::shared_ptr<Prefix> prefix;
    int64_t position = 0;    // of the token that is scored
    int64_t logits_row = 0;
  };

  void drop_cancelled();
  void start_waiting();
  void read_running(std::vector<Sample>& drawing, std::vector<int64_t>& logits_row, std::vector<Sample>& unfinished);
  void read_prompts(std::vector<std::shared_ptr<Prefix>>& finished);
  bool make_room(const Prefix* keep, size_t keep_running);
  void stop_running(Sample sample);
  void draw_all(std::vector<Sample>& samples, const std::vector<int64_t>& rows, const float* logits);
  int64_t room() const { return num_rows_ - static_cast<int64_t>(rows_.size()); }

  const model::ModelConfig& model_;
  const text::Tokenizer& tokenizer_;
  const int64_t num_rows_, max_pages_;
  KvPages cache_;
  CpuDecoder decoder_;
  int64_t num_submitted_ = 0;
  bool any_cancelled_ = false;
  std::map<int64_t, std::weak_ptr<ActiveRequest>> active_;
  std::deque<std::shared_ptr<ActiveRequest>> next_;  // nothing of them has been read
  std::deque<Sample> waiting_;                       // have their first token; no row or no pages yet
  std::vector<Sample> running_;
  std::deque<std::shared_ptr<Prefix>> to_read_;
  // Of the step that goes on:
  std::vector<TokenRow> rows_;
  std::vector<int64_t> chosen_;
  std::vector<ScoringRow> scoring_;
  std::map<const Prefix*, int64_t> prefix_end_;  // the row of logits of each finished prompt's last token
};

}  // namespace reprise::generation
