// Group-relative advantages (DeepSeekMath, arXiv 2402.03300, section 4.1.2).
#pragma once

#include <string>
#include <vector>

namespace reprise::rl {

// rewards of one group. scale_rewards "group": (r - mean) / (std + 1e-4) with the unbiased standard deviation, as TRL
// computes it (verl adds 1e-6); "none": r - mean (Dr. GRPO, arXiv 2503.20783).
// A group whose rewards are all equal teaches nothing: its advantages are exactly zero, not 0/eps. So does a group of one.
std::vector<double> group_advantages(const std::vector<double>& rewards, const std::string& scale_rewards);

}  // namespace reprise::rl
