// Values come from CMake (base/CMake definitions on this file only, so a commit rebuilds one file).
#include "base/version.h"

#ifndef REPRISE_GIT_REVISION
#define REPRISE_GIT_REVISION "unknown"
#endif
#ifndef REPRISE_COMPILER
#define REPRISE_COMPILER "unknown"
#endif

namespace reprise {

std::string version() { return "0.1.0"; }
std::string git_revision() { return REPRISE_GIT_REVISION; }
std::string compiler() { return REPRISE_COMPILER; }

}  // namespace reprise
