// Continuous batching over a cache in pages. Each pass takes the unread tokens of every running sample (one, mostly; all of
// them where its pages had been taken away) and fills the remaining rows with the prompts that come next. Which pass a token
// falls into changes no bit of it, so the schedule is free to be greedy.
#include "generation/engine.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <map>
#include <memory>

#include "base/error.h"
#include "base/strings.h"
#include "generation/cpu_decoder.h"
#include "generation/token_rule.h"
#include "generation/torch_decoder.h"
#include "kernels/parallel.h"

namespace reprise::generation {
namespace {

void check_request(const model::Transformer& model, const SamplingConfig& config, const GenerationRequest& request) {
  const int64_t context = model.config().max_position_embeddings;
  for (size_t p = 0; p < request.prompts.size(); ++p) {
    const int64_t length = static_cast<int64_t>(request.prompts[p].size());
    const std::string which = "prompt " + std::to_string(p);
    if (length == 0) throw Error("is empty", which);
    if (length > config.max_prompt_length) {
      throw Error("has " + std::to_string(length) + " tokens, more than max_prompt_length " + std::to_string(config.max_prompt_length),
                  which, "raise max_prompt_length or leave the problem out");
    }
    if (length + config.max_completion_length > context) {
      throw Error("needs " + std::to_string(length + config.max_completion_length) + " positions with its completion, the model has " +
                      std::to_string(context), which, "lower max_completion_length");
    }
    for (int32_t id : request.prompts[p]) {
      if (id < 0 || id >= model.config().vocab_size) throw Error("has token " + std::to_string(id) + " that the model does not know", which);
    }
  }
}

// A prompt, read once for its samples. Its pages may be taken away while none of them runs; it is read again then.
struct Prefix {
  int64_t prompt = 0, length = 0, num_read = 0, num_running = 0;
  bool drawn = false;   // the samples have their first token
  bool queued = false;  // is being read, or will be
  std::unique_ptr<KvSequence> sequence;
  bool is_read() const { return num_read == length; }
};

struct Sample {
  std::shared_ptr<Prefix> prefix;
  std::unique_ptr<KvSequence> sequence;  // while it runs
  size_t index = 0;                      // into the result
  int64_t num_read = 0;                  // of its own tokens, as they stand in the cache
  NoiseKey noise;
};

class CpuEngine {
 public:
  CpuEngine(const model::Transformer& model, const SamplingConfig& config, const GenerationRequest& request, TokenRule& rule,
            std::vector<Completion>& results, int64_t max_pages)
      : config_(config), request_(request), rule_(rule), results_(results), cache_(model.config(), request.page_positions, max_pages),
        decoder_(model.row_model(), cache_, config.generation_rows) {}

  void run(const std::function<bool(const GenerationProgress&)>& keep_going) {
    GenerationProgress progress{.num_samples = static_cast<int64_t>(results_.size())};
    while (progress.num_done < progress.num_samples) {
      pass(progress);
      if (keep_going && !keep_going(progress)) throw Interrupted("stopped while sampling");
    }
  }

 private:
  void pass(GenerationProgress& progress) {
    start_waiting();
    rows_.clear();
    chosen_.clear();
    std::vector<Sample> drawing;      // what gets a token in this pass
    std::vector<int64_t> logits_row;  // and from which row of logits
    std::vector<Sample> unfinished;   // running, but with more to be read first
    read_running(drawing, logits_row, unfinished);
    const size_t num_running = drawing.size();
    std::vector<std::shared_ptr<Prefix>> finished;
    read_prompts(finished);
    decoder_.forward(rows_);
    for (const auto& prefix : finished) {
      prefix->queued = false;
      if (prefix->drawn) continue;
      prefix->drawn = true;
      chosen_.push_back(prefix_end_[prefix.get()]);
      for (int64_t s = 0; s < request_.num_generations; ++s) {
        Sample sample;
        sample.prefix = prefix;
        sample.index = static_cast<size_t>(prefix->prompt * request_.num_generations + s);
        sample.noise = noise_key(request_.random_path, request_.prompt_numbers[static_cast<size_t>(prefix->prompt)], static_cast<uint64_t>(request_.first_sample_index + s));
        drawing.push_back(std::move(sample));
        logits_row.push_back(static_cast<int64_t>(chosen_.size()) - 1);
      }
    }
    prefix_end_.clear();
    if (!chosen_.empty()) draw_all(drawing, logits_row, decoder_.logits(chosen_));
    running_ = std::move(unfinished);
    for (size_t i = 0; i < drawing.size(); ++i) {
      Sample& sample = drawing[i];
      Completion& completion = results_[sample.index];
      ++progress.num_tokens;
      // Tokens may have been taken back; the last one is unread in any case.
      sample.num_read = std::min(sample.num_read, static_cast<int64_t>(completion.ids.size()) - 1);
      if (rule_.ended(completion)) {
        ++progress.num_done;
        if (i < num_running) --sample.prefix->num_running;
      } else if (i < num_running) {
        running_.push_back(std::move(sample));
      } else {
        waiting_.push_back(std::move(sample));
      }
    }
  }

