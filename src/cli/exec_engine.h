// Handing over to reprise-engine, the program beside this one that links LibTorch.
#pragma once

#include <string>
#include <vector>

namespace reprise::cli {

// Replaces this process by `reprise-engine words...`. Throws Error when it is not there.
[[noreturn]] void exec_engine(const std::vector<std::string>& words);

// Runs it as a child on the same terminal and returns its exit code (128 + the signal that ended it). A Ctrl-C meanwhile
// is the child's to answer.
int run_engine(const std::vector<std::string>& words);

}  // namespace reprise::cli
