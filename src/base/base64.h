// RFC 4648 base64.
#pragma once

#include <string>
#include <string_view>

namespace reprise {

std::string to_base64(std::string_view bytes);
// Throws Error for a character that is none of its alphabet; line ends are skipped, and it ends at the first '='.
std::string from_base64(std::string_view text);

}  // namespace reprise
