// `reprise run`: the recipe is read and counted here, so that a bad one fails in milliseconds with all its faults; what
// trains and samples then runs in the engine. With --all-seeds it runs itself once a seed and pools the runs at the end.
#include <algorithm>
#include <boost/program_options.hpp>
#include <iostream>
#include <map>

#include "base/error.h"
#include "base/files.h"
#include "cli/commands.h"
#include "cli/exec_engine.h"
#include "datasets/dataset.h"
#include "evaluation/harness/contamination.h"
#include "evaluation/harness/report.h"
#include "pipeline/plan.h"
#include "pipeline/runner.h"
#include "pipeline/tensorboard.h"
#include "stages/catalog_config.h"

namespace reprise::cli {
namespace {

// One run folder a seed, then one report over all: its intervals cover seeds and problems.
int run_all_seeds(const pipeline::Recipe& recipe, const std::string& recipe_file, const std::vector<std::string>& sets,
                  const std::filesystem::path& out, const std::string& until, bool resume) {
  if (recipe.seeds.empty()) throw Error("has no `seeds`", recipe_file, "for example seeds: [1, 2, 3]");
  std::vector<std::filesystem::path> folders;
  for (int64_t seed : recipe.seeds) {
    folders.push_back(out / ("seed-" + std::to_string(seed)));
    std::vector<std::string> words = {"run", recipe_file, "--out", folders.back().string(), "--set", "seed=" + std::to_string(seed)};
    for (const std::string& set : sets) words.insert(words.end(), {"--set", set});
    if (!until.empty()) words.insert(words.end(), {"--until", until});
    if (resume) words.push_back("--resume");
    std::cout << "seed " << seed << ": " << folders.back().string() << std::endl;
    if (const int code = run_engine(words); code != 0) return code;
  }
  if (!until.empty()) return 0;
  const std::string verdicts = evaluation::write_report(folders, evaluation::published_folder(), out / "report");
  std::cout << verdicts << "\n" << (out / "report" / "report.html").string() << "\n";
  return 0;
}

// What --replay RUN stands for: a key for each stage of the run that recorded rollouts.
std::vector<std::string> replay_sets(const std::filesystem::path& run) {
  std::vector<std::string> sets;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(run / "stages", ignored)) {
    const std::string name = entry.path().filename().string();  // 03-zero
    if (name.size() < 4 || name[2] != '-' || !is_file(entry.path() / "rollouts" / "rollout-000000.h5")) continue;
    sets.push_back("stages." + name.substr(3) + ".replay_rollouts=" + std::filesystem::absolute(entry.path() / "rollouts").string());
  }
  if (sets.empty()) throw Error("has no stage with recorded rollouts", run.string(), "name the folder of a run whose grpo stages had save_rollouts on");
  std::sort(sets.begin(), sets.end());
  return sets;
}

// What runs without LibTorch. A recipe of such stages alone is run by this program; in others the engine runs them too.
const std::map<std::string, pipeline::StageRunner>& own_runners() {
  static const std::map<std::string, pipeline::StageRunner> runners = {{"contamination", evaluation::run_contamination}};
  return runners;
}

int run_here(const pipeline::Recipe& recipe, const std::filesystem::path& out, const std::string& until, bool resume, const Arguments& words) {
  pipeline::RunOptions options;
  options.out = out;
  options.until = until;
  options.resume = resume;
  options.open_events = pipeline::open_tensorboard;
  pipeline::BuildFacts facts;
  facts.command_line = {"reprise", "run"};
  facts.command_line.insert(facts.command_line.end(), words.begin(), words.end());
  const auto outcome = pipeline::run_recipe(recipe, options, own_runners(), datasets::materialize_dataset, facts);
  const std::filesystem::path report = outcome.folder / "report";
  std::cout << evaluation::write_report({outcome.folder}, evaluation::published_folder(), report) << "\n" << (report / "report.html").string() << "\n";
  return 0;
}

void drop_option(Arguments& arguments, const std::string& option) {
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (!arguments[i].starts_with(option)) continue;
    const bool next_too = arguments[i] == option && i + 1 < arguments.size();
    arguments.erase(arguments.begin() + static_cast<int64_t>(i), arguments.begin() + static_cast<int64_t>(i) + (next_too ? 2 : 1));
    return;
  }
}

}  // namespace

int run_command(const Arguments& arguments) {
  namespace options = boost::program_options;
  std::string recipe_file, out, until, replay;
  std::vector<std::string> sets;
  options::options_description shown("options");
  shown.add_options()("help,h", "this text")("out", options::value(&out)->value_name("DIR"), "the run folder (default: runs/NAME)")(
      "resume", "go on with a stage that was interrupted, from its newest checkpoint")(
      "all-seeds", "run every seed of the recipe's `seeds` into DIR/seed-N, and pool them in DIR/report")(
      "until", options::value(&until)->value_name("STAGE"), "the last stage to run")(
      "replay", options::value(&replay)->value_name("RUN"), "train the grpo stages on the rollouts that this finished run recorded, instead of sampling")(
      "set", options::value(&sets)->composing()->value_name("key=value"), "change a key: --set stages.zero.learning_rate=1e-4");
  options::options_description all;
  all.add(shown).add_options()("recipe", options::value(&recipe_file));
  options::positional_options_description places;
  places.add("recipe", 1);
  options::variables_map values;
  try {
    options::store(options::command_line_parser(arguments).options(all).positional(places).run(), values);
    options::notify(values);
  } catch (const options::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise run --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise run RECIPE [--out DIR] [--resume] [--until STAGE] [--replay RUN] [--set key=value ...]\n\n"
                 "Runs a recipe's stages in order and writes report/report.html. A stage that is done and unchanged is\n"
                 "not run again. Ctrl-C stops at the end of a step, with a checkpoint.\n\n"
                 "  reprise run recipes/mini-r1.yaml --out runs/mini-r1\n"
                 "  reprise run recipes/mini-r1.yaml --out runs/seed-2 --set seed=2\n"
                 "  reprise run recipes/mini-r1.yaml --out runs/five-seeds --all-seeds\n\n"
              << shown;
    return 0;
  }
  if (recipe_file.empty()) throw UsageError("no recipe", "", "for example `reprise run recipes/mini-r1.yaml`");
  Arguments words_of_user = arguments;
  if (!replay.empty()) {
    for (const std::string& set : replay_sets(replay)) {
      sets.push_back(set);
      words_of_user.insert(words_of_user.end(), {"--set", set});
    }
    drop_option(words_of_user, "--replay");
  }
  config::Problems problems;
  const pipeline::RecipeHooks hooks = stages::recipe_hooks();
  const pipeline::Recipe recipe = pipeline::read_recipe(recipe_file, sets, stages::stage_types(), hooks, problems, installed_folder());
  pipeline::plan_recipe(recipe, hooks, problems);
  problems.throw_if_any();
  if (values.contains("all-seeds")) return run_all_seeds(recipe, recipe_file, sets, out.empty() ? "runs/" + recipe.name + "-seeds" : out, until, values.contains("resume"));
  if (std::all_of(recipe.stages.begin(), recipe.stages.end(), [](const auto& stage) { return own_runners().contains(stage.type->name); })) {
    return run_here(recipe, out, until, values.contains("resume"), arguments);
  }
  std::vector<std::string> words = {"run"};
  words.insert(words.end(), words_of_user.begin(), words_of_user.end());
  exec_engine(words);
}

}  // namespace reprise::cli
