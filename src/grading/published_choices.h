// Publishers' rules for which letter a completion chooses, for scores that are to be compared with published ones. Each takes what its publisher's
// patterns take, right or wrong; docs/grading.md quotes the patterns. Linear time where Python's would be quadratic.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "data/problem.h"
#include "grading/verdict.h"

namespace reprise::grading {

// What the patterns extract, "" for nothing. openai/simple-evals: gpqa_eval.py and, in any of its languages, mmlu_eval.py.
std::string simple_evals_letter(std::string_view completion);
std::string simple_evals_multilingual_letter(std::string_view completion);
// TIGER-AI-Lab/MMLU-Pro, evaluate_from_local.py: three patterns, the next where one finds nothing.
std::string mmlu_pro_letter(std::string_view completion);
// EleutherAI/lm-evaluation-harness 0.4.13: mmlu_pro, and the "flexible-extract" of gpqa's chain-of-thought tasks ("(B)").
std::string lm_eval_mmlu_pro_letter(std::string_view completion);
std::string lm_eval_flexible_choice(std::string_view completion, const std::vector<std::string>& options);

Verdict grade_simple_evals(const data::Problem& problem, const std::string& completion);
Verdict grade_simple_evals_multilingual(const data::Problem& problem, const std::string& completion);
// Where no pattern finds a letter the publisher guesses one with Python's random.seed(12345), and so does this.
Verdict grade_mmlu_pro(const data::Problem& problem, const std::string& completion);
Verdict grade_lm_eval_mmlu_pro(const data::Problem& problem, const std::string& completion);
Verdict grade_lm_eval_flexible(const data::Problem& problem, const std::string& completion);

}  // namespace reprise::grading
