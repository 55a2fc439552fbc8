// Handing over to reprise-engine, the program beside this one that links LibTorch.
#pragma once

#include <string>
#include <vector>

namespace reprise::cli {

// Replaces this process by `reprise-engine words...`. Throws Error when it is not there.
[[noreturn]] void exec_engine(const std::vector<std::string>& words);

}  // namespace reprise::cli
