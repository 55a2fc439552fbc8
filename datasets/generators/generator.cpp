// The table of generators.
#include "datasets/generators/generator.h"

#include "base/error.h"
#include "datasets/generators/last_digit_chains.h"
#include "datasets/generators/puzzles.h"

namespace reprise::datasets {
namespace {

using Function = Generated (*)(const GeneratorConfig&, uint64_t seed);
struct Row {
  const char* name;
  Function function;
  bool problems;
};
constexpr Row kGenerators[] = {{"last_digit_chains", generate_chains, true},
                               {"last_digit_chains_textbook", generate_chains, false},
                               {"last_digit_chains_web", generate_chains, false},
                               {"last_digit_chains_cold_start", generate_chains, false},
                               {"arithmetic", generate_arithmetic, true},
                               {"countdown", generate_countdown, true},
                               {"knights_and_knaves", generate_knights_and_knaves, true}};

const Row& row_of(const std::string& name) {
  for (const Row& row : kGenerators) {
    if (name == row.name) return row;
  }
  throw Error("generator '" + name + "' is not known", "", "see `reprise data generate --help`");
}

}  // namespace

Generated generate(const GeneratorConfig& config, uint64_t recipe_seed) {
  const uint64_t seed = config.dataset_seed != 0 ? static_cast<uint64_t>(config.dataset_seed) : recipe_seed;
  return row_of(config.generator).function(config, seed);
}

bool makes_problems(const std::string& generator) { return row_of(generator).problems; }

std::vector<std::string> vocabulary(const std::string& generator) {
  if (generator.starts_with("last_digit_chains")) return chain_vocabulary();
  throw Error("generator '" + generator + "' has no closed vocabulary", "tokenizer", "words:last_digit_chains has one");
}

}  // namespace reprise::datasets
