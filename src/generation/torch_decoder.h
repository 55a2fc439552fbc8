// Sampling by LibTorch's ops over a dense cache: for devices that the hand-written path does not serve. Groups of
// generation_rows samples run until the last of them ends. The draw is the CPU's own (sampler.h), on copied logits.
#pragma once

#include <functional>
#include <vector>

#include "generation/token_rule.h"

namespace reprise::generation {

void generate_with_torch(const model::Transformer& model, const SamplingConfig& config, const GenerationRequest& request,
                         TokenRule& rule, std::vector<Completion>& results,
                         const std::function<bool(const GenerationProgress&)>& keep_going);

}  // namespace reprise::generation
