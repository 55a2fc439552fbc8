#include "text/loops.h"

#include <algorithm>

namespace reprise::text {

bool ends_in_a_loop(std::string_view text) {
  constexpr size_t kLongest = 400, kLeast = 200, kTimes = 4;
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  for (size_t period = 1; period <= kLongest && period * kTimes <= text.size(); ++period) {
    const size_t reach = std::max(period * kTimes, kLeast);
    if (reach > text.size()) continue;
    const std::string_view tail = text.substr(text.size() - reach);
    if (tail.substr(period) == tail.substr(0, reach - period)) return true;
  }
  return false;
}

}  // namespace reprise::text
