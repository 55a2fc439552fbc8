// Continuous batching: each pass takes one token from every running sample and fills the remaining rows with the
// prompts that come next. Which pass a token falls into changes no bit of it, so the schedule is free to be greedy.
#include "generation/engine.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <numeric>

#include "base/error.h"
#include "generation/cpu_decoder.h"
#include "generation/sampler.h"
#include "generation/torch_decoder.h"

namespace reprise::generation {
namespace {

// A prompt whose prefix is being read, or is read and serves its samples.
struct Prefix {
  int64_t prompt = 0;
  int64_t num_read = 0;
  std::unique_ptr<KvBlock> block;
};

struct RunningSample {
  std::shared_ptr<Prefix> prefix;
  std::unique_ptr<KvBlock> block;
  size_t index = 0;  // into the result
  NoiseKey noise;
};

class Stopper {
 public:
  Stopper(const text::Tokenizer& tokenizer, const SamplingConfig& config, const GenerationRequest& request)
      : tokenizer_(tokenizer), config_(config), request_(request) {}

  // After an id was appended: has the completion ended, and why?
  bool ended(Completion& completion) const {
    const int32_t last = completion.ids.back();
    if (std::find(request_.stop_ids.begin(), request_.stop_ids.end(), last) != request_.stop_ids.end()) {
      completion.stop_reason = StopReason::eos;
      return true;
    }
    if (!config_.stop_strings.empty()) {
      // A stop string is shorter than 64 tokens' text: the tail is enough.
      const size_t tail = std::min<size_t>(completion.ids.size(), 64);
      const std::string text = tokenizer_.decode(std::span(completion.ids).last(tail), {.skip_special_tokens = true});
      for (const std::string& stop : config_.stop_strings) {
        if (text.find(stop) != std::string::npos) {
          completion.stop_reason = StopReason::stop_string;
          return true;
        }
      }
    }
    completion.stop_reason = StopReason::length;
    return static_cast<int64_t>(completion.ids.size()) >= config_.max_completion_length;
  }

 private:
  const text::Tokenizer& tokenizer_;
  const SamplingConfig& config_;
  const GenerationRequest& request_;
};

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

class CpuEngine {
 public:
  CpuEngine(const model::Transformer& model, const SamplingConfig& config, const GenerationRequest& request,
            const Stopper& stopper, std::vector<Completion>& results)
      : config_(config), request_(request), stopper_(stopper), results_(results), model_config_(model.config()),
        decoder_(model, config.generation_rows, config.max_prompt_length + config.max_completion_length) {}

  void run(const std::function<bool(const GenerationProgress&)>& keep_going) {
    GenerationProgress progress{.num_samples = static_cast<int64_t>(results_.size())};
    while (progress.num_done < progress.num_samples) {
      pass(progress);
      if (keep_going && !keep_going(progress)) throw Interrupted("stopped while sampling");
    }
  }

 private:
  void pass(GenerationProgress& progress) {
    std::vector<TokenRow> rows;
    std::vector<int64_t> chosen;
    for (RunningSample& sample : running_) {
      const std::vector<int32_t>& ids = results_[sample.index].ids;
      const int64_t position = sample.block->first_position + static_cast<int64_t>(ids.size()) - 1;
      chosen.push_back(static_cast<int64_t>(rows.size()));
      rows.push_back({ids.back(), position, sample.block.get(), sample.prefix->block.get()});
    }
    const size_t num_decoding = rows.size();
    read_prompts(rows, chosen);
    decoder_.forward(rows);
    if (chosen.empty()) return;
    const float* logits = decoder_.logits(chosen);
    // Every draw of this pass: the running samples, then the first token of each sample whose prompt was read to its end
    // (they share a row of logits).
    std::vector<RunningSample> drawing = std::move(running_);
    std::vector<size_t> rows_of(num_decoding);
    std::iota(rows_of.begin(), rows_of.end(), size_t{0});
    for (size_t i = num_decoding; i < chosen.size(); ++i) {
      const auto& prefix = finished_prefixes_[i - num_decoding];
      for (int64_t s = 0; s < request_.num_generations; ++s) {
        RunningSample sample;
        sample.prefix = prefix;
        sample.index = static_cast<size_t>(prefix->prompt * request_.num_generations + s);
        sample.noise = noise_key(request_.random_path, request_.prompt_numbers[prefix->prompt],
                                 static_cast<uint64_t>(request_.first_sample_index + s));
        drawing.push_back(std::move(sample));
        rows_of.push_back(i);
      }
    }
    draw_all(drawing, rows_of, logits);
    running_.clear();
    for (size_t i = 0; i < drawing.size(); ++i) {
      ++progress.num_tokens;
      if (stopper_.ended(results_[drawing[i].index])) ++progress.num_done;
      else if (i < num_decoding) running_.push_back(std::move(drawing[i]));
      else waiting_.push_back(std::move(drawing[i]));
    }
    finished_prefixes_.clear();
    while (static_cast<int64_t>(running_.size()) < decoder_.num_rows() && !waiting_.empty()) {
      RunningSample sample = std::move(waiting_.front());
      waiting_.pop_front();
      sample.block = std::make_unique<KvBlock>(model_config_, static_cast<int64_t>(request_.prompts[sample.prefix->prompt].size()),
                                               config_.max_completion_length);
      running_.push_back(std::move(sample));
    }
  }

