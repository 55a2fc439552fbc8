// posix_spawn on a socket pair, whose ends write without SIGPIPE.
#include "base/line_process.h"

#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/error.h"

extern char** environ;

namespace reprise {
namespace {

constexpr int kGraceMilliseconds = 500;

}  // namespace

LineProcess::LineProcess(std::vector<std::string> command) : command_(std::move(command)) { start(); }
LineProcess::~LineProcess() { stop(); }

void LineProcess::start() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw Error(std::string("cannot make a socket pair (") + std::strerror(errno) + ")");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  posix_spawnattr_setpgroup(&attributes, 0);
  std::vector<char*> arguments;
  for (const std::string& part : command_) arguments.push_back(const_cast<char*>(part.c_str()));
  arguments.push_back(nullptr);
  const int status = ::posix_spawnp(&pid_, arguments[0], &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  ::close(ends[1]);
  if (status != 0) {
    ::close(ends[0]);
    pid_ = -1;
    throw Error(std::string("cannot be started (") + std::strerror(status) + ")", command_[0]);
  }
  socket_ = ends[0];
  buffer_.clear();
  seen_ = 0;
}

void LineProcess::stop() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  if (pid_ < 0) return;
  int status = 0;
  // One that works ends by itself when its socket closes, and clears up behind it.
  for (int wait = 0; !timed_out_ && wait < kGraceMilliseconds; ++wait) {
    if (::waitpid(pid_, &status, WNOHANG) == pid_) {
      pid_ = -1;
      return;
    }
    ::usleep(1000);
  }
  ::kill(-pid_, SIGKILL);
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
}

void LineProcess::restart() {
  stop();
  start();
}

bool LineProcess::write_line(std::string_view line) {
  std::string bytes(line);
  bytes += '\n';
  for (size_t sent = 0; sent < bytes.size();) {
    const ssize_t n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    sent += static_cast<size_t>(n);
  }
  return true;
}

std::optional<std::string> LineProcess::read_line(double timeout_seconds) {
  timed_out_ = false;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout_seconds);
  for (;;) {
    if (const size_t end = buffer_.find('\n', seen_); end != std::string::npos) {
      std::string line = buffer_.substr(0, end);
      buffer_.erase(0, end + 1);
      seen_ = 0;
      return line;
    }
    seen_ = buffer_.size();
    const double left = std::chrono::duration<double>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0) {
      timed_out_ = true;
      return std::nullopt;
    }
    pollfd fd = {socket_, POLLIN, 0};
    const int ready = ::poll(&fd, 1, static_cast<int>(std::min(left * 1000 + 1, 1e6)));
    if (ready < 0 && errno != EINTR) return std::nullopt;
    if (ready <= 0) continue;
    char bytes[65536];
    const ssize_t n = ::recv(socket_, bytes, sizeof bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    buffer_.append(bytes, static_cast<size_t>(n));
  }
}

}  // namespace reprise
