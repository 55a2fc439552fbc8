// Baselines, scales and returns, in double and in order.
#include "rl/advantage.h"

#include <algorithm>
#include <cmath>

namespace reprise::rl {
namespace {

struct Moments {
  double mean = 0, deviation = 0;  // unbiased; 0 for fewer than two
};

Moments moments_of(const std::vector<double>& values) {
  Moments m;
  if (values.empty()) return m;
  for (double v : values) m.mean += v;
  m.mean /= static_cast<double>(values.size());
  double squares = 0;
  for (double v : values) squares += (v - m.mean) * (v - m.mean);
  if (values.size() > 1) m.deviation = std::sqrt(squares / static_cast<double>(values.size() - 1));
  return m;
}

// beta times the KL of each token, taken from its reward; empty when it is not in the reward.
std::vector<double> kl_penalties(const GrpoConfig& config, const Algorithm& algorithm, const SampleSignal& sample) {
  if (config.beta == 0 || algorithm.kl_place != KlPlace::reward) return {};
  std::vector<double> penalties;
  for (size_t t = 0; t < sample.policy_logprobs.size(); ++t) {
    penalties.push_back(config.beta * kl_estimate(algorithm.kl, double{sample.policy_logprobs[t]} - sample.reference_logprobs[t]));
  }
  return penalties;
}

// The reward arrives with the last token.
std::vector<double> token_rewards(const SampleSignal& sample, const std::vector<double>& penalties) {
  std::vector<double> rewards(static_cast<size_t>(sample.num_tokens), 0.0);
  for (size_t t = 0; t < penalties.size(); ++t) rewards[t] -= penalties[t];
  if (!rewards.empty()) rewards.back() += sample.reward;
  return rewards;
}

std::vector<double> rewards_to_go(const std::vector<double>& rewards, double gamma) {
  std::vector<double> returns(rewards.size());
  double later = 0;
  for (size_t t = rewards.size(); t-- > 0;) returns[t] = later = rewards[t] + gamma * later;
  return returns;
}

void generalized(const GrpoConfig& config, const SampleSignal& sample, const std::vector<double>& rewards, SampleAdvantage& out) {
  std::vector<double> advantages(rewards.size());
  double later = 0;
  for (size_t t = rewards.size(); t-- > 0;) {
    const double next = t + 1 < rewards.size() ? sample.values[t + 1] : 0.0;
    const double delta = rewards[t] + config.gamma * next - sample.values[t];
    advantages[t] = later = delta + config.gamma * config.gae_lambda * later;
  }
  for (size_t t = 0; t < advantages.size(); ++t) {
    out.advantages.push_back(static_cast<float>(advantages[t]));
    out.returns.push_back(static_cast<float>(advantages[t] + sample.values[t]));
  }
}

// Sequence rewards of [begin, end), one group, to sequence advantages.
std::vector<double> baselined(AdvantageEstimator estimator, const std::vector<double>& rewards) {
  const double count = static_cast<double>(rewards.size());
  const Moments m = moments_of(rewards);
  std::vector<double> advantages;
  for (double r : rewards) {
    const double difference = r - m.mean;
    advantages.push_back(estimator == AdvantageEstimator::leave_one_out ? difference * count / (count - 1) : difference);
  }
  return advantages;
}

void whiten(std::vector<SampleAdvantage>& out, const std::vector<SampleSignal>& samples) {
  std::vector<double> all;
  for (size_t i = 0; i < out.size(); ++i) {
    if (samples[i].trained) all.insert(all.end(), out[i].advantages.begin(), out[i].advantages.end());
  }
  const Moments m = moments_of(all);
  const double scale = 1 / std::sqrt(m.deviation * m.deviation + 1e-8);
  for (SampleAdvantage& one : out) {
    for (float& a : one.advantages) a = static_cast<float>((a - m.mean) * scale);
  }
}

}  // namespace

double kl_estimate(int estimator, double x) {
  x = std::clamp(x, -20.0, 20.0);
  if (estimator == 1) return x;
  if (estimator == 2) return x * x / 2;
  return std::exp(-x) + x - 1;
}

std::vector<SampleAdvantage> advantages_of(const GrpoConfig& config, const std::vector<SampleSignal>& samples) {
  const Algorithm algorithm = algorithm_of(config);
  const bool by_sequence = algorithm.advantage == AdvantageEstimator::group_mean || algorithm.advantage == AdvantageEstimator::leave_one_out ||
                           algorithm.advantage == AdvantageEstimator::greedy;
  std::vector<SampleAdvantage> out(samples.size());
  std::vector<double> rewards(samples.size());  // sequence rewards, the KL taken out where it belongs there
  std::vector<std::vector<double>> penalties(samples.size());
  for (size_t i = 0; i < samples.size(); ++i) {
    rewards[i] = samples[i].reward;
    penalties[i] = kl_penalties(config, algorithm, samples[i]);
    for (double penalty : penalties[i]) rewards[i] -= penalty;
  }
  const Moments batch = moments_of(rewards);

  for (size_t begin = 0, end = 0; begin < samples.size(); begin = end) {
    while (end < samples.size() && samples[end].group == samples[begin].group) ++end;
    const std::vector<double> group(rewards.begin() + begin, rewards.begin() + end);
    const bool flat = *std::min_element(group.begin(), group.end()) == *std::max_element(group.begin(), group.end());
    std::vector<double> sequence(group.size(), 0.0);
    if (algorithm.advantage == AdvantageEstimator::greedy) {
      for (size_t i = 0; i < group.size(); ++i) sequence[i] = group[i] - samples[begin + i].greedy_reward;
    } else if (by_sequence && !flat) {
      sequence = baselined(algorithm.advantage, group);
    }
    if (algorithm.scale != RewardScale::none) {
      const double deviation = algorithm.scale == RewardScale::group ? moments_of(group).deviation : batch.deviation;
      for (double& a : sequence) a /= deviation + 1e-4;
    }
    for (size_t i = begin; i < end; ++i) {
      out[i].flat = flat;
      if (by_sequence) {
        out[i].advantages.assign(static_cast<size_t>(samples[i].num_tokens), static_cast<float>(sequence[i - begin]));
        continue;
      }
      const std::vector<double> of_tokens = token_rewards(samples[i], penalties[i]);
      if (algorithm.advantage == AdvantageEstimator::gae) {
        generalized(config, samples[i], of_tokens, out[i]);
      } else {
        for (double r : rewards_to_go(of_tokens, config.gamma)) out[i].advantages.push_back(static_cast<float>(r));
      }
    }
  }
  if (algorithm.whiten) whiten(out, samples);
  return out;
}

}  // namespace reprise::rl
