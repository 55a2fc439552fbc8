// What Python's str and re say of letters, spaces and digits, for rules that were published as Python: str.lower, isupper, islower, isspace,
// strip, re.IGNORECASE, \w, \s, \d. Texts are code points here, as they are there.
#pragma once

#include <string>
#include <string_view>

namespace reprise::text {

// One code point as UTF-8's decoding gives it; bytes that are none give U+FFFD each.
std::u32string code_points(std::string_view utf8);
std::string utf8(std::u32string_view text);

bool is_upper(char32_t c);
bool is_lower(char32_t c);
bool is_space(char32_t c);          // \s, and what str.strip() takes away
bool is_word(char32_t c);           // \w: letters, numbers and the underscore
bool is_decimal(char32_t c);        // \d
char32_t small_form(char32_t c);    // of one letter, as one letter (re.IGNORECASE)
bool equal_letters(char32_t a, char32_t b);  // under re.IGNORECASE

// str.isupper() and str.islower(): some cased letter, and none of another case.
bool is_upper(std::u32string_view text);
bool is_lower(std::u32string_view text);
// str.lower(), but that a capital sigma ends a word where no letter follows (Python looks past marks).
std::u32string lower(std::u32string_view text);
// str.strip(), and of other characters.
std::u32string_view strip(std::u32string_view text);
std::u32string_view strip(std::u32string_view text, char32_t which);

}  // namespace reprise::text
