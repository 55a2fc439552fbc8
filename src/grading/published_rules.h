// Rules of grading as their publishers wrote them down, for scores that are to be compared with published ones. Each looks for the
// answer where its publisher looks and compares as its publisher compares; what they get wrong they get wrong here too.
#pragma once

#include <string>
#include <string_view>

#include "grading/verdict.h"

namespace reprise::grading {

// GSM8K (Cobbe et al. 2021, openai/grade-school-math, dataset.py): the number behind the last "#### ", commas dropped, compared as text.
// Its recorded solutions end in a line "A: N", which is read too.
Verdict grade_gsm8k(std::string_view reference, std::string_view completion);
// MATH (Hendrycks et al. 2021, hendrycks/math, math_equivalence.py): the last \boxed{} or \fbox{}, both sides in one spelling, compared as text.
Verdict grade_hendrycks_math(std::string_view reference, std::string_view completion);
// Minerva (Lewkowycz et al. 2022, appendix D.1): what stands in "The final answer is ... I hope it is correct.", else in the last box; both
// sides in one spelling, compared as text, then as mathematics (there by sympy, here by grading/math).
Verdict grade_minerva(std::string_view reference, std::string_view completion);
// AIME: a whole number from 0 to 999 (Mathematical Association of America), leading zeros allowed, from where grading/math finds it.
Verdict grade_aime(std::string_view reference, std::string_view completion);

// The one spelling that two rules compare in.
std::string hendrycks_spelling(std::string_view latex);
std::string minerva_spelling(std::string_view latex);

}  // namespace reprise::grading
