// `reprise plan`: the resolved stages and their counts, without touching a device; or every fault at once.
#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>

#include "base/error.h"
#include "base/files.h"
#include "cli/commands.h"
#include "pipeline/plan.h"
#include "stages/catalog_config.h"

namespace reprise::cli {

int plan_command(const Arguments& arguments) {
  namespace options = boost::program_options;
  std::string recipe_file;
  std::vector<std::string> sets;
  options::options_description shown("options");
  shown.add_options()("help,h", "this text")("set", options::value(&sets)->composing()->value_name("key=value"), "change a key before planning");
  options::options_description all;
  all.add(shown).add_options()("recipe", options::value(&recipe_file));
  options::positional_options_description places;
  places.add("recipe", 1);
  options::variables_map values;
  try {
    options::store(options::command_line_parser(arguments).options(all).positional(places).run(), values);
    options::notify(values);
  } catch (const options::error& fault) {
    throw UsageError(fault.what(), "", "see `reprise plan --help`");
  }
  if (values.contains("help")) {
    std::cout << "usage: reprise plan RECIPE [--set key=value ...]\n\nPrints what a run would do: stages, prompts, samples, updates, tokens, epochs, parameters,\n"
                 "memory and FLOPs. Touches no device and downloads nothing.\n\n  reprise plan recipes/r1-zero.yaml\n\n"
              << shown;
    return 0;
  }
  if (recipe_file.empty()) throw UsageError("no recipe", "", "for example `reprise plan recipes/mini-r1.yaml`");
  config::Problems problems;
  const pipeline::RecipeHooks hooks = stages::recipe_hooks();
  const pipeline::Recipe recipe = pipeline::read_recipe(recipe_file, sets, stages::stage_types(), hooks, problems, installed_folder());
  const auto planned = pipeline::plan_recipe(recipe, hooks, problems);
  problems.throw_if_any();
  std::fputs(pipeline::plan_text(recipe, planned).c_str(), stdout);
  return 0;
}

}  // namespace reprise::cli
