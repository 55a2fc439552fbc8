// Where a completion says its answer. The rules stand in one table, in the order in which they are asked; the first that finds
// something decides. Each is one pass over the last 256 KiB behind the thinking.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reprise::grading::math {

struct ExtractionOptions {
  bool prompt_opened_think = false;  // the template wrote "<think>" already
  bool finished = true;              // false: cut off at the token limit
  bool last_formula = true;          // allow the last formula of the text
  bool last_number = true;           // allow the last number of the text
};

struct Extraction {
  std::string answer;  // "" when there is none: `rule` says why
  std::string rule;    // name of the rule that found it
  bool found() const { return !answer.empty(); }
};

Extraction extract_answer(std::string_view completion, const ExtractionOptions& options = {});

struct ExtractionRule {
  const char* name;
  const char* looks_for;
};
// The table, for --explain and docs/grading.md.
std::vector<ExtractionRule> extraction_rules();

}  // namespace reprise::grading::math
