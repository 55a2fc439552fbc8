// evaluate: k samples on held-out problems, every one kept in samples.jsonl, from which the report computes all scores.
#include <algorithm>

#include "base/random.h"
#include "evaluation/harness/samples.h"
#include "evaluation/harness/statistics.h"
#include "grading/language.h"
#include "stages/runners.h"
#include "stages/sampling_pass.h"
#include "text/think_tags.h"

namespace reprise::stages {

nlohmann::json run_evaluate(pipeline::StageContext& context) {
  const auto config = config::config_from_json<EvaluateConfig>(context.keys(), context.name());
  const model::LoadedModel model = load_stage_model(context, config.from);
  const auto problems = problems_of_store(context.resolve(config.dataset_name), config.num_problems);
  std::vector<uint64_t> numbers;
  for (const data::Problem& problem : problems) numbers.push_back(name_number(problem.id));
  context.begin_at(0);
  const PromptWriter writer(config.prompt, model, config.force_empty_thinking);
  const SamplingPass pass = sample_and_grade(context, model, problems, numbers, writer, config.sampling, {}, config.num_generations,
                                             {context.seed(), name_number(context.name()), name_number("evaluate"), 0}, true);
  std::vector<evaluation::EvaluationSample> samples;
  int64_t num_correct = 0;
  for (const GradedCompletion& graded : pass.completions) {
    const data::Problem& problem = problems[graded.problem];
    const std::string& text = graded.completion.text;
    evaluation::EvaluationSample sample;
    sample.problem_id = problem.id;
    sample.sample_index = graded.completion.sample_index;
    sample.level = problem.level;
    sample.language = problem.language;
    sample.verdict = graded.score.verdict.kind;
    sample.extracted = graded.score.verdict.extracted;
    sample.format_ok = text::split_think_tags(text, pass.prompts[graded.problem].opened_think).well_formed;
    sample.language_mixed = grading::language_consistency(text, problem.language) < 1;
    sample.num_tokens = static_cast<int64_t>(graded.completion.ids.size());
    sample.finished = graded.completion.stop_reason != generation::StopReason::length;
    sample.completion = text;
    sample.prompt = pass.prompts[graded.problem].text;
    sample.answer = problem.answer;
    sample.reason = graded.score.verdict.reason;
    num_correct += sample.correct();
    samples.push_back(std::move(sample));
  }
  const double accuracy = static_cast<double>(num_correct) / static_cast<double>(std::max<size_t>(1, samples.size()));
  evaluation::write_samples(context.folder() / "samples.jsonl", samples);
  context.record(0, {{"accuracy", accuracy}, {"samples", static_cast<double>(samples.size())}, {"tokens", static_cast<double>(pass.num_tokens)},
                     {"seconds", pass.seconds}, {"tokens_per_second", static_cast<double>(pass.num_tokens) / std::max(1e-9, pass.seconds)}});
  return {{"problems", problems.size()}, {"samples", samples.size()}, {"tokens", pass.num_tokens}, {"benchmark", config.benchmark}, {"grader", problems.front().grader},
          {"metrics", {{"pass@1", accuracy}}}};
}

}  // namespace reprise::stages
