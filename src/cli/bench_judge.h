#pragma once

#include "cli/commands.h"

namespace reprise::cli {

int bench_judge(const Arguments& arguments);

}  // namespace reprise::cli
