#include "generation/cpu_session.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "base/error.h"
#include "kernels/parallel.h"

namespace reprise::generation {

CpuSession::CpuSession(const model::Transformer& model, const text::Tokenizer& tokenizer, const SessionLimits& limits)
    : model_(model.config()), tokenizer_(tokenizer), num_rows_(limits.generation_rows), max_pages_(limits.max_pages), cache_(model.config(), limits.page_positions, limits.max_pages),
      decoder_(model.row_model(), cache_, limits.generation_rows) {}

int64_t CpuSession::submit(PromptRequest request) {
  check_prompt(model_, *request.sampling, request.prompt, "the prompt");
  const int64_t needed = cache_.pages_for(static_cast<int64_t>(request.prompt.size())) + (request.num_generations > 0 ? cache_.pages_for(request.sampling->max_completion_length) : 0);
  if (needed > max_pages_) {
    throw Error("needs " + std::to_string(needed) + " pages of the cache, which has " + std::to_string(max_pages_), "the prompt", "raise kv_cache_gigabytes, or ask for fewer tokens");
  }
  auto active = std::make_shared<ActiveRequest>(num_submitted_++, std::move(request), tokenizer_);
  active_[active->number] = active;
  const int64_t number = active->number;
  next_.push_back(std::move(active));
  return number;
}

void CpuSession::cancel(int64_t request) {
  const auto found = active_.find(request);
  if (found == active_.end()) return;
  if (const auto active = found->second.lock()) active->cancelled = any_cancelled_ = true;
  active_.erase(found);
}

void CpuSession::drop_cancelled() {
  if (!any_cancelled_) return;
  any_cancelled_ = false;
  const auto gone = [](const Sample& sample) { return sample.prefix->active->cancelled; };
  for (Sample& sample : running_) {
    if (gone(sample)) --sample.prefix->num_running;
  }
  std::erase_if(running_, gone);
  std::erase_if(waiting_, gone);
  std::erase_if(to_read_, [](const auto& prefix) { return prefix->active->cancelled; });
  std::erase_if(next_, [](const auto& active) { return active->cancelled; });
}

void CpuSession::step(SessionObserver& observer) {
  at::NoGradGuard guard;
  drop_cancelled();
  start_waiting();
  rows_.clear();
  chosen_.clear();
  scoring_.clear();
  prefix_end_.clear();
  std::vector<Sample> drawing;      // what gets a token in this step
  std::vector<int64_t> logits_row;  // and from which row of logits
  std::vector<Sample> unfinished;   // running, but with more to be read first
  read_running(drawing, logits_row, unfinished);
  const size_t num_running = drawing.size();
  std::vector<std::shared_ptr<Prefix>> finished;
  read_prompts(finished);
  if (rows_.empty()) return;
  decoder_.forward(rows_);
  for (const auto& prefix : finished) {
    prefix->queued = false;
    if (prefix->drawn) continue;
    prefix->drawn = true;
    for (size_t s = 0; s < prefix->active->completions.size(); ++s) {
      Sample sample;
      sample.prefix = prefix;
      sample.index = s;
      drawing.push_back(std::move(sample));
      logits_row.push_back(prefix_end_.at(prefix.get()));
    }
  }
  const float* logits = chosen_.empty() ? nullptr : decoder_.logits(chosen_);
  const size_t V = static_cast<size_t>(decoder_.vocab_size());
  for (const ScoringRow& row : scoring_) row.prefix->active->score(row.position, {logits + static_cast<size_t>(row.logits_row) * V, V});
  draw_all(drawing, logits_row, logits);
  for (const auto& prefix : finished) {
    ActiveRequest& active = *prefix->active;
    if (active.request.score_prompt) observer.on_prompt(active.number, std::move(active.scores));
    active.scores = {};
    if (active.completions.empty()) active_.erase(active.number);
  }
  running_ = std::move(unfinished);
  for (size_t i = 0; i < drawing.size(); ++i) {
    Sample& sample = drawing[i];
    ActiveRequest& active = *sample.prefix->active;
    // Tokens may have been taken back; the last one is unread in any case.
    sample.num_read = std::min(sample.num_read, static_cast<int64_t>(sample.completion().ids.size()) - 1);
    if (active.told(sample.index, observer)) {
      if (i < num_running) --sample.prefix->num_running;
    } else if (i < num_running) {
      running_.push_back(std::move(sample));
    } else {
      waiting_.push_back(std::move(sample));
    }
  }
}

// Unread tokens of the running samples, the eldest first. Where there is no room the youngest gives its pages back.
void CpuSession::read_running(std::vector<Sample>& drawing, std::vector<int64_t>& logits_row, std::vector<Sample>& unfinished) {
  for (size_t i = 0; i < running_.size(); ++i) {
    Sample& sample = running_[i];
    const std::vector<int32_t>& ids = sample.completion().ids;
    const int64_t take = std::min(static_cast<int64_t>(ids.size()) - sample.num_read, room());
    bool fits = true;
    while (fits && take > 0 && !sample.sequence->reserve(sample.num_read + take)) fits = make_room(sample.prefix.get(), i);
    if (!fits) {  // it is the youngest itself
      if (rows_.empty()) throw Error("has no page left for the only running sample", "the sampler's cache");
      stop_running(std::move(sample));
      continue;
    }
    for (int64_t t = 0; t < take; ++t, ++sample.num_read) {
      rows_.push_back({ids[static_cast<size_t>(sample.num_read)], sample.prefix->length() + sample.num_read, sample.sequence.get()});
    }
    if (take > 0 && sample.num_read == static_cast<int64_t>(ids.size())) {
      chosen_.push_back(static_cast<int64_t>(rows_.size()) - 1);
      logits_row.push_back(static_cast<int64_t>(chosen_.size()) - 1);
      drawing.push_back(std::move(sample));
    } else {
      unfinished.push_back(std::move(sample));
    }
  }
}

// Prompts of which samples that wait have need, then new ones, into the rows that are left.
void CpuSession::read_prompts(std::vector<std::shared_ptr<Prefix>>& finished) {
  while (room() > 0) {
    if (to_read_.empty()) {
      const bool enough_waiting = static_cast<int64_t>(waiting_.size()) >= num_rows_;
      if (next_.empty() || enough_waiting) return;
      auto prefix = std::make_shared<Prefix>();
      prefix->active = std::move(next_.front());
      next_.pop_front();
      prefix->sequence = std::make_unique<KvSequence>(cache_);
      prefix->queued = true;
      to_read_.push_back(std::move(prefix));
    }
    const std::shared_ptr<Prefix> prefix = to_read_.front();
    while (!prefix->sequence->reserve(prefix->length())) {
      // Others go on first; with nobody running, idle prompts make way.
      if (!rows_.empty() || !running_.empty() || !make_room(prefix.get(), running_.size())) return;
    }
    const std::vector<int32_t>& ids = prefix->ids();
    const bool score = prefix->active->request.score_prompt && !prefix->drawn;
    for (; room() > 0 && !prefix->is_read(); ++prefix->num_read) {
      rows_.push_back({ids[static_cast<size_t>(prefix->num_read)], prefix->num_read, prefix->sequence.get()});
      const bool is_last = prefix->num_read + 1 == prefix->length();
      if (!(score || (is_last && !prefix->drawn))) continue;
      chosen_.push_back(static_cast<int64_t>(rows_.size()) - 1);
      const int64_t logits_row = static_cast<int64_t>(chosen_.size()) - 1;
      if (is_last) prefix_end_[prefix.get()] = logits_row;
      else scoring_.push_back({prefix, prefix->num_read + 1, logits_row});
    }
    if (!prefix->is_read()) return;
    finished.push_back(prefix);
    to_read_.pop_front();
  }
}

void CpuSession::start_waiting() {
  while (static_cast<int64_t>(running_.size()) < num_rows_ && !waiting_.empty()) {
    Sample& sample = waiting_.front();
    if (!sample.prefix->is_read()) {
      if (!sample.prefix->queued) to_read_.push_front(sample.prefix);
      sample.prefix->queued = true;
      return;
    }
    auto sequence = std::make_unique<KvSequence>(cache_, sample.prefix->sequence.get(), sample.prefix->length());
    while (!sequence->reserve(static_cast<int64_t>(sample.completion().ids.size()))) {
      if (!running_.empty() || !make_room(sample.prefix.get(), 0)) return;
    }
    sample.sequence = std::move(sequence);
    sample.num_read = 0;
    ++sample.prefix->num_running;
    running_.push_back(std::move(sample));
    waiting_.pop_front();
  }
}

// Takes pages away from a prompt that nobody runs on, else from the youngest running sample behind `keep_running`.
bool CpuSession::make_room(const Prefix* keep, size_t keep_running) {
  const auto drop = [&](Prefix& prefix) {
    if (&prefix == keep || prefix.num_running > 0 || prefix.num_read == 0) return false;
    prefix.sequence->clear();
    prefix.num_read = 0;
    return true;
  };
  for (auto sample = waiting_.rbegin(); sample != waiting_.rend(); ++sample) {
    if (!sample->prefix->queued && drop(*sample->prefix)) return true;
  }
  for (auto prefix = to_read_.rbegin(); prefix != to_read_.rend(); ++prefix) {
    if (drop(**prefix)) return true;
  }
  if (running_.size() <= keep_running + 1) return false;
  Sample sample = std::move(running_.back());
  running_.pop_back();
  stop_running(std::move(sample));
  return true;
}

// Its pages go back; what it has written is read again when its turn comes.
void CpuSession::stop_running(Sample sample) {
  sample.sequence.reset();
  --sample.prefix->num_running;
  waiting_.push_front(std::move(sample));
}

// Appends a token to each sample. They draw from streams of their own, so threads may share them out.
void CpuSession::draw_all(std::vector<Sample>& samples, const std::vector<int64_t>& rows, const float* logits) {
  const int64_t V = decoder_.vocab_size();
  kernels::for_rows(static_cast<int64_t>(samples.size()), 60 * V, [&](int64_t i) {
    const Sample& sample = samples[static_cast<size_t>(i)];
    std::vector<float> scratch;
    sample.prefix->active->append(sample.index, {logits + rows[static_cast<size_t>(i)] * V, static_cast<size_t>(V)}, scratch);
  });
}

}  // namespace reprise::generation
