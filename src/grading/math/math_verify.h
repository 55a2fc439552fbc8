// The decisions of Math-Verify 0.9.0 (Hugging Face, Apache-2.0), its quirks included, so that numbers published with it can be
// compared: where it looks for an answer, how it cleans LaTeX, when it calls two values equal. Rebuilt from its observed behaviour;
// tests/oracle/compare_math_verify.py measures the agreement. What it is for is comparison: docs/grading.md lists what it gets wrong.
#pragma once

#include <string>
#include <string_view>

#include "grading/math/math_grader.h"

namespace reprise::grading::math {

// Verdicts are correct, incorrect and no_answer: Math-Verify knows no other. A reference, and a bare answer, without "$" and "\boxed" is
// taken as "$...$". As Math-Verify, not symmetric.
MathVerdict grade_as_math_verify(std::string_view reference, std::string_view answer, Workspace& workspace, bool bare);

// Its cleaning of LaTeX, for tests: units, boxes ("all" or the last group), spellings.
std::string math_verify_cleaned(std::string_view latex, bool last_boxes_only);

}  // namespace reprise::grading::math
