// IFEval's 25 kinds of instructions (Zhou et al. 2023, arXiv 2311.07911), each decided as its authors' code decides it
// (google-research/instruction_following_eval; lm-evaluation-harness 0.4.13 has a copy), with what that code gets wrong.
// docs/grading.md says where we differ. All rules take time linear in the response.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace reprise::grading::instructions {

// What the data's kwargs say, whatever they are called there.
struct Arguments {
  std::vector<std::u32string> texts;  // keywords, a letter, a language, a marker, a phrase
  int64_t number = 0;
  int64_t nth = 0;                    // of a paragraph, from 1
  bool at_least = false;              // the other relation: less than
};

struct Rule {
  const char* id;
  // Takes what it needs from the kwargs; "" or what is wrong with them ("lacks 'keywords'").
  std::string (*read)(const nlohmann::json& kwargs, Arguments& arguments);
  // Whether a response, which is not blank, follows the instruction.
  bool (*follows)(const Arguments& arguments, std::u32string_view response);
};

const std::vector<Rule>& rules();
// Null for an id that is none of the 25.
const Rule* find_rule(std::string_view id);

}  // namespace reprise::grading::instructions
