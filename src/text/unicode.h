// Character classes (Unicode 16) and NFC (Unicode 9): the versions that Hugging Face tokenizers has.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace reprise::text {

enum class CharClass : uint8_t { other, letter, number, mark, punctuation, symbol, space };
CharClass char_class(char32_t code_point);

// Composed form. Returns the text itself (no work) when a quick look shows that nothing can change.
std::string nfc(std::string_view text);

}  // namespace reprise::text
