// The table of graders by name (data::Problem::grader). A pure function of the problem and the completion's text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/problem.h"
#include "grading/verdict.h"

namespace reprise::grading {

// A problem of this grader has no rule that decides it: accuracy has nothing to say there, and has not failed.
constexpr const char* kNoGrader = "none";

// Raised where a grader decides otherwise than before: verdicts that were kept under an earlier number are given again.
constexpr int kRulesVersion = 1;

struct GradingInput {
  const data::Problem& problem;
  std::string_view completion;       // decoded text, special tokens kept out
  bool prompt_opened_think = false;  // the template wrote "<think>" already
  bool finished = true;              // false: cut off at the token limit
};

// Throws Error for an unknown grader name (the recipe's fault), never for the completion.
Verdict grade(const GradingInput& input);
std::vector<std::string> grader_names();

}  // namespace reprise::grading
