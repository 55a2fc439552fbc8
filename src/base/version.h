// What this binary is: its version, git revision and compiler, fixed at configure time.
#pragma once

#include <string>

namespace reprise {

std::string version();         // "0.1.0"
std::string git_revision();    // "abc123..." with "+dirty" when the tree had changes; "unknown" without git
std::string compiler();        // "GNU 12.2.0 -O3"

}  // namespace reprise
