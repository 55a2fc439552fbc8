// `reprise grade with GRADER`: any grader of problems, on lines of completions.
#pragma once

#include "cli/commands.h"

namespace reprise::cli {

int grade_with(const Arguments& arguments);

}  // namespace reprise::cli
