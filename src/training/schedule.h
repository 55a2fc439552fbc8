// The learning rate at each step, by fixed arithmetic (no libm), so that it is the same bits everywhere.
#pragma once

#include <cstdint>

#include "training/optimizer_config.h"

namespace reprise::training {

// step counts from 0 to num_steps - 1. Warm-up climbs linearly: the first step already moves ((step+1)/warmup).
// linear and cosine end at learning_rate * min_lr_rate at the last step.
double learning_rate_at(const OptimizerConfig& config, int64_t step, int64_t num_steps);

}  // namespace reprise::training
