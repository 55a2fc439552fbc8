// Small text helpers shared by every room.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise {

std::vector<std::string> split(std::string_view text, char separator);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string_view trim(std::string_view text);  // ASCII white space
bool starts_with_any(std::string_view text, const std::vector<std::string>& prefixes);
std::string replace_all(std::string text, std::string_view from, std::string_view to);
std::string to_lower_ascii(std::string_view text);

// The shortest decimal that reads back as the same double ("0.1", "1e-06", "nan").
std::string format_double(double value);
// Fixed decimals ("12.50").
std::string format_fixed(double value, int decimals);
// 1234567 -> "1,234,567".
std::string format_count(int64_t value);
// 98362432 -> "93.8 MiB".
std::string format_bytes(double bytes);
// 75 -> "1m15s".
std::string format_seconds(double seconds);

// Strict, locale-free numbers: the whole text or nothing.
std::optional<int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);

// The candidate nearest to `word` (edit distance at most a third of its length), for "did you mean".
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

// How deeply { and [ are nested in a JSON text (strings skipped): recursive parsers want to know before they start.
size_t nesting_depth(std::string_view json);

// UTF-8. valid_utf8 follows Unicode's table 3-7 (no overlong forms, no surrogates).
bool valid_utf8(std::string_view text);
void append_utf8(std::string& text, char32_t code_point);
// Decodes one code point at `position` and advances; invalid bytes give U+FFFD and advance by one.
char32_t next_code_point(std::string_view text, size_t& position);

}  // namespace reprise