  void read_prompts(std::vector<TokenRow>& rows, std::vector<int64_t>& chosen) {
    while (static_cast<int64_t>(rows.size()) < decoder_.num_rows()) {
      if (!reading_) {
        const bool enough_waiting = static_cast<int64_t>(waiting_.size()) >= decoder_.num_rows();
        if (next_prompt_ == request_.prompts.size() || enough_waiting) return;
        reading_ = std::make_shared<Prefix>();
        reading_->prompt = static_cast<int64_t>(next_prompt_++);
        reading_->block = std::make_unique<KvBlock>(model_config_, 0, static_cast<int64_t>(request_.prompts[reading_->prompt].size()));
      }
      const std::vector<int32_t>& ids = request_.prompts[reading_->prompt];
      rows.push_back({ids[reading_->num_read], reading_->num_read, reading_->block.get(), nullptr});
      if (++reading_->num_read == static_cast<int64_t>(ids.size())) {
        chosen.push_back(static_cast<int64_t>(rows.size()) - 1);
        finished_prefixes_.push_back(std::move(reading_));
        reading_.reset();
      }
    }
  }

  // Appends a token to each sample. They draw from streams of their own, so threads may share them out.
  void draw_all(const std::vector<RunningSample>& samples, const std::vector<size_t>& rows_of, const float* logits) {
    const int64_t V = decoder_.vocab_size();
    at::parallel_for(0, static_cast<int64_t>(samples.size()), 1, [&](int64_t begin, int64_t end) {
      std::vector<float> scratch;
      for (int64_t i = begin; i < end; ++i) {
        Completion& completion = results_[samples[static_cast<size_t>(i)].index];
        const Draw drawn = draw_token({logits + static_cast<int64_t>(rows_of[static_cast<size_t>(i)]) * V, static_cast<size_t>(V)}, config_,
                                      samples[static_cast<size_t>(i)].noise, static_cast<uint32_t>(completion.ids.size()), scratch);
        completion.ids.push_back(drawn.id);
        completion.behavior_logprobs.push_back(drawn.behavior_logprob);
        completion.full_logprobs.push_back(drawn.full_logprob);
      }
    });
  }

  const SamplingConfig& config_;
  const GenerationRequest& request_;
  const Stopper& stopper_;
  std::vector<Completion>& results_;
  model::ModelConfig model_config_;
  CpuDecoder decoder_;
  std::vector<RunningSample> running_;
  std::deque<RunningSample> waiting_;  // first token drawn, no row free yet
  std::shared_ptr<Prefix> reading_;
  std::vector<std::shared_ptr<Prefix>> finished_prefixes_;
  size_t next_prompt_ = 0;
};

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
  const Stopper stopper(tokenizer, config, request);
  if (model.device().is_cpu()) {
    CpuEngine(model, config, request, stopper, results).run(keep_going);
  } else {
    generate_with_torch(model, config, request, [&](Completion& c) { return stopper.ended(c); }, results, keep_going);
  }
  for (Completion& completion : results) {
    completion.text = tokenizer.decode(completion.ids, {.skip_special_tokens = true});
  }
  return results;
}

}  // namespace reprise::generation
