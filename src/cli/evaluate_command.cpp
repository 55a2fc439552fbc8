// `reprise evaluate`: what recorded samples score, and what that says.
#include <cstdio>

#include "base/error.h"
#include "base/strings.h"
#include "cli/evaluate_commands.h"
#include "evaluation/harness/report.h"

namespace reprise::cli {

evaluation::Registry open_registry(const std::string& folder) {
  evaluation::Registry registry = evaluation::read_published_folder(folder.empty() ? evaluation::published_folder() : std::filesystem::path(folder));
  if (registry.numbers.empty()) throw Error("no published number is to be found", folder.empty() ? "evaluation/published" : folder, "run from the source folder, or give --registry");
  return registry;
}

const evaluation::PublishedNumber& published_number(const evaluation::Registry& registry, const std::string& id) {
  if (const auto* found = registry.find(id)) return *found;
  std::vector<std::string> ids;
  for (const auto& number : registry.numbers) ids.push_back(number.id);
  const auto guess = nearest(id, ids);
  throw Error("no published number has the id '" + id + "'", "", guess ? "did you mean '" + *guess + "'?" : "`reprise published` lists them");
}

int evaluate_command(const Arguments& arguments) {
  static const std::vector<Command> table = {{"compare", "two models on the same problems, in pairs", evaluate_compare},
                                             {"import", "generations of other harnesses into a store of samples", evaluate_import},
                                             {"plan", "how many samples tell whether a number was reproduced", evaluate_plan},
                                             {"presets", "how papers and harnesses ask: the very prompt, by preset and benchmark", evaluate_presets},
                                             {"recorded", "scores of recorded samples, and verdicts against published numbers", evaluate_recorded},
                                             {"run", "draw samples on benchmarks and score them", evaluate_run},
                                             {"score", "scores of the samples in a store, and verdicts against published numbers", evaluate_score}};
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h" || arguments[0] == "help") {
    std::printf("usage: reprise evaluate COMMAND [options]\n\n");
    for (const Command& command : table) std::printf("  %-9s %s\n", command.name, command.summary);
    std::printf("\n`reprise evaluate COMMAND --help` tells more.\n");
    return arguments.empty() ? 2 : 0;
  }
  std::vector<std::string> names;
  for (const Command& command : table) {
    if (arguments[0] == command.name) return command.run({arguments.begin() + 1, arguments.end()});
    names.push_back(command.name);
  }
  const auto guess = nearest(arguments[0], names);
  throw UsageError("unknown command 'evaluate " + arguments[0] + "'", "", guess ? "did you mean '" + *guess + "'?" : "see `reprise evaluate --help`");
}

}  // namespace reprise::cli
