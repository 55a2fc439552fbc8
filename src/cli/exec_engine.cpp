// execv keeps the process, its terminal and its signals.
#include "cli/exec_engine.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/files.h"

namespace reprise::cli {

namespace {

// Borrowed pointers: `engine` and `words` must outlive the call.
std::vector<char*> argument_list(const std::string& engine, const std::vector<std::string>& words) {
  std::vector<char*> arguments = {const_cast<char*>(engine.c_str())};
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  return arguments;
}

// An OpenMP thread that waits spins for milliseconds before it sleeps; on a machine where anything else runs, that is
// time the working thread does not get. A thirtieth of it costs nothing measurable when the machine is ours.
void shorten_spinning() { ::setenv("GOMP_SPINCOUNT", "10000", /*overwrite=*/0); }

[[noreturn]] void cannot_start(const std::string& engine, int fault) {
  throw Error(std::string("cannot be started (") + std::strerror(fault) + ")", engine,
              "build it: `make build`; a build with REPRISE_TORCH=OFF has no engine");
}

}  // namespace

void exec_engine(const std::vector<std::string>& words) {
  const std::string engine = executable_folder() / "reprise-engine";
  shorten_spinning();
  ::execv(engine.c_str(), argument_list(engine, words).data());
  cannot_start(engine, errno);
}

int run_engine(const std::vector<std::string>& words) {
  const std::string engine = executable_folder() / "reprise-engine";
  shorten_spinning();
  struct sigaction ignore = {}, before = {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGINT, &ignore, &before);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGINT);
  ::posix_spawnattr_setsigdefault(&attributes, &defaults);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  const int fault = ::posix_spawn(&child, engine.c_str(), nullptr, &attributes, argument_list(engine, words).data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  int status = 0;
  if (fault == 0) {
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
  }
  ::sigaction(SIGINT, &before, nullptr);
  if (fault != 0) cannot_start(engine, fault);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace reprise::cli
