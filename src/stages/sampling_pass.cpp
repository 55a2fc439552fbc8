// Prompts, the engine, the graders.
#include "stages/sampling_pass.h"

#include "base/error.h"

namespace reprise::stages {

SamplingPass sample_and_grade(pipeline::StageContext& context, const model::LoadedModel& model,
                              const std::vector<data::Problem>& problems, const std::vector<uint64_t>& problem_numbers,
                              const PromptWriter& writer, const generation::SamplingConfig& sampling,
                              const rewards::RewardConfig& rewards, int64_t num_generations,
                              const std::vector<uint64_t>& random_path, bool show_progress) {
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
  int64_t num_terms = 0, num_failed = 0;
  for (generation::Completion& completion : completions) {
    GradedCompletion graded;
    graded.problem = completion.problem_index;
    pass.num_tokens += static_cast<int64_t>(completion.ids.size());
    const rewards::RewardInput input{problems[graded.problem], completion.text, static_cast<int64_t>(completion.ids.size()),
                                     completion.stop_reason != generation::StopReason::length,
                                     pass.prompts[graded.problem].opened_think};
    graded.score = rewards::score_completion(rewards, input);
    for (const auto& term : graded.score.terms) {
      ++num_terms;
      num_failed += term.failed;
    }
    graded.completion = std::move(completion);
    pass.completions.push_back(std::move(graded));
  }
  pass.reward_failures = num_terms ? static_cast<double>(num_failed) / static_cast<double>(num_terms) : 0;
  pass.seconds = watch.seconds();
  return pass;
}

}  // namespace reprise::stages
