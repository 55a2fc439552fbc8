// Stores in, an order out.
#include "stages/prompt_stream.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/json.h"
#include "base/random.h"
#include "base/strings.h"

namespace reprise::stages {

PromptStream::PromptStream(pipeline::StageContext& context, const GrpoStageConfig& config, const model::LoadedModel& start, const PromptWriter& writer) {
  for (const std::string& name : config.dataset_name) {
    const auto more = problems_of_store(context.resolve(name), 0);
    problems_.insert(problems_.end(), more.begin(), more.end());
    sizes_.push_back(static_cast<int64_t>(more.size()));
  }
  std::vector<int64_t> keys;
  if (config.pass_rate_generations > 0) {
    const std::vector<double> rates = pass_rates(context, config, start, writer);
    std::vector<data::Problem> kept;
    std::vector<int64_t> sizes, kept_keys;
    size_t i = 0;
    for (int64_t size : sizes_) {
      const size_t before = kept.size();
      for (int64_t n = 0; n < size; ++n, ++i) {
        if (rates[i] < config.min_pass_rate || rates[i] > config.max_pass_rate) continue;
        kept.push_back(problems_[i]);
        kept_keys.push_back(-std::llround(rates[i] * 1e6));  // the easy ones first
      }
      sizes.push_back(static_cast<int64_t>(kept.size() - before));
      if (sizes.back() == 0) {
        throw Error("none of " + format_count(size) + " problems of '" + config.dataset_name[sizes.size() - 1] + "' has a pass rate from " + format_fixed(config.min_pass_rate, 2) +
                        " to " + format_fixed(config.max_pass_rate, 2), context.name(), "widen min_pass_rate and max_pass_rate, or choose other problems");
      }
    }
    context.note(format_count(static_cast<int64_t>(kept.size())) + " of " + format_count(static_cast<int64_t>(problems_.size())) + " problems have a pass rate from " +
                 format_fixed(config.min_pass_rate, 2) + " to " + format_fixed(config.max_pass_rate, 2));
    problems_ = std::move(kept);
    sizes_ = std::move(sizes);
    if (config.curriculum == "pass_rate") keys = std::move(kept_keys);
  }
  if (config.curriculum == "level") {
    for (const data::Problem& problem : problems_) keys.push_back(problem.level);
    if (std::all_of(keys.begin(), keys.end(), [&](int64_t level) { return level == keys[0]; })) {
      throw Error("has problems of one level only", context.name(), "curriculum: level needs levels in its datasets");
    }
  }
  std::set<int64_t> starts(config.dataset_start_steps.begin(), config.dataset_start_steps.end());
  if (starts.empty()) starts = {0};
  for (int64_t start : starts) {
    std::vector<int64_t> sizes, phase_keys, rows;
    std::vector<double> weights;
    for (size_t s = 0, first = 0; s < sizes_.size(); first += static_cast<size_t>(sizes_[s]), ++s) {
      if (!config.dataset_start_steps.empty() && config.dataset_start_steps[s] > start) continue;
      sizes.push_back(sizes_[s]);
      if (!config.dataset_weights.empty()) weights.push_back(config.dataset_weights[s]);
      for (size_t i = first; i < first + static_cast<size_t>(sizes_[s]); ++i) {
        rows.push_back(static_cast<int64_t>(i));
        if (!keys.empty()) phase_keys.push_back(keys[i]);
      }
    }
    std::vector<uint64_t> path = {context.seed(), name_number(context.name()), name_number("prompts")};
    if (start > 0) path.push_back(static_cast<uint64_t>(start));
    phases_.push_back({start, data::Mixture(sizes, weights, path, phase_keys), std::move(rows)});
  }
}

std::vector<double> PromptStream::pass_rates(pipeline::StageContext& context, const GrpoStageConfig& config, const model::LoadedModel& start, const PromptWriter& writer) const {
  const fs::path file = context.folder() / "pass_rates.json";
  if (is_file(file)) {
    const auto json = nlohmann::json::parse(read_file(file), nullptr, false);
    if (json.is_object() && json.value("rates", nlohmann::json::array()).size() == problems_.size()) return json["rates"].get<std::vector<double>>();
  }
  context.note("pass rates: " + std::to_string(config.pass_rate_generations) + " samples of each of " + format_count(static_cast<int64_t>(problems_.size())) + " problems");
  std::vector<uint64_t> numbers;
  for (size_t i = 0; i < problems_.size(); ++i) numbers.push_back(i);
  rewards::RewardConfig accuracy;
  accuracy.reward_funcs = {"accuracy"};
  const SamplingPass pass = sample_and_grade(context, start, problems_, numbers, writer, config.sampling, accuracy, config.pass_rate_generations,
                                             {context.seed(), name_number(context.name()), name_number("pass rates")}, true);
  std::vector<double> rates(problems_.size(), 0.0);
  for (const GradedCompletion& graded : pass.completions) {
    rates[static_cast<size_t>(graded.problem)] += (graded.score.verdict.kind == grading::VerdictKind::correct) / static_cast<double>(config.pass_rate_generations);
  }
  make_folders(context.folder());
  write_file(file, nlohmann::json{{"generations", config.pass_rate_generations}, {"rates", rates}}.dump() + "\n");
  return rates;
}

std::vector<int64_t> PromptStream::draw(int64_t first, int64_t count, int64_t step) const {
  const Phase* phase = &phases_[0];
  for (const Phase& later : phases_) {
    if (step >= later.start) phase = &later;
  }
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < count; ++i) indices.push_back(phase->rows[static_cast<size_t>(phase->mixture.at(first + i))]);
  std::sort(indices.begin(), indices.end());
  return indices;
}

int64_t PromptStream::index_of(const std::string& problem_id) const {
  for (size_t i = 0; i < problems_.size(); ++i) {
    if (problems_[i].id == problem_id) return static_cast<int64_t>(i);
  }
  throw Error("has no problem '" + problem_id.substr(0, 80) + "'", "the recorded rollout's dataset", "replay it with the datasets that it was drawn from");
}

}  // namespace reprise::stages
