// Values come from CMake, to this file only, so that a commit rebuilds one file.
#include "base/version.h"

#include "revision.h"

#ifndef REPRISE_COMPILER
#define REPRISE_COMPILER "unknown"
#endif

namespace reprise {

std::string version() { return "0.1.0"; }
std::string git_revision() { return REPRISE_GIT_REVISION; }
std::string compiler() { return REPRISE_COMPILER; }

}  // namespace reprise
