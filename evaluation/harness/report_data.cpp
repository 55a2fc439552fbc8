// Pools runs and pairs stages with their scores.
#include "evaluation/harness/report_data.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/strings.h"
#include "evaluation/harness/comparison.h"

namespace reprise::evaluation {

PooledMetric pool_metric(const std::vector<std::vector<ProblemOutcomes>>& runs, const std::string& metric) {
  PooledMetric pooled;
  if (runs.size() == 1) {
    const Estimate estimate = estimate_metric(runs[0], metric);
    pooled.value = estimate.value;
    pooled.interval = estimate.interval;
    pooled.by_seed = {estimate.value};
    return pooled;
  }
  std::vector<SeedValues> seeds;
  for (const auto& problems : runs) {
    SeedValues values;
    for (const ProblemOutcomes& problem : problems) values.problem_ids.push_back(problem.problem_id);
    values.values = metric_by_problem(problems, metric);
    seeds.push_back(std::move(values));
  }
  const Spread spread = spread_over_problems_and_seeds(seeds, metric_is_share(metric) ? 1 : 0);
  pooled.value = spread.estimate;
  pooled.interval = spread.interval;
  pooled.by_seed = spread.by_seed;
  if (metric_is_share(metric)) {
    pooled.interval = {std::max(0.0, pooled.interval.low), std::min(1.0, pooled.interval.high)};
  }
  return pooled;
}

namespace {

// Accuracy by level over the samples of all runs. The intervals are over problems (each problem's samples of
// all seeds together), not over seeds: levels are a description, claims are judged elsewhere.
std::vector<EvaluationSummary::Level> levels_of(const std::vector<const StageData*>& stages) {
  std::vector<EvaluationSample> together;
  for (size_t run = 0; run < stages.size(); ++run) {
    for (EvaluationSample sample : stages[run]->samples) {
      sample.completion.clear();
      sample.prompt.clear();
      sample.sample_index = sample.sample_index * static_cast<int64_t>(stages.size()) + static_cast<int64_t>(run);
      together.push_back(std::move(sample));
    }
  }
  std::sort(together.begin(), together.end(), [](const auto& a, const auto& b) {
    return std::tie(a.problem_id, a.sample_index) < std::tie(b.problem_id, b.sample_index);
  });
  return summarize(together).levels;
}

EvaluationRow evaluation_row(const std::vector<const StageData*>& stages) {
  EvaluationRow row;
  row.stage = stages[0]->name;
  row.from = stages[0]->from;
  const auto& keys = stages[0]->keys;
  row.empty_thinking = keys.is_object() && keys.contains("force_empty_thinking") && keys["force_empty_thinking"] == true;
  std::vector<std::vector<ProblemOutcomes>> runs;
  for (const StageData* stage : stages) {
    runs.push_back(group_by_problem(stage->samples));
    row.by_run.push_back(summarize(stage->samples));
    row.num_samples += row.by_run.back().num_samples;
  }
  row.num_problems = row.by_run[0].num_problems;
  row.num_generations = row.by_run[0].num_generations;
  row.pass_at_1 = pool_metric(runs, "pass@1");
  row.majority = pool_metric(runs, "cons@k");
  row.format = pool_metric(runs, "format");
  row.language_mixing = pool_metric(runs, "language_mixing");
  row.truncated = pool_metric(runs, "truncated");
  row.no_answer = pool_metric(runs, "no_answer");
  row.mean_length = pool_metric(runs, "mean_length");
  row.levels = levels_of(stages);
  return row;
}

std::optional<double> mean_of(const std::vector<const StageData*>& stages, auto get) {
  std::vector<double> values;
  for (const StageData* stage : stages) {
    if (const std::optional<double> value = get(*stage)) values.push_back(*value);
  }
  return values.empty() ? std::nullopt : std::optional(mean(values));
}

StageRow stage_row(const std::vector<const StageData*>& stages) {
  StageRow row;
  row.name = stages[0]->name;
  row.type = stages[0]->type;
  row.from = stages[0]->from;
  for (const StageData* stage : stages) row.num_done += stage->done;
  row.steps = mean_of(stages, [](const StageData& stage) -> std::optional<double> {
    if (stage.type == "evaluate" || stage.type == "rejection_sampling" || stage.type == "contamination") return std::nullopt;  // they have no steps
    if (const auto steps = stage.done_number("num_steps")) return steps;
    if (const auto steps = stage.done_number("steps")) return steps;
    if (stage.curves.empty()) return std::nullopt;
    double last = 0;
    for (const auto& [key, curve] : stage.curves) last = std::max(last, curve.back().first);
    return last;
  });
  row.seconds = mean_of(stages, [](const StageData& stage) -> std::optional<double> {
    if (const auto seconds = stage.done_number("seconds")) return seconds;
    const Curve* curve = stage.curve("seconds");
    if (!curve) return std::nullopt;
    double sum = 0;
    for (const auto& [step, value] : *curve) sum += value;
    return sum;
  });
  row.tokens_per_second = mean_of(stages, [](const StageData& stage) -> std::optional<double> {
    if (const auto speed = stage.done_number("tokens_per_second")) return speed;
    const Curve* curve = stage.curve("tokens_per_second");
    if (!curve) return std::nullopt;
    double sum = 0;
    for (const auto& [step, value] : *curve) sum += value;
    return sum / static_cast<double>(curve->size());
  });
  return row;
}

std::string condition(const nlohmann::json& keys, const char* key, const std::string& otherwise) {
  if (!keys.is_object() || !keys.contains(key)) return otherwise;
  const nlohmann::json& value = keys[key];
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return std::to_string(value.get<int64_t>());
  return value.is_number() ? format_double(value.get<double>()) : otherwise;
}

// The published name of what was scored: said by the evaluation, or the repository of weights that nobody trained on.
std::string published_name(const RunData& run, const StageData& evaluation) {
  if (const std::string said = condition(evaluation.keys, "published_model", ""); !said.empty()) return said;
  const auto found = run.model_repositories.find(evaluation.from);
  return found == run.model_repositories.end() ? "" : found->second;
}

// Follows `from` to the weights that were there before this recipe; "+NAME" marks training on the way.
std::string model_of(const RunData& run, const StageData& evaluation) {
  std::string name = evaluation.from;
  bool trained = false;
  for (size_t hops = 0; hops <= run.stages.size(); ++hops) {
    const StageData* stage = run.stage(name);
    if (!stage) break;
    trained = true;
    if (stage->from.empty()) return run.recipe_name + "/" + stage->name;
    name = stage->from;
  }
  return trained ? name + "+" + run.recipe_name : name;
}

void compare_with_published(const RunData& run, const Registry& registry, ReportData& data) {
  for (const StageData& stage : run.stages) {
    const std::string benchmark = condition(stage.keys, "benchmark", "");
    if (benchmark.empty() || stage.samples.empty()) continue;
    const auto problems = group_by_problem(stage.samples);
    const std::string name = published_name(run, stage), shown = name.empty() ? model_of(run, stage) : name;
    int64_t num_others = 0;
    for (const PublishedNumber& number : registry.numbers) {
      if (number.benchmark != benchmark || !is_metric(number.metric)) continue;
      if (number.model != name) {
        ++num_others;
        continue;
      }
      const auto k = number.metric.starts_with("pass@") ? parse_int(number.metric.substr(5)) : std::nullopt;
      if (k && *k > static_cast<int64_t>(problems[0].samples.size())) continue;
      OwnNumber own{.model = shown, .benchmark = benchmark, .metric = number.metric};
      own.estimate = estimate_metric(problems, number.metric);
      own.protocol = {{"split", condition(stage.keys, "split", "test")},
                      {"num_generations", condition(stage.keys, "num_generations", "unstated")},
                      {"temperature", condition(stage.keys, "temperature", "unstated")},
                      {"top_p", condition(stage.keys, "top_p", "unstated")},
                      {"max_completion_length", condition(stage.keys, "max_completion_length", "unstated")},
                      {"num_shots", condition(stage.keys, "num_shots", "0")},
                      {"system_prompt", condition(stage.keys, "system_prompt", "")},
                      {"prompt_suffix", std::string(trim(condition(stage.keys, "prompt_suffix", "")))},
                      {"grader", condition(stage.keys, "grader", condition(stage.done_json.is_object() && stage.done_json.contains("counts") ? stage.done_json["counts"] : stage.done_json, "grader", "unstated"))}};
      own.num_generations = static_cast<int64_t>(problems[0].samples.size());
      data.published.push_back(compare(own, number, registry));
      data.published_stage.push_back(stage.name);
    }
    if (data.published_stage.empty() || data.published_stage.back() != stage.name) {
      data.published_notes.push_back(stage.name + ": nobody published a number of " + shown + " on " + benchmark + "; " + format_count(num_others) +
                                     " of other models are not comparable");
    }
  }
}

}  // namespace

ReportData make_report_data(const std::vector<RunData>& runs, const Registry& registry) {
  ReportData data;
  std::set<int64_t> seeds;
  for (const RunData& run : runs) {
    if (run.recipe_name != runs[0].recipe_name) {
      throw Error("runs of '" + runs[0].recipe_name + "' and '" + run.recipe_name + "' cannot be pooled",
                  run.folder.string(), "give runs of one recipe with different seeds");
    }
    if (run.seed && !seeds.insert(*run.seed).second) {
      throw Error("two runs have the seed " + std::to_string(*run.seed), run.folder.string(),
                  "a second run with a seed tells nothing new: leave it out");
    }
    data.runs.push_back(&run);
  }
  for (const StageData& stage : runs[0].stages) {
    std::vector<const StageData*> everywhere, with_samples;
    for (const RunData& run : runs) {
      const StageData* found = run.stage(stage.name);
      if (!found) continue;
      everywhere.push_back(found);
      if (!found->samples.empty()) with_samples.push_back(found);
    }
    data.stages.push_back(stage_row(everywhere));
    if (!with_samples.empty()) data.evaluations.push_back(evaluation_row(with_samples));
  }
  for (StageRow& stage : data.stages) {
    for (const EvaluationRow& row : data.evaluations) {
      if (!stage.score && !row.empty_thinking && (row.from == stage.name || row.stage == stage.name)) stage.score = &row;
    }
  }
  data.claims = judge_claims(data.runs);
  compare_with_published(runs[0], registry, data);
  data.contamination = make_contamination_report(data.runs);
  return data;
}

}  // namespace reprise::evaluation
