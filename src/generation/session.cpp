#include "generation/session.h"

#include <ATen/core/Tensor.h>

#include "base/error.h"
#include "base/strings.h"
#include "generation/cpu_session.h"
#include "generation/torch_session.h"

namespace reprise::generation {

std::unique_ptr<Session> make_session(const model::Transformer& model, const text::Tokenizer& tokenizer, const SessionLimits& limits) {
  const bool own_path = model.device().is_cpu() && model.weights().begin()->second.scalar_type() == at::kFloat;
  if (own_path) return std::make_unique<CpuSession>(model, tokenizer, limits);
  return std::make_unique<TorchSession>(model, tokenizer, limits);
}

void check_prompt(const model::ModelConfig& model, const SamplingConfig& sampling, const std::vector<int32_t>& prompt, const std::string& which) {
  const int64_t length = static_cast<int64_t>(prompt.size());
  if (length == 0) throw Error("is empty", which);
  if (length > sampling.max_prompt_length) {
    throw Error("has " + std::to_string(length) + " tokens, more than max_prompt_length " + std::to_string(sampling.max_prompt_length), which, "raise max_prompt_length or leave the problem out");
  }
  if (length + sampling.max_completion_length > model.max_position_embeddings) {
    throw Error("needs " + std::to_string(length + sampling.max_completion_length) + " positions with its completion, the model has " + std::to_string(model.max_position_embeddings), which,
                "lower max_completion_length");
  }
  for (int32_t id : prompt) {
    if (id < 0 || id >= model.vocab_size) throw Error("has token " + std::to_string(id) + " that the model does not know", which);
  }
}

int64_t pages_within(double gigabytes, const model::ModelConfig& model, int64_t page_positions, int64_t longest, int64_t max_completion_length) {
  const auto pages = [&](int64_t positions) { return (positions + page_positions - 1) / page_positions; };
  const int64_t one = pages(longest) + pages(max_completion_length);
  const double bytes = KvPages::bytes_of_page(model, page_positions);
  const int64_t allowed = static_cast<int64_t>(gigabytes * 1e9 / bytes);
  if (allowed < one) {
    throw Error("is too small for one sample: a prompt of " + format_count(longest) + " tokens and " + format_count(max_completion_length) + " more take " +
                    format_fixed(static_cast<double>(one) * bytes * 1e-9, 3) + " GB", "kv_cache_gigabytes", "raise it, or lower max_completion_length");
  }
  return allowed;
}

}  // namespace reprise::generation
