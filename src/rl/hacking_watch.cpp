// Three signs, each told when it begins to show.
#include "rl/hacking_watch.h"

#include <algorithm>

#include "base/json.h"
#include "base/strings.h"

namespace reprise::rl {
namespace {

constexpr size_t kWindow = 10;          // rollouts that a mean is taken over
constexpr double kLengthFactor = 2.0;   // drift of the mean length that is worth a word
constexpr double kLengthReward = 0.05;  // unless the reward rose by this share of its size
constexpr double kTermShare = 0.95;     // of the reward's variance

template <class Get>
double mean_of(const std::vector<WatchedRollout>& rollouts, size_t begin, size_t end, Get&& get) {
  double sum = 0;
  for (size_t i = begin; i < end; ++i) sum += get(rollouts[i]);
  return end > begin ? sum / static_cast<double>(end - begin) : 0;
}

}  // namespace

std::vector<std::string> HackingWatch::told(const std::string& sign, bool shows, const std::string& line) {
  const auto found = std::find(showing_.begin(), showing_.end(), sign);
  if (!shows) {
    if (found != showing_.end()) showing_.erase(found);
    return {};
  }
  if (found != showing_.end()) return {};
  showing_.push_back(sign);
  ++num_signs_;
  return {line};
}

std::vector<std::string> HackingWatch::add(const WatchedRollout& rollout) {
  rollouts_.push_back(rollout);
  const size_t n = rollouts_.size();
  if (n < 2 * kWindow) return {};
  const auto length = [](const WatchedRollout& r) { return r.mean_length; };
  const auto reward = [](const WatchedRollout& r) { return r.reward; };
  const double length_then = mean_of(rollouts_, 0, kWindow, length), length_now = mean_of(rollouts_, n - kWindow, n, length);
  const double reward_then = mean_of(rollouts_, 0, kWindow, reward), reward_now = mean_of(rollouts_, n - kWindow, n, reward);
  const bool drifts = length_then > 0 && (length_now > kLengthFactor * length_then || length_now * kLengthFactor < length_then) &&
                      reward_now - reward_then < kLengthReward * std::max(1.0, std::abs(reward_then));
  auto lines = told("length", drifts, "sign of hacking: completions went from " + format_fixed(length_then, 0) + " to " + format_fixed(length_now, 0) +
                                          " tokens and the reward did not rise with them (" + format_fixed(reward_then, 3) + " to " + format_fixed(reward_now, 3) + ")");
  // Which term makes the differences that the policy learns from.
  if (rollout.term_variance.size() > 1) {
    std::vector<double> sums(rollout.term_variance.size(), 0.0);
    for (size_t i = n - kWindow; i < n; ++i) {
      for (size_t t = 0; t < sums.size() && t < rollouts_[i].term_variance.size(); ++t) sums[t] += rollouts_[i].term_variance[t].second;
    }
    double total = 0;
    for (double sum : sums) total += sum;
    const size_t most = static_cast<size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
    const bool alone = total > 0 && sums[most] > kTermShare * total && rollout.term_variance[most].first != "accuracy";
    for (auto& line : told("term", alone, "sign of hacking: the reward '" + rollout.term_variance[most].first + "' carries " +
                                              format_fixed(total > 0 ? 100 * sums[most] / total : 0, 0) + " % of what rewards differ by over the last " +
                                              std::to_string(kWindow) + " rollouts")) {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

std::vector<std::string> HackingWatch::add_evaluation(double accuracy) {
  const double reward = mean_of(rollouts_, evaluated_up_to_, rollouts_.size(), [](const WatchedRollout& r) { return r.reward; });
  if (evaluated_up_to_ == rollouts_.size()) return {};
  evaluated_up_to_ = rollouts_.size();
  evaluations_.push_back({accuracy, reward});
  const size_t n = evaluations_.size();
  if (n < 3) return {};
  const Evaluation &before = evaluations_[n - 3], &now = evaluations_[n - 1];
  const bool apart = now.reward > before.reward && now.accuracy < before.accuracy && evaluations_[n - 2].accuracy <= before.accuracy;
  return told("held-out", apart, "sign of hacking: the reward rose (" + format_fixed(before.reward, 3) + " to " + format_fixed(now.reward, 3) +
                                     ") while held-out accuracy fell (" + format_fixed(before.accuracy, 3) + " to " + format_fixed(now.accuracy, 3) + ") over two evaluations");
}

nlohmann::json HackingWatch::state() const {
  nlohmann::json rollouts = nlohmann::json::array(), evaluations = nlohmann::json::array();
  for (const WatchedRollout& r : rollouts_) rollouts.push_back({r.reward, r.mean_length, r.term_variance});
  for (const Evaluation& e : evaluations_) evaluations.push_back({e.accuracy, e.reward});
  return {{"rollouts", rollouts}, {"evaluations", evaluations}, {"evaluated_up_to", evaluated_up_to_}, {"showing", showing_}, {"num_signs", num_signs_}};
}

void HackingWatch::restore(const nlohmann::json& state) {
  rollouts_.clear();
  evaluations_.clear();
  for (const auto& r : state.at("rollouts")) rollouts_.push_back({r.at(0), r.at(1), r.at(2).get<decltype(WatchedRollout::term_variance)>()});
  for (const auto& e : state.at("evaluations")) evaluations_.push_back({e.at(0), e.at(1)});
  evaluated_up_to_ = state.at("evaluated_up_to");
  showing_ = state.at("showing").get<std::vector<std::string>>();
  num_signs_ = state.at("num_signs");
}

}  // namespace reprise::rl
