// Where a run stands, for the person who watches: one line that rewrites itself on a terminal, else a plain line at
// most every five seconds and one at a stage's end. Clock and output are handed in, so tests need no time.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "pipeline/stage.h"

namespace reprise::pipeline {

class Progress {
 public:
  struct Output {
    bool live = false;                                // a terminal
    int width = 80;                                   // of the terminal
    std::function<double()> seconds;                  // a clock that never goes back
    std::function<void(const std::string&)> write;    // bytes as they are
  };
  explicit Progress(Output output) : output_(std::move(output)) {}
  ~Progress() { clear(); }

  void begin_stage(const std::string& stage);
  void update(int64_t step, int64_t num_steps, const Metrics& shown);
  // A line of its own; a live line is drawn again below it.
  void note(const std::string& line);
  void clear();

 private:
  std::string line(int64_t step, int64_t num_steps, const Metrics& shown) const;

  Output output_;
  std::string stage_, live_;
  int64_t first_step_ = -1;
  double first_seconds_ = 0, last_plain_ = -1e30, last_live_ = -1e30;
};

// To standard error; live when that is a terminal.
Progress::Output standard_progress();

}  // namespace reprise::pipeline
