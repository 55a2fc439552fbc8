// `reprise keys`: the reference of everything a recipe may say, from the declarations that read it.
#include <iostream>

#include "base/error.h"
#include "base/strings.h"
#include "cli/commands.h"
#include "config/describe.h"
#include "datasets/generators/generator.h"
#include "datasets/importers/importer.h"
#include "stages/catalog_config.h"

namespace reprise::cli {
namespace {

struct KeyGroup {
  std::string name, where, doc;
  std::vector<config::FieldInfo> fields;
};

std::vector<KeyGroup> key_groups() {
  std::vector<KeyGroup> groups;
  groups.push_back({"hardware", "hardware:", "The machine, the same for every stage.", config::describe<pipeline::HardwareConfig>()});
  groups.push_back({"generator", "datasets: {NAME: {generator: ...}}", "A dataset that we make ourselves.", config::describe<datasets::GeneratorConfig>()});
  groups.push_back({"importer", "datasets: {NAME: {importer: ...}}", "A published data set, from its own files.", config::describe<datasets::ImporterConfig>()});
  for (const pipeline::StageType& type : stages::stage_types()) {
    groups.push_back({type.name, "stages: [{stage: NAME, type: " + type.name + ", ...}]", type.doc, type.describe()});
  }
  return groups;
}

constexpr const char* kRecipeKeys[][2] = {
    {"name", "The recipe's name; a run folder belongs to it."},
    {"title, question, status", "For the report; what was done with the recipe so far."},
    {"seed", "Every random draw follows from it; default 1, or the first of `seeds`."},
    {"seeds", "The seeds that the experiment is meant for; `reprise run --all-seeds` runs them all."},
    {"extends", "A whole recipe to start from."},
    {"use", "Fragments of configs/ to merge, in any map."},
    {"hardware", "Keys below."},
    {"datasets", "Names of data sets, each with a generator, an importer or the path of a store."},
    {"models", "Names of models, each with a path, and `use: model/NAME.yaml` for its shape where it is not on disk."},
    {"stages", "The stages in order, each with `stage` (its name) and `type`."},
    {"claims", "What the run should show, each with an estimate, an interval and a verdict in the report."},
    {"contamination", "`false`: no `contamination` stage. Without it a recipe that trains on stores and evaluates has one behind its last stage, over all of them; one that it declares itself counts instead."},
    {"report", "Keys of the report."}};

std::string everything_as_markdown() {
  std::string out = "# Keys of a recipe\n\nMade by `make docs` from the declarations that read recipes; `reprise keys` prints the same.\n\n"
                    "| key | meaning |\n|---|---|\n";
  for (const auto& [key, doc] : kRecipeKeys) out += std::string("| `") + replace_all(key, ", ", "`, `") + "` | " + doc + " |\n";
  for (const KeyGroup& group : key_groups()) {
    out += "\n## " + group.name + "\n\n`" + group.where + "`: " + group.doc + "\n\n" + config::keys_markdown(group.fields);
  }
  return out;
}

}  // namespace

int keys_command(const Arguments& arguments) {
  const auto groups = key_groups();
  std::vector<std::string> names;
  for (const KeyGroup& group : groups) names.push_back(group.name);
  if (!arguments.empty() && (arguments[0] == "--help" || arguments[0] == "-h")) {
    std::cout << "usage: reprise keys [GROUP] [--markdown]\n\nPrints what a recipe may say: types, defaults, limits and meaning. Groups: " << join(names, ", ")
              << ".\n\n  reprise keys grpo\n  reprise keys --markdown > docs/keys.md\n";
    return 0;
  }
  if (arguments.size() > 1) throw UsageError("one group at a time", "", "see `reprise keys --help`");
  if (arguments.empty()) {
    std::cout << "recipe\n";
    for (const auto& [key, doc] : kRecipeKeys) std::cout << "  " << key << "\n      " << doc << "\n";
    for (const KeyGroup& group : groups) std::cout << "\n" << group.name << "   " << group.where << "\n" << config::keys_text(group.fields);
    return 0;
  }
  if (arguments[0] == "--markdown") {
    std::cout << everything_as_markdown();
    return 0;
  }
  for (const KeyGroup& group : groups) {
    if (group.name != arguments[0]) continue;
    std::cout << group.name << "   " << group.where << "\n" << group.doc << "\n" << config::keys_text(group.fields);
    return 0;
  }
  const auto guess = nearest(arguments[0], names);
  throw UsageError("no keys of '" + arguments[0] + "'", "", guess ? "did you mean '" + *guess + "'?" : "groups: " + join(names, ", "));
}

}  // namespace reprise::cli
