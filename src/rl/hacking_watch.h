// Signs that a policy games its reward instead of getting better at the task: said, never acted upon.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace reprise::rl {

// What is watched of one rollout.
struct WatchedRollout {
  double reward = 0, mean_length = 0;
  std::vector<std::pair<std::string, double>> term_variance;  // of weight * term over the rollout's samples, by term
};

class HackingWatch {
 public:
  // Returns the signs that are new, each as one line.
  std::vector<std::string> add(const WatchedRollout& rollout);
  // The held-out accuracy measured now, after the rollouts added so far.
  std::vector<std::string> add_evaluation(double accuracy);
  int64_t num_signs() const { return num_signs_; }

  nlohmann::json state() const;
  void restore(const nlohmann::json& state);

 private:
  std::vector<std::string> told(const std::string& sign, bool shows, const std::string& line);

  struct Evaluation {
    double accuracy = 0, reward = 0;  // reward: mean over the rollouts since the evaluation before
  };
  std::vector<WatchedRollout> rollouts_;
  std::vector<Evaluation> evaluations_;
  size_t evaluated_up_to_ = 0;
  std::vector<std::string> showing_;  // signs that were told and still show
  int64_t num_signs_ = 0;
};

}  // namespace reprise::rl
