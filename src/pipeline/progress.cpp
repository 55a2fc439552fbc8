// The progress line.
#include "pipeline/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "base/strings.h"

namespace reprise::pipeline {
namespace {

constexpr double kPlainEverySeconds = 5, kLiveEverySeconds = 0.1;

std::string shown_number(double value) {
  if (!std::isfinite(value)) return format_double(value);
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

}  // namespace

void Progress::begin_stage(const std::string& stage) {
  clear();
  stage_ = stage;
  first_step_ = -1;
  last_plain_ = last_live_ = -1e30;
}

std::string Progress::line(int64_t step, int64_t num_steps, const Metrics& shown) const {
  std::string out = stage_ + "  step " + format_count(step);
  if (num_steps > 0) out += "/" + format_count(num_steps);
  for (const auto& [name, value] : shown) {
    if (name == "tokens_per_second") {
      out += "  " + (std::isfinite(value) && value < 1e15 ? format_count(static_cast<int64_t>(value)) : std::string("?")) + " tok/s";
    } else {
      out += "  " + name + " " + shown_number(value);
    }
  }
  // The first step seen only starts the clock: after a resume it stands for steps of an earlier session.
  if (first_step_ >= 0 && step > first_step_ && num_steps > step) {
    const double each = (output_.seconds() - first_seconds_) / static_cast<double>(step - first_step_);
    out += "  " + format_seconds(each * static_cast<double>(num_steps - step)) + " left";
  }
  return out;
}

void Progress::update(int64_t step, int64_t num_steps, const Metrics& shown) {
  const double now = output_.seconds();
  const std::string text = line(step, num_steps, shown);
  if (first_step_ < 0) {
    first_step_ = step;
    first_seconds_ = now;
  }
  const bool last = num_steps > 0 && step >= num_steps;
  if (output_.live) {
    if (!last && now - last_live_ < kLiveEverySeconds) return;
    last_live_ = now;
    live_ = text;
    const size_t room = output_.width > 1 ? static_cast<size_t>(output_.width - 1) : 79;
    output_.write("\r\033[2K" + text.substr(0, room));
    return;
  }
  if (!last && now - last_plain_ < kPlainEverySeconds) return;
  last_plain_ = now;
  output_.write(text + "\n");
}

void Progress::note(const std::string& text) {
  const std::string before = live_;
  clear();
  output_.write((stage_.empty() ? "" : stage_ + ": ") + text + "\n");
  if (output_.live && !before.empty()) {
    live_ = before;
    output_.write(before.substr(0, static_cast<size_t>(std::max(1, output_.width - 1))));
  }
}

void Progress::clear() {
  if (output_.live && !live_.empty()) output_.write("\r\033[2K");
  live_.clear();
}

Progress::Output standard_progress() {
  Progress::Output output;
  output.live = ::isatty(STDERR_FILENO) == 1;
  winsize size{};
  if (output.live && ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) output.width = size.ws_col;
  output.seconds = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  output.write = [](const std::string& bytes) {
    std::fwrite(bytes.data(), 1, bytes.size(), stderr);
    std::fflush(stderr);
  };
  return output;
}

}  // namespace reprise::pipeline
