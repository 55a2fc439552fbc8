// The actions of `reprise data` that have a file of their own.
#pragma once

#include "cli/commands.h"

namespace reprise::cli {

int data_overlap(const Arguments& arguments);

}  // namespace reprise::cli
