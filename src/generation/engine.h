// Many prompts at once, sampled to their end. Completions depend on the weights, the prompt and the random path alone: not on the
// batch, the order of requests or what else is being sampled (tests: GenerationEngine.ACompletionDoesNotDependOnItsNeighbours).
//
// On the CPU in float32 the decode path is written by hand (cpu_session.h, cpu_decoder.h): prefill and decode mixed over a cache in pages, a
// row's bits never change with its neighbours, their number or the threads (docs/reproducing.md). The prompt's prefix is
// computed once for its samples. Elsewhere (CUDA, bfloat16) torch_session.h runs LibTorch's ops over a dense cache.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "generation/completion.h"
#include "generation/sampling_config.h"
#include "model/transformer.h"
#include "text/tokenizer.h"

namespace reprise::generation {

struct GenerationRequest {
  std::vector<std::vector<int32_t>> prompts;   // ids, none empty
  std::vector<uint64_t> prompt_numbers;        // one per prompt: its place in the random path (a problem's number)
  int64_t num_generations = 1;
  int64_t first_sample_index = 0;              // k more later: continue the sample numbers
  // Sample s of prompt p draws from RandomStream{path..., prompt_numbers[p], s}, one place per token.
  std::vector<uint64_t> random_path;           // (seed, stage, step)
  std::vector<int32_t> stop_ids;
  int64_t page_positions = 64;                 // of the CPU's cache, a multiple of 32: no completion depends on it
};

struct GenerationProgress {
  int64_t num_done = 0, num_samples = 0, num_tokens = 0;
};

// In (prompt, sample) order. Throws Error before the first token if a prompt does not fit max_prompt_length or the
// model's context. keep_going returns false to give up: Interrupted is thrown.
std::vector<Completion> generate(const model::Transformer& model, const text::Tokenizer& tokenizer,
                                 const SamplingConfig& config, const GenerationRequest& request,
                                 const std::function<bool(const GenerationProgress&)>& keep_going = {});

}  // namespace reprise::generation
