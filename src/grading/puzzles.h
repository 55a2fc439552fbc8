// Graders of generated puzzles, from the numbers in the problem's metadata.
#pragma once

#include <string>

#include "data/problem.h"
#include "grading/verdict.h"

namespace reprise::grading {

// Countdown: an expression of + - * / and brackets that uses each of metadata.numbers exactly once and equals
// metadata.target. A trailing "= 24" is allowed.
Verdict grade_countdown(const data::Problem& problem, const std::string& answer);
// Knights and knaves: "NAME is a knight/knave" for every one of metadata.names, in any order, as in metadata.solution.
// metadata.a_knight and a_knave, where they are there, say what the puzzle calls them ("a sage", "a fool").
Verdict grade_knights_knaves(const data::Problem& problem, const std::string& answer);

}  // namespace reprise::grading
