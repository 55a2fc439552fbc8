// Lines to the person at the terminal: notes to standard error, never into a result on standard output.
#pragma once

#include <string_view>

namespace reprise {

void log_info(std::string_view line);
void log_warning(std::string_view line);  // "warning: ..."

}  // namespace reprise
