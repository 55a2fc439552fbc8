#include "evaluation/harness/run_scores.h"

#include "evaluation/harness/grade_samples.h"
#include "text/loops.h"

namespace reprise::evaluation {

std::deque<ScoredSet> scored_sets(const RunData& run) {
  std::deque<ScoredSet> out;
  for (const StageData& stage : run.stages) {
    if (stage.samples.empty()) continue;
    ScoredSet set{.model = stage.name, .benchmark = "problems", .has_answers = true};
    for (const char* key : {"dataset_name", "benchmark"}) {
      if (stage.keys.is_object() && stage.keys.contains(key) && stage.keys[key].is_string() && !stage.keys[key].get<std::string>().empty()) set.benchmark = stage.keys[key].get<std::string>();
    }
    for (const EvaluationSample& sample : stage.samples) {
      if (set.problems.empty() || set.problems.back().id != sample.problem_id) set.problems.push_back({.id = sample.problem_id, .prompt = sample.prompt, .reference = sample.answer});
      ScoredSample one{.index = sample.sample_index, .verdict = sample.verdict, .answer = sample.extracted, .num_tokens = sample.num_tokens, .finished = sample.finished};
      one.looped = text::ends_in_a_loop(sample.completion);
      one.mixed = sample.language_mixed;
      one.completion = sample.completion;
      one.reason = sample.reason;
      set.problems.back().samples.push_back(std::move(one));
    }
    for (ScoredProblem& problem : set.problems) unite_answers(problem);
    out.push_back(std::move(set));
  }
  return out;
}

std::string run_scores_html(const RunData& run) {
  const std::deque<ScoredSet> sets = scored_sets(run);
  if (sets.empty()) return "";
  ScoreReport report{.source = run.recipe_name + (run.seed ? ", seed " + std::to_string(*run.seed) : ""), .num_graded = 1};
  for (const ScoredSet& set : sets) {
    report.sets.push_back(&set);
    report.num_samples += set.num_samples();
    add_scores(report, set);
  }
  add_pairs(report);
  return score_html(report);
}

}  // namespace reprise::evaluation
