// Mean and spread of a group, in double and in order.
#include "rl/advantage.h"

#include <algorithm>
#include <cmath>

namespace reprise::rl {

std::vector<double> group_advantages(const std::vector<double>& rewards, const std::string& scale_rewards) {
  std::vector<double> advantages(rewards.size(), 0.0);
  if (rewards.size() < 2) return advantages;
  const auto [low, high] = std::minmax_element(rewards.begin(), rewards.end());
  if (*low == *high) return advantages;
  double mean = 0;
  for (double r : rewards) mean += r;
  mean /= static_cast<double>(rewards.size());
  double squares = 0;
  for (double r : rewards) squares += (r - mean) * (r - mean);
  const double deviation = std::sqrt(squares / static_cast<double>(rewards.size() - 1));
  for (size_t i = 0; i < rewards.size(); ++i) {
    advantages[i] = rewards[i] - mean;
    if (scale_rewards == "group") advantages[i] /= deviation + 1e-4;
  }
  return advantages;
}

}  // namespace reprise::rl
