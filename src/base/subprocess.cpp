// posix_spawn with three pipes and one poll loop.
#include "base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/error.h"

extern char** environ;

namespace reprise {
namespace {

struct Pipe {
  int end[2] = {-1, -1};
  Pipe() {
    if (::pipe2(end, O_CLOEXEC) != 0) throw Error(std::string("cannot make a pipe (") + std::strerror(errno) + ")");
  }
  ~Pipe() {
    close_end(0);
    close_end(1);
  }
  void close_end(int i) {
    if (end[i] >= 0) ::close(end[i]);
    end[i] = -1;
  }
};

}  // namespace

SubprocessResult run_subprocess(const std::vector<std::string>& command, const std::string& standard_input,
                                double timeout_seconds, size_t max_output_bytes) {
  Pipe in, out, err;
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.end[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out.end[1], 1);
  posix_spawn_file_actions_adddup2(&actions, err.end[1], 2);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  std::vector<char*> arguments;
  for (const std::string& part : command) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int status = ::posix_spawnp(&pid, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (status != 0) throw Error(std::string("cannot be started (") + std::strerror(status) + ")", command[0]);
  in.close_end(0);
  out.close_end(1);
  err.close_end(1);
  ::fcntl(in.end[1], F_SETFL, O_NONBLOCK);
  struct sigaction ignore {}, before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);

  SubprocessResult result;
  size_t written = 0;
  if (standard_input.empty()) in.close_end(1);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout_seconds);
  while (out.end[0] >= 0 || err.end[0] >= 0) {
    const double left = std::chrono::duration<double>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) {
      result.timed_out = true;
      ::kill(-pid, SIGKILL);
      break;
    }
    pollfd fds[3] = {{out.end[0], POLLIN, 0}, {err.end[0], POLLIN, 0}, {in.end[1], POLLOUT, 0}};
    ::poll(fds, 3, static_cast<int>(std::min(left * 1000 + 1, 1e6)));
    if (in.end[1] >= 0 && (fds[2].revents & (POLLOUT | POLLERR | POLLHUP))) {
      const ssize_t n = ::write(in.end[1], standard_input.data() + written, standard_input.size() - written);
      if (n > 0) written += static_cast<size_t>(n);
      if ((n < 0 && errno != EAGAIN && errno != EINTR) || written == standard_input.size()) in.close_end(1);
    }
    Pipe* pipes[2] = {&out, &err};
    std::string* sinks[2] = {&result.standard_output, &result.standard_error};
    for (int i = 0; i < 2; ++i) {
      if (pipes[i]->end[0] < 0 || !(fds[i].revents & (POLLIN | POLLHUP | POLLERR))) continue;
      char buffer[65536];
      const ssize_t n = ::read(pipes[i]->end[0], buffer, sizeof buffer);
      if (n > 0) {
        const size_t room = max_output_bytes - std::min(max_output_bytes, sinks[i]->size());
        sinks[i]->append(buffer, std::min<size_t>(room, static_cast<size_t>(n)));
      } else if (n == 0 || errno != EINTR) {
        pipes[i]->close_end(0);
      }
    }
  }
  int wait_status = 0;
  while (::waitpid(pid, &wait_status, 0) < 0 && errno == EINTR) {
  }
  ::kill(-pid, SIGKILL);  // stragglers of its group
  ::sigaction(SIGPIPE, &before, nullptr);
  if (WIFEXITED(wait_status)) result.exit_code = WEXITSTATUS(wait_status);
  if (WIFSIGNALED(wait_status)) result.signal_number = WTERMSIG(wait_status);
  return result;
}

}  // namespace reprise
