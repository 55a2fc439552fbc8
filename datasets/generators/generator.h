// Problems and examples that we make ourselves, from a seed. Row i depends on (seed, generator, split, i) alone, so a
// larger size keeps the rows of a smaller one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/field.h"
#include "data/example.h"
#include "data/problem.h"

namespace reprise::datasets {

struct GeneratorConfig {
  std::string generator;
  std::string split = "train";
  int64_t size = 1000;
  int64_t dataset_seed = 0;
  int64_t min_level = 3, max_level = 6;
  std::vector<std::string> languages = {"en", "zh"};
  bool step_markers = true;
  double share_long = 0.5, share_brief = 0.25;
  double error_rate = 0.12;
  double share_own_language = 0.4, language_switch_rate = 0.3;
  double broken_format_rate = 0.4;
  double direct_correct_rate = 0.5;

  template <class Visitor>
  void fields(Visitor& v) {
    using namespace config;
    v.field("generator", generator, "What to make.",
            one_of({"last_digit_chains", "last_digit_chains_textbook", "last_digit_chains_web", "last_digit_chains_cold_start",
                    "arithmetic", "countdown", "knights_and_knaves"}));
    v.field("split", split, "Which part of the task's problems: the three never share one.", one_of({"train", "validation", "test"}));
    v.field("size", size, "Rows.", between(1, 100000000));
    v.field("dataset_seed", dataset_seed, "Seed of the rows; the recipe's own seed does not change them when this is not 0.", at_least(0));
    v.field("min_level", min_level, "Smallest number of steps (chains), operands or people.", between(1, 8));
    v.field("max_level", max_level, "Largest number of steps, operands or people.", between(1, 8));
    v.field("languages", languages, "Languages of the prompts, drawn evenly.", one_of({"en", "zh"}));
    v.field("step_markers", step_markers, "Chains: a marker (1), (2), ... before each step, in prompt and trace.");
    v.field("share_long", share_long, "Web: share of documents that reason step by step.", between(0, 1));
    v.field("share_brief", share_brief, "Web: share that note the intermediate results only; the rest answer directly.", between(0, 1));
    v.field("error_rate", error_rate, "Web: probability that a written step is wrong (the error is carried on).", between(0, 1));
    v.field("share_own_language", share_own_language, "Web: share of documents that keep to the prompt's language.", between(0, 1));
    v.field("language_switch_rate", language_switch_rate, "Web: chance per step that one of the other documents changes its language.", between(0, 1));
    v.field("broken_format_rate", broken_format_rate, "Web: share of documents with tags missing.", between(0, 1));
    v.field("direct_correct_rate", direct_correct_rate, "Web: share of direct answers that are right by construction; the others are any digit.", between(0, 1));
  }
};

// Problems or examples, depending on the generator; the other list is empty.
struct Generated {
  std::vector<data::Problem> problems;
  std::vector<data::Example> examples;
};

// recipe_seed is used when dataset_seed is 0. Throws Error when the split holds fewer problems than asked.
Generated generate(const GeneratorConfig& config, uint64_t recipe_seed);
// Whether the generator makes problems (graded) or examples (imitated).
bool makes_problems(const std::string& generator);
// All words of a generator's texts, in id order, <pad> <bos> <eos> first. Throws Error for one that has no closed vocabulary.
std::vector<std::string> vocabulary(const std::string& generator);

}  // namespace reprise::datasets