  // Unread tokens of the running samples, the eldest first. Where there is no room the youngest gives its pages back.
  void read_running(std::vector<Sample>& drawing, std::vector<int64_t>& logits_row, std::vector<Sample>& unfinished) {
    for (size_t i = 0; i < running_.size(); ++i) {
      Sample& sample = running_[i];
      const std::vector<int32_t>& ids = results_[sample.index].ids;
      const int64_t take = std::min(static_cast<int64_t>(ids.size()) - sample.num_read, room());
      bool fits = true;
      while (fits && take > 0 && !sample.sequence->reserve(sample.num_read + take)) fits = make_room(sample.prefix.get(), i);
      if (!fits) {  // it is the youngest itself
        if (rows_.empty()) throw Error("has no page left for the only running sample", "the sampler's cache");
        stop_running(std::move(sample));
        continue;
      }
      for (int64_t t = 0; t < take; ++t, ++sample.num_read) {
        rows_.push_back({ids[static_cast<size_t>(sample.num_read)], sample.prefix->length + sample.num_read, sample.sequence.get()});
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
  void read_prompts(std::vector<std::shared_ptr<Prefix>>& finished) {
    while (room() > 0) {
      if (to_read_.empty()) {
        const bool enough_waiting = static_cast<int64_t>(waiting_.size()) >= config_.generation_rows;
        if (next_prompt_ == request_.prompts.size() || enough_waiting) return;
        auto prefix = std::make_shared<Prefix>();
        prefix->prompt = static_cast<int64_t>(next_prompt_++);
        prefix->length = static_cast<int64_t>(request_.prompts[static_cast<size_t>(prefix->prompt)].size());
        prefix->sequence = std::make_unique<KvSequence>(cache_);
        prefix->queued = true;
        to_read_.push_back(std::move(prefix));
      }
      const std::shared_ptr<Prefix> prefix = to_read_.front();
      while (!prefix->sequence->reserve(prefix->length)) {
        // Others go on first; with nobody running, idle prompts make way.
        if (!rows_.empty() || !running_.empty() || !make_room(prefix.get(), running_.size())) return;
      }
      const std::vector<int32_t>& ids = request_.prompts[static_cast<size_t>(prefix->prompt)];
      for (; room() > 0 && !prefix->is_read(); ++prefix->num_read) rows_.push_back({ids[static_cast<size_t>(prefix->num_read)], prefix->num_read, prefix->sequence.get()});
      if (!prefix->is_read()) return;
      prefix_end_[prefix.get()] = static_cast<int64_t>(rows_.size()) - 1;
      finished.push_back(prefix);
      to_read_.pop_front();
    }
  }

  void start_waiting() {
    while (static_cast<int64_t>(running_.size()) < config_.generation_rows && !waiting_.empty()) {
      Sample& sample = waiting_.front();
      if (!sample.prefix->is_read()) {
        if (!sample.prefix->queued) to_read_.push_front(sample.prefix);
        sample.prefix->queued = true;
        return;
      }
      auto sequence = std::make_unique<KvSequence>(cache_, sample.prefix->sequence.get(), sample.prefix->length);
      while (!sequence->reserve(static_cast<int64_t>(results_[sample.index].ids.size()))) {
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
  bool make_room(const Prefix* keep, size_t keep_running) {
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
  void stop_running(Sample sample) {
    sample.sequence.reset();
    --sample.prefix->num_running;
    waiting_.push_front(std::move(sample));
  }

  // Appends a token to each sample. They draw from streams of their own, so threads may share them out.
  void draw_all(std::vector<Sample>& samples, const std::vector<int64_t>& rows, const float* logits) {
    const int64_t V = decoder_.vocab_size();
    kernels::for_rows(static_cast<int64_t>(samples.size()), 60 * V, [&](int64_t i) {
      const Sample& sample = samples[static_cast<size_t>(i)];
      std::vector<float> scratch;
      rule_.append(sample.index, results_[sample.index], {logits + rows[static_cast<size_t>(i)] * V, static_cast<size_t>(V)}, sample.noise, scratch);
    });
  }

  int64_t room() const { return config_.generation_rows - static_cast<int64_t>(rows_.size()); }

  const SamplingConfig& config_;
  const GenerationRequest& request_;
  TokenRule& rule_;
  std::vector<Completion>& results_;
  KvPages cache_;
  CpuDecoder decoder_;
  std::deque<Sample> waiting_;  // have their first token; no row or no pages yet
  std::vector<Sample> running_;
  std::deque<std::shared_ptr<Prefix>> to_read_;
  size_t next_prompt_ = 0;
  // Of the pass that goes on:
  std::vector<TokenRow> rows_;
  std::vector<int64_t> chosen_;
  std::map<const Prefix*, int64_t> prefix_end_;  // the row of each finished prompt's last token
};

// How many pages the cache may have. Throws when one sample could not run in them.
int64_t pages_of_cache(const model::ModelConfig& model, const SamplingConfig& config, const GenerationRequest& request) {
  const auto pages = [&](int64_t positions) { return (positions + request.page_positions - 1) / request.page_positions; };
  size_t longest = 0;
  for (const auto& prompt : request.prompts) longest = std::max(longest, prompt.size());
  const int64_t one = pages(static_cast<int64_t>(longest)) + pages(config.max_completion_length);
  if (config.kv_cache_gigabytes <= 0) return (config.generation_rows + 1) * (one + pages(static_cast<int64_t>(longest)));
  const double bytes = KvPages::bytes_of_page(model, request.page_positions);
  const int64_t allowed = static_cast<int64_t>(config.kv_cache_gigabytes * 1e9 / bytes);
  if (allowed < one) {
    throw Error("is too small for one sample: a prompt of " + format_count(static_cast<int64_t>(longest)) + " tokens and " + format_count(config.max_completion_length) +
                    " more take " + format_fixed(static_cast<double>(one) * bytes * 1e-9, 3) + " GB", "kv_cache_gigabytes", "raise it, or lower max_completion_length");
  }
  return allowed;
}

}  // namespace

std::vector<Completion> generate(const model::Transformer& model, const text::Tokenizer& tokenizer,
                                 const SamplingConfig& config, const GenerationRequest& request,
                                 const std::function<bool(const GenerationProgress&)>& keep_going) {
  check_request(model, config, request);
  std::vector<Completion> results(request.prompts.size() * static_cast<size_t>(request.num_generations));
  for (size_t i = 0; i < results.size(); ++i) {
    results[i].problem_index = static_cast<int64_t>(i) / request.num_generations;
    results[i].sample_index = request.first_sample_index + static_cast<int64_t>(i) % request.num_generations;
  }
  TokenRule rule(tokenizer, config, request, results.size());
  if (model.device().is_cpu() && model.weights().begin()->second.scalar_type() == at::kFloat) {
    at::NoGradGuard guard;
    CpuEngine(model, config, request, rule, results, pages_of_cache(model.config(), config, request)).run(keep_going);
  } else {
    generate_with_torch(model, config, request, rule, results, keep_going);
  }
  for (Completion& completion : results) {
    completion.text = tokenizer.decode(completion.ids, {.skip_special_tokens = true});
  }
  return results;
}

}  // namespace reprise::generation
