// `reprise grade code` and `reprise grade rating`.
#pragma once

#include "cli/commands.h"

namespace reprise::cli {

int grade_code(const Arguments& arguments);
int grade_rating(const Arguments& arguments);

}  // namespace reprise::cli
