// Only async-signal-safe calls below.
#include "pipeline/stop_flag.h"

#include <unistd.h>

#include <cstring>

namespace reprise::pipeline {
namespace {

volatile std::sig_atomic_t num_signals = 0;
const char* volatile told = "";

void on_signal(int) {
  num_signals = num_signals + 1;
  if (num_signals > 1) ::_exit(130);
  const char* text = told;
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) return;
}

}  // namespace

StopSignals::StopSignals(const char* saying) {
  num_signals = 0;
  told = saying;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, &old_interrupt_);
  ::sigaction(SIGTERM, &action, &old_terminate_);
}

StopSignals::~StopSignals() {
  ::sigaction(SIGINT, &old_interrupt_, nullptr);
  ::sigaction(SIGTERM, &old_terminate_, nullptr);
}

bool StopSignals::requested() { return num_signals > 0; }

}  // namespace reprise::pipeline
