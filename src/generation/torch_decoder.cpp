// Static batches over model::Transformer::step_BD.
#include "generation/torch_decoder.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "base/error.h"

namespace reprise::generation {

void generate_with_torch(const model::Transformer& model, const SamplingConfig& config, const GenerationRequest& request,
                         TokenRule& rule, std::vector<Completion>& results,
                         const std::function<bool(const GenerationProgress&)>& keep_going) {
  at::NoGradGuard guard;
  GenerationProgress progress{.num_samples = static_cast<int64_t>(results.size())};
  std::vector<float> scratch;
  for (size_t start = 0; start < results.size(); start += static_cast<size_t>(config.generation_rows)) {
    const size_t end = std::min(results.size(), start + static_cast<size_t>(config.generation_rows));
    std::vector<size_t> live;
    int64_t longest = 0;
    for (size_t i = start; i < end; ++i) {
      live.push_back(i);
      longest = std::max<int64_t>(longest, request.prompts[results[i].problem_index].size());
    }
    const int64_t B = static_cast<int64_t>(live.size());
    at::Tensor ids_BT = at::zeros({B, longest}, at::kLong), new_B = at::empty({B}, at::kLong);
    for (int64_t b = 0; b < B; ++b) {
      const auto& prompt = request.prompts[results[live[b]].problem_index];
      std::copy(prompt.begin(), prompt.end(), ids_BT.data_ptr<int64_t>() + b * longest);
      new_B.data_ptr<int64_t>()[b] = static_cast<int64_t>(prompt.size());
    }
    const at::ScalarType dtype = model.weights().begin()->second.scalar_type();
    model::KvCache cache(model.config(), B, longest + config.max_completion_length, dtype, model.device());
    at::Tensor hidden_BD = model.step_BD(cache, ids_BT.to(model.device()), new_B.to(model.device()));
    while (!live.empty()) {
      const at::Tensor logits_BV = model.logits(hidden_BD).to(at::kCPU, at::kFloat).contiguous();
      std::vector<int64_t> kept;
      std::vector<size_t> still;
      for (size_t b = 0; b < live.size(); ++b) {
        Completion& completion = results[live[b]];
        const NoiseKey noise = noise_key(request.random_path, request.prompt_numbers[completion.problem_index],
                                         static_cast<uint64_t>(completion.sample_index));
        rule.append(live[b], completion, {logits_BV.const_data_ptr<float>() + static_cast<int64_t>(b) * logits_BV.size(1), static_cast<size_t>(logits_BV.size(1))}, noise, scratch);
        // Tokens may have been taken back: the last one is read (again) next.
        cache.lengths[b] = static_cast<int64_t>(request.prompts[completion.problem_index].size() + completion.ids.size()) - 1;
        ++progress.num_tokens;
        if (rule.ended(completion)) {
          ++progress.num_done;
        } else {
          kept.push_back(static_cast<int64_t>(b));
          still.push_back(live[b]);
        }
      }
      if (keep_going && !keep_going(progress)) throw Interrupted("stopped while sampling");
      live = std::move(still);
      if (live.empty()) break;
      if (kept.size() != cache.lengths.size()) cache.select_rows(kept);
      at::Tensor next_BT = at::empty({static_cast<int64_t>(live.size()), 1}, at::kLong);
      for (size_t b = 0; b < live.size(); ++b) next_BT.data_ptr<int64_t>()[b] = results[live[b]].ids.back();
      hidden_BD = model.step_BD(cache, next_BT.to(model.device()), at::ones({static_cast<int64_t>(live.size())}, at::TensorOptions(at::kLong).device(model.device())));
    }
  }
}

}  // namespace reprise::generation
