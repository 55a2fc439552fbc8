// Commands that the engine does.
#pragma once

#include "cli/commands.h"

namespace reprise::cli {

int bench_command(const Arguments& arguments);
int bench_grade(const Arguments& arguments);  // the one that needs no engine
int convert_command(const Arguments& arguments);
int logprobs_command(const Arguments& arguments);

}  // namespace reprise::cli
