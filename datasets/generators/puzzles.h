// Puzzles in plain English that any chat model can try: arithmetic, countdown, knights and knaves.
#pragma once

#include "datasets/generators/generator.h"

namespace reprise::datasets {

// Sums of min_level..max_level operands with + - * and brackets; answer by exact arithmetic.
Generated generate_arithmetic(const GeneratorConfig& config, uint64_t seed);
// Countdown: min_level..max_level numbers and a target that a random expression of all of them reaches, so every problem
// has a solution (kept in `solution`).
Generated generate_countdown(const GeneratorConfig& config, uint64_t seed);
// Knights and knaves among min_level..max_level people; kept only when brute force finds exactly one solution.
Generated generate_knights_and_knaves(const GeneratorConfig& config, uint64_t seed);

}  // namespace reprise::datasets
