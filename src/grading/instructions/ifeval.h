// IFEval's verdict on a response: it counts when it follows every instruction of its prompt ("prompt-level" accuracy).
#pragma once

#include <string>

#include "base/json.h"
#include "data/problem.h"
#include "grading/verdict.h"

namespace reprise::grading {

// The response as it is. metadata.instruction_id_list names the instructions, metadata.kwargs what each asks for. The reason names the first
// that the response breaks. unverifiable where the metadata cannot be read; no_answer for a blank response, which follows nothing.
Verdict grade_ifeval_strict(const data::Problem& problem, const std::string& response);
// An instruction counts when the response or one of seven changes of it follows: without its first line, its last, both, and each without asterisks.
Verdict grade_ifeval_loose(const data::Problem& problem, const std::string& response);

namespace instructions {
// "" or what is wrong with a row's instructions: lists of different lengths, an unknown id, kwargs that lack something.
std::string fault_of(const nlohmann::json& metadata);
}  // namespace instructions

}  // namespace reprise::grading
