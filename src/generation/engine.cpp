#include "generation/engine.h"

#include <ATen/core/Tensor.h>

#include <algorithm>

#include "base/error.h"
#include "generation/session.h"

namespace reprise::generation {
namespace {

class Collector : public SessionObserver {
 public:
  Collector(std::vector<Completion>& results, const GenerationRequest& request) : results_(results), request_(request) { progress.num_samples = static_cast<int64_t>(results.size()); }

  void on_token(int64_t, const Completion&) override { ++progress.num_tokens; }
  void on_end(int64_t, Completion&& completion) override {
    ++progress.num_done;
    const int64_t place = completion.problem_index * request_.num_generations + completion.sample_index - request_.first_sample_index;
    results_[static_cast<size_t>(place)] = std::move(completion);
  }

  GenerationProgress progress;

 private:
  std::vector<Completion>& results_;
  const GenerationRequest& request_;
};

}  // namespace

std::vector<Completion> generate(const model::Transformer& model, const text::Tokenizer& tokenizer,
                                 const SamplingConfig& config, const GenerationRequest& request,
                                 const std::function<bool(const GenerationProgress&)>& keep_going) {
  std::vector<Completion> results(request.prompts.size() * static_cast<size_t>(request.num_generations));
  if (results.empty()) return results;
  int64_t longest = 0;
  for (size_t p = 0; p < request.prompts.size(); ++p) {
    check_prompt(model.config(), config, request.prompts[p], "prompt " + std::to_string(p));
    longest = std::max(longest, static_cast<int64_t>(request.prompts[p].size()));
  }
  SessionLimits limits{.generation_rows = config.generation_rows, .page_positions = request.page_positions};
  const auto pages = [&](int64_t positions) { return (positions + request.page_positions - 1) / request.page_positions; };
  limits.max_pages = config.kv_cache_gigabytes > 0 ? pages_within(config.kv_cache_gigabytes, model.config(), request.page_positions, longest, config.max_completion_length)
                                                   : (config.generation_rows + 1) * (2 * pages(longest) + pages(config.max_completion_length));
  const auto session = make_session(model, tokenizer, limits);
  const auto sampling = std::make_shared<const SamplingConfig>(config);
  for (size_t p = 0; p < request.prompts.size(); ++p) {
    PromptRequest one{.prompt = request.prompts[p], .random_path = request.random_path, .prompt_number = request.prompt_numbers[p], .num_generations = request.num_generations};
    one.first_sample_index = request.first_sample_index;
    one.stop_ids = request.stop_ids;
    one.sampling = sampling;
    session->submit(std::move(one));
  }
  Collector collector(results, request);
  while (!session->is_idle()) {
    session->step(collector);
    if (keep_going && !keep_going(collector.progress)) throw Interrupted("stopped while sampling");
  }
  return results;
}

}  // namespace reprise::generation
