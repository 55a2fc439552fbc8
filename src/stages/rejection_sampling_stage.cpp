// rejection_sampling: k samples per problem, graded, filtered, duplicates dropped; what is left is a store of examples
// for sft or distill (R1's stage 3: correct, readable, in one language).
#include <map>
#include <set>

#include "base/error.h"
#include "base/files.h"
#include "base/random.h"
#include "data/store.h"
#include "grading/language.h"
#include "stages/runners.h"
#include "stages/sampling_pass.h"
#include "text/think_tags.h"

namespace reprise::stages {

nlohmann::json run_rejection_sampling(pipeline::StageContext& context) {
  const auto config = config::config_from_json<RejectionSamplingConfig>(context.keys(), context.name());
  const model::LoadedModel model = load_stage_model(context, config.from);
  const auto problems = problems_of_store(context.resolve(config.dataset_name), config.num_prompts);
  std::vector<uint64_t> numbers;
  for (const data::Problem& problem : problems) numbers.push_back(name_number(problem.id));
  context.begin_at(0);
  const PromptWriter writer(config.prompt, model);
  const SamplingPass pass = sample_and_grade(context, model, problems, numbers, writer, config.sampling, {}, config.num_generations,
                                             {context.seed(), name_number(context.name()), name_number("samples"), 0}, true);
  std::map<std::string, int64_t> dropped = {{"wrong", 0}, {"format", 0}, {"language", 0}, {"duplicate", 0}, {"enough", 0}};
  std::set<std::pair<int64_t, std::string>> seen;
  std::map<int64_t, int64_t> kept_per_problem;
  std::vector<data::Example> examples;
  for (const GradedCompletion& graded : pass.completions) {
    const data::Problem& problem = problems[graded.problem];
    const std::string& text = graded.completion.text;
    const bool opened = pass.prompts[graded.problem].opened_think;
    const auto reject = [&](const char* why) { ++dropped[why]; };
    if (graded.score.verdict.kind != grading::VerdictKind::correct) {
      reject("wrong");
    } else if (config.require_format && !text::split_think_tags(text, opened).well_formed) {
      reject("format");
    } else if (grading::language_consistency(text, problem.language) < config.min_language_consistency) {
      reject("language");
    } else if (!seen.emplace(graded.problem, text).second) {
      reject("duplicate");
    } else if (config.num_kept_per_problem > 0 && kept_per_problem[graded.problem] >= config.num_kept_per_problem) {
      reject("enough");
    } else {
      ++kept_per_problem[graded.problem];
      examples.push_back({problem.id + "#" + std::to_string(graded.completion.sample_index), pass.prompts[graded.problem].text, text,
                          "rejection_sampling:" + config.from, problem.id});
    }
  }
  if (examples.empty()) {
    throw Error("none of the " + std::to_string(pass.completions.size()) + " samples was kept", context.name(),
                "the model may be too weak for these problems, or a filter too strict");
  }
  data::StoreManifest manifest;
  manifest.kind = "examples";
  manifest.name = context.name();
  manifest.origin = "rejection sampling from " + config.from;
  data::write_examples(context.folder() / "examples.h5", examples, manifest);
  const double share = static_cast<double>(examples.size()) / static_cast<double>(pass.completions.size());
  context.record(0, {{"samples", static_cast<double>(pass.completions.size())}, {"kept", static_cast<double>(examples.size())}, {"kept_share", share},
                     {"tokens", static_cast<double>(pass.num_tokens)}, {"seconds", pass.seconds},
                     {"tokens_per_second", static_cast<double>(pass.num_tokens) / std::max(1e-9, pass.seconds)}});
  return {{"samples", pass.completions.size()}, {"kept", examples.size()}, {"dropped", dropped}, {"tokens", pass.num_tokens}, {"sampled_tokens", pass.num_tokens},
          {"problems", problems.size()}};
}

}  // namespace reprise::stages
