// Rotary position embeddings (Su et al. 2021) with the scalings of transformers' modeling_rope_utils: linear, llama3
// (Llama 3.1's by-wavelength blend) and yarn (Peng et al. 2023, arXiv 2309.00071).
#pragma once

#include <vector>

#include "model/model_config.h"

namespace reprise::model {

struct RopeFrequencies {
  std::vector<float> inverse;    // head_dim / 2, radians per position
  double attention_scale = 1.0;  // both cosine and sine are multiplied by it (yarn)
};
RopeFrequencies rope_frequencies(const ModelConfig& config);

// cos and sin of positions 0 .. num_positions-1, each [position][head_dim / 2], in float as transformers computes them.
void rope_table(const ModelConfig& config, int64_t num_positions, std::vector<float>& cosine, std::vector<float>& sine);

}  // namespace reprise::model
