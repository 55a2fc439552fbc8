// Constant, linear and cosine schedules with linear warm-up.
#include "training/schedule.h"

#include <algorithm>

#include "base/fixed_math.h"

namespace reprise::training {

double learning_rate_at(const OptimizerConfig& config, int64_t step, int64_t num_steps) {
  const int64_t warmup = config.warmup_steps > 0
                             ? config.warmup_steps
                             : static_cast<int64_t>(config.warmup_ratio * static_cast<double>(num_steps) + 0.5);
  const double peak = config.learning_rate;
  if (step < warmup) return peak * static_cast<double>(step + 1) / static_cast<double>(warmup);
  if (config.lr_scheduler_type == "constant") return peak;
  const double span = static_cast<double>(std::max<int64_t>(1, num_steps - 1 - warmup));
  const double progress = std::clamp(static_cast<double>(step - warmup) / span, 0.0, 1.0);
  const double shape =
      config.lr_scheduler_type == "linear" ? 1 - progress : 0.5 * (1 + fixed_cos_turns(progress / 2));
  return peak * (config.min_lr_rate + (1 - config.min_lr_rate) * shape);
}

}  // namespace reprise::training
