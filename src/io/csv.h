// Comma-separated values as RFC 4180 has them: quoted fields may hold commas, doubled quotes and line breaks.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace reprise::io {

// Calls `row` with the 1-based line on which each record begins and its fields. Empty lines are passed over. `where` names
// the text in faults. Throws Error: a quote that never closes, text behind a closing quote.
void read_csv(std::string_view text, const std::string& where, const std::function<void(int64_t line, const std::vector<std::string>& fields)>& row);

}  // namespace reprise::io
