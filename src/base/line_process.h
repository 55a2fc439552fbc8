// A child that answers lines: one line in, one line out, over a socket pair. It can be given up at any time: a child that hangs
// is killed with everything in its process group.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise {

class LineProcess {
 public:
  // Throws Error if the program cannot be started.
  explicit LineProcess(std::vector<std::string> command);
  ~LineProcess();
  LineProcess(const LineProcess&) = delete;
  LineProcess& operator=(const LineProcess&) = delete;

  // False when the child is gone.
  bool write_line(std::string_view line);
  // The next line without its end; nothing when the child is gone or the time is up (`timed_out` tells which).
  std::optional<std::string> read_line(double timeout_seconds);
  bool timed_out() const { return timed_out_; }
  // Kills the child and starts another.
  void restart();

 private:
  void start();
  void stop();

  std::vector<std::string> command_;
  pid_t pid_ = -1;
  int socket_ = -1;
  bool timed_out_ = false;
  std::string buffer_;
  size_t seen_ = 0;
};

}  // namespace reprise
