// `reprise grade code`.
#pragma once

#include "cli/commands.h"

namespace reprise::cli {

int grade_code(const Arguments& arguments);

}  // namespace reprise::cli
