// `run`: the stages of a recipe, in order, and the report at the end.
#include <torch/headeronly/version.h>
#include <ATen/ATen.h>

#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "datasets/dataset.h"
#include "engine/commands.h"
#include "evaluation/harness/contamination.h"
#include "evaluation/harness/report.h"
#include "grading/code/verdict_record.h"
#include "kernels/device.h"
#include "pipeline/runner.h"
#include "pipeline/tensorboard.h"
#include "stages/catalog_config.h"
#include "stages/runners.h"

namespace reprise::engine {
namespace {

std::map<std::string, pipeline::StageRunner> runners() {
  return {{"pretrain", stages::run_pretrain},
          {"sft", stages::run_sft},
          {"grpo", stages::run_grpo},
          {"rejection_sampling", stages::run_rejection_sampling},
          {"distill", stages::run_distill},
          {"evaluate", stages::run_evaluate},
          {"contamination", evaluation::run_contamination}};
}

pipeline::BuildFacts build_facts(const pipeline::Recipe& recipe, const Arguments& arguments) {
  pipeline::BuildFacts facts;
  facts.libraries["libtorch"] = TORCH_VERSION;
  facts.device = kernels::device_description(kernels::require_device(recipe.hardware.device));
  facts.command_line = {"reprise", "run"};
  facts.command_line.insert(facts.command_line.end(), arguments.begin(), arguments.end());
  return facts;
}

}  // namespace

int run_command(const Arguments& arguments) {
  namespace options = boost::program_options;
  std::string recipe_file, out, until, replayed;
  std::vector<std::string> sets;
  options::options_description all;
  all.add_options()("recipe", options::value(&recipe_file))("out", options::value(&out))("until", options::value(&until))("resume", "")("replay-verdicts", options::value(&replayed))(
      "set", options::value(&sets)->composing());
  options::positional_options_description places;
  places.add("recipe", 1);
  options::variables_map values;
  try {
    options::store(options::command_line_parser(arguments).options(all).positional(places).run(), values);
    options::notify(values);
  } catch (const options::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise run --help`");
  }
  if (recipe_file.empty()) throw UsageError("no recipe", "", "for example `reprise run recipes/mini-r1.yaml`");

  config::Problems problems;
  const pipeline::RecipeHooks hooks = stages::recipe_hooks();
  const pipeline::Recipe recipe = pipeline::read_recipe(recipe_file, sets, stages::stage_types(), hooks, problems, installed_folder());
  problems.throw_if_any();
  pipeline::RunOptions run_options;
  run_options.out = out;
  run_options.resume = values.contains("resume");
  run_options.until = until;
  run_options.begun = [&](const fs::path& run) { grading::code::keep_verdicts_in(run / "verdicts.jsonl", replayed); };
  run_options.open_events = pipeline::open_tensorboard;
  const auto outcome = pipeline::run_recipe(recipe, run_options, runners(), datasets::materialize_dataset, build_facts(recipe, arguments));
  const fs::path report = outcome.folder / "report";
  const std::string verdicts = evaluation::write_report({outcome.folder}, evaluation::published_folder(), report);
  std::printf("%s\n%s\n", verdicts.c_str(), (report / "report.html").c_str());
  return 0;
}

}  // namespace reprise::engine
