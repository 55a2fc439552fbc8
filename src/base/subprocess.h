// Runs a program by posix_spawn (never fork: the parent may hold OpenMP threads) and collects its output.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace reprise {

struct SubprocessResult {
  int exit_code = -1;      // -1 when a signal ended it
  int signal_number = 0;   // 0 when it exited by itself
  bool timed_out = false;  // killed (whole process group) by the wall clock
  std::string standard_output;
  std::string standard_error;
};

// Each stream is cut at max_output_bytes. Throws Error if the program cannot be started.
SubprocessResult run_subprocess(const std::vector<std::string>& command, const std::string& standard_input,
                                double timeout_seconds, size_t max_output_bytes = 64u << 20);

}  // namespace reprise
