// Ctrl-C: the first asks for a stop at the step's end, the second ends the process at once. The flag is the one
// global of the pipeline, because a signal handler can reach nothing else.
#pragma once

#include <csignal>

namespace reprise::pipeline {

// Installs handlers for SIGINT and SIGTERM for the life of the object and puts the old ones back after.
class StopSignals {
 public:
  // `saying` is told at the first signal; a literal.
  explicit StopSignals(const char* saying = "\nstopping at the end of this step, with a checkpoint (again: at once)\n");
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  static bool requested();

 private:
  struct sigaction old_interrupt_, old_terminate_;
};

}  // namespace reprise::pipeline
