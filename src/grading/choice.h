// Which option of a multiple-choice question a completion chooses, and the verdict on it. Reads what people write: boxed letters, "Answer: B",
// "the correct option is **(B)**", the option's own text. The last statement counts, because writers correct themselves; one that names two
// options counts for none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/problem.h"
#include "grading/verdict.h"

namespace reprise::grading {

struct Choice {
  std::string letter;      // "A" to "J"; "" where none is chosen
  std::string reason;      // where it was found, or why none counts
  bool ambiguous = false;  // something was chosen, and it is not one option
};

// options: their texts by letter, as the question has them; none known: letters alone are read. Looks at the last 256 KiB, in time linear in them.
Choice chosen_option(std::string_view completion, const std::vector<std::string>& options);

// metadata.options of a question; none where there are none.
std::vector<std::string> options_of(const data::Problem& problem);
// problem.answer is the letter. An ambiguous choice is incorrect.
Verdict grade_choice(const data::Problem& problem, const std::string& completion);

}  // namespace reprise::grading
