// execv keeps the process, its terminal and its signals.
#include "cli/exec_engine.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/error.h"
#include "base/files.h"

namespace reprise::cli {

void exec_engine(const std::vector<std::string>& words) {
  const std::string engine = executable_folder() / "reprise-engine";
  std::vector<char*> arguments = {const_cast<char*>(engine.c_str())};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execv(engine.c_str(), arguments.data());
  throw Error(std::string("cannot be started (") + std::strerror(errno) + ")", engine, "build it: `make build`; a build with REPRISE_TORCH=OFF has no engine");
}

}  // namespace reprise::cli
