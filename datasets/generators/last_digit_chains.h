// The miniature's task. A start digit, then n steps (plus, minus, times a digit), strictly left to right, each result
// taken to its last digit: "3 (1) plus 4 (2) times 7 ?" is 3+4=7, 7x7=49, so 9. A step is one of 280 facts; a chain of
// n needs n of them in a row, which a small model cannot do without writing them down. Words exist in English and
// Chinese, digits are shared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/random.h"
#include "datasets/generators/generator.h"

namespace reprise::datasets {

struct Chain {
  int start = 0;
  struct Step {
    int op = 0;  // 0 plus, 1 minus, 2 times
    int operand = 0;
  };
  std::vector<Step> steps;
  std::string language;  // of the prompt

  std::vector<int> results() const;  // after each step
  std::string id() const;            // "chain-3+4*7"
  std::string split() const;         // by a hash of start and steps, not of the language: 1/8 test, 1/8 validation
};

Chain random_chain(const GeneratorConfig& config, RandomStream& stream);
std::string chain_prompt(const Chain& chain, const GeneratorConfig& config);
// "start 3 (1) plus 4 is 7 (2) times 7 is 9", in one language.
std::string chain_trace(const Chain& chain, const GeneratorConfig& config, const std::string& language);

std::vector<std::string> chain_vocabulary();
Generated generate_chains(const GeneratorConfig& config, uint64_t seed);

}  // namespace reprise::datasets
