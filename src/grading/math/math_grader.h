// A reference against a completion, from the text to the verdict.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "grading/math/equal.h"
#include "grading/math/extraction.h"
#include "grading/verdict.h"

namespace reprise::grading::math {

struct MathOptions {
  bool bare = false;  // the answer is no completion: nothing is extracted
  ExtractionOptions extraction;
  EqualityLimits limits;
};

struct MathVerdict {
  VerdictKind verdict = VerdictKind::no_answer;
  Status status = Status::no_answer;
  std::string extracted, reason;
  int bits = 0;
  bool unreadable = false;  // unparsable: the answer, not the reference
};

// Never throws; the work is bounded by limits.steps. `explanation`, if given, gets the parses and steps as lines.
MathVerdict grade_math(std::string_view reference, std::string_view answer, Workspace& workspace, const MathOptions& options = {}, std::vector<std::string>* explanation = nullptr);

}  // namespace reprise::grading::math
