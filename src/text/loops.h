// Text that repeats itself: what a model writes when it has lost its way.
#pragma once

#include <string_view>

namespace reprise::text {

// True where the text ends in at least four repetitions of something of at most 400 bytes, 200 bytes in all at least.
bool ends_in_a_loop(std::string_view text);

}  // namespace reprise::text
