// One write per line, so lines of several threads do not mix.
#include "base/log.h"

#include <unistd.h>

#include <string>

namespace reprise {
namespace {
void write_line(std::string line) {
  line += '\n';
  [[maybe_unused]] const ssize_t n = ::write(2, line.data(), line.size());
}
}  // namespace

void log_info(std::string_view line) { write_line(std::string(line)); }
void log_warning(std::string_view line) { write_line("warning: " + std::string(line)); }

}  // namespace reprise
