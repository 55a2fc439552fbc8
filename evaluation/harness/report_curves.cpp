// Training curves. One run: the raw rows thin, their trailing mean thick. Several: each seed's mean thin, the
// mean over seeds (of the steps that all have) thick.
#include <algorithm>
#include <array>
#include <map>

#include "evaluation/harness/html_text.h"
#include "evaluation/harness/report.h"
#include "evaluation/harness/svg_plot.h"

namespace reprise::evaluation {

namespace {

constexpr size_t kMaxPoints = 400;

struct Shown {
  const char* key;
  const char* title;
  bool percent, from_zero;
};
constexpr std::array<Shown, 10> kReinforcement = {{{"reward", "reward", false, false},
                                                   {"accuracy", "accuracy in training", true, true},
                                                   {"mean_length", "length, tokens", false, true},
                                                   {"kl", "KL to the reference, nats", false, true},
                                                   {"entropy", "entropy, nats", false, true},
                                                   {"format", "format", true, false},
                                                   {"language_consistency", "language consistency", true, false},
                                                   {"clip_fraction", "clipped ratios", true, true},
                                                   {"truncated", "truncated", true, true},
                                                   {"max_logprob_gap", "largest log-prob gap, sampler to trainer", false, true}}};
constexpr std::array<Shown, 3> kSupervised = {{{"loss", "loss, nats a token", false, true},
                                               {"learning_rate", "learning rate", false, true},
                                               {"grad_norm", "gradient norm", false, true}}};

size_t window_of(size_t num_points) { return std::clamp<size_t>(num_points / 15, 1, 50); }

// Mean over seeds at the steps that every seed has.
Curve mean_curve(const std::vector<Curve>& curves) {
  std::map<double, std::pair<double, size_t>> sums;
  for (const Curve& curve : curves) {
    for (const auto& [step, value] : curve) {
      auto& [sum, count] = sums[step];
      sum += value;
      ++count;
    }
  }
  Curve mean;
  for (const auto& [step, sum] : sums) {
    if (sum.second == curves.size()) mean.emplace_back(step, sum.first / static_cast<double>(sum.second));
  }
  return mean;
}

std::string plot_of(const ReportData& data, const std::string& stage_name, const Shown& shown) {
  std::vector<Curve> curves;
  for (const RunData* run : data.runs) {
    const StageData* stage = run->stage(stage_name);
    const Curve* curve = stage ? stage->curve(shown.key) : nullptr;
    if (curve && curve->size() >= 2) curves.push_back(*curve);
  }
  if (curves.empty()) return "";
  LinePlot plot{.title = shown.title, .x_label = "step", .percent = shown.percent, .from_zero = shown.from_zero};
  if (curves.size() == 1) {
    plot.series.push_back({"", thinned(curves[0], kMaxPoints), 0, true});
    plot.series.push_back({"", thinned(smoothed(curves[0], window_of(curves[0].size())), kMaxPoints), 0, false});
  } else {
    for (Curve& curve : curves) {
      curve = smoothed(curve, window_of(curve.size()));
      plot.series.push_back({"", thinned(curve, kMaxPoints), 0, true});
    }
    plot.series.push_back({"", thinned(mean_curve(curves), kMaxPoints), 0, false});
  }
  return line_plot(plot);
}

// All RL stages in one plot: who gets where in how many steps.
std::string together(const ReportData& data, const std::vector<std::string>& stages, const Shown& shown) {
  LinePlot plot{.title = shown.title, .x_label = "step", .width = 520, .height = 250, .percent = shown.percent, .from_zero = shown.from_zero};
  for (size_t i = 0; i < stages.size() && i < 8; ++i) {
    std::vector<Curve> curves;
    for (const RunData* run : data.runs) {
      const StageData* stage = run->stage(stages[i]);
      if (const Curve* curve = stage ? stage->curve(shown.key) : nullptr) curves.push_back(smoothed(*curve, window_of(curve->size())));
    }
    if (!curves.empty()) plot.series.push_back({stages[i], thinned(mean_curve(curves), kMaxPoints), static_cast<int>(i), false});
  }
  return plot.series.size() < 2 ? "" : line_plot(plot);
}

}  // namespace

std::string curves_section(const ReportData& data) {
  std::string html, supervised;
  std::vector<std::string> reinforcement;
  for (const StageRow& row : data.stages) {
    const bool has_reward = std::any_of(data.runs.begin(), data.runs.end(), [&](const RunData* run) {
      const StageData* stage = run->stage(row.name);
      return stage && stage->curve("reward");
    });
    std::string plots;
    for (const Shown& shown : has_reward ? std::vector<Shown>(kReinforcement.begin(), kReinforcement.end())
                                         : std::vector<Shown>(kSupervised.begin(), kSupervised.end())) {
      plots += plot_of(data, row.name, shown);
    }
    if (plots.empty()) continue;
    const std::string title = "<h3>" + escape_html(row.name) + (row.type.empty() ? "" : " <span class=\"note\">" + escape_html(row.type) + "</span>") + "</h3>";
    const std::string block = title + "<div class=\"row\">" + plots + "</div>";
    if (has_reward) reinforcement.push_back(row.name);
    (has_reward ? html : supervised) += block;
  }
  if (html.empty() && supervised.empty()) return "";
  const std::string joint = together(data, reinforcement, kReinforcement[1]) + together(data, reinforcement, kReinforcement[2]);
  std::string out;
  const std::string how = data.runs.size() > 1 ? "Thin: each seed's trailing mean. Thick: the mean over seeds."
                                               : "Thin: every step. Thick: trailing mean.";
  if (!html.empty()) {
    out += "<h2 id=\"curves\">Reinforcement learning, step by step</h2><p class=\"note\">" + how + "</p>";
    if (!joint.empty()) out += "<h3>all RL stages</h3><div class=\"row\">" + joint + "</div>";
    out += html;
  }
  if (!supervised.empty()) out += "<h2 id=\"losses\">Supervised stages</h2><p class=\"note\">" + how + "</p>" + supervised;
  return out;
}

}  // namespace reprise::evaluation
