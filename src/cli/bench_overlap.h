// `reprise bench overlap`.
#pragma once

#include "cli/commands.h"

namespace reprise::cli {

int bench_overlap(const Arguments& arguments);

}  // namespace reprise::cli
