// Prompts, the engine, the graders.
#include "stages/sampling_pass.h"

#include "base/error.h"

namespace reprise::stages {

SamplingPass sample_and_grade(pipeline::StageContext& context, const model::LoadedModel& model,
                              const std::vector<data::Problem>& problems, const std::vector<uint64_t>& problem_numbers,
                              const PromptWriter& writer, const generation::SamplingConfig& sampling,
                              const rewards::RewardConfig& rewards, int64_t num_generations,
                              const std::vector<uint64_t>& random_path, bool show_progress,
                              const rewards::BatchRewards& batch_rewards) {
  const Stopwatch watch;
  SamplingPass pass;
  generation::GenerationRequest request;
  for (const data::Problem& problem : problems) {
    pass.prompts.push_back(writer.write(problem.prompt));
    request.prompts.push_back(pass.prompts.back().ids);
  }
  request.prompt_numbers = problem_numbers;
  request.num_generations = num_generations;
  request.random_path = random_path;
  request.stop_ids = stop_ids(model);
  auto completions = generation::generate(*model.model, *model.tokenizer, sampling, request, [&](const generation::GenerationProgress& progress) {
    if (show_progress) {
      context.progress(progress.num_done, progress.num_samples,
                       {{"tokens_per_second", static_cast<double>(progress.num_tokens) / std::max(1e-9, watch.seconds())}});
    }
    return !(show_progress && context.stop_requested());
  });
  const double sampling_seconds = watch.seconds();
  std::vector<rewards::RewardInput> inputs;
  for (const generation::Completion& completion : completions) {
    pass.num_tokens += static_cast<int64_t>(completion.ids.size());
    inputs.push_back({problems[completion.problem_index], completion.text, static_cast<int64_t>(completion.ids.size()),
                      completion.stop_reason != generation::StopReason::length, pass.prompts[completion.problem_index].opened_think});
  }
  std::vector<rewards::ScoredCompletion> scores = rewards::score_completions(rewards, inputs, batch_rewards);
  int64_t num_terms = 0, num_failed = 0;
  std::vector<rewards::ScoredCompletion*> scaled;
  for (rewards::ScoredCompletion& score : scores) {
    for (const auto& term : score.terms) {
      ++num_terms;
      num_failed += term.failed;
      if (term.failed && pass.first_failure.empty()) pass.first_failure = term.name + (term.reason.empty() ? "" : ": " + term.reason);
    }
    scaled.push_back(&score);
  }
  rewards::scale_rewards(rewards, num_generations, scaled);
  for (size_t i = 0; i < completions.size(); ++i) {
    pass.completions.push_back({completions[i].problem_index, std::move(completions[i]), std::move(scores[i])});
  }
  pass.reward_failures = num_terms ? static_cast<double>(num_failed) / static_cast<double>(num_terms) : 0;
  pass.reward_seconds = watch.seconds() - sampling_seconds;
  pass.seconds = watch.seconds();
  return pass;
}

}  // namespace reprise::stages
