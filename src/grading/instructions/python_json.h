// Whether Python's json.loads takes a text: JSON, and NaN, Infinity and -Infinity; no whole number of more than 4,300 digits.
#pragma once

#include <string_view>

namespace reprise::grading::instructions {

// Linear in the text, at any depth (Python gives up at about a thousand levels, with an exception of another kind).
bool python_loads_json(std::u32string_view text);

}  // namespace reprise::grading::instructions
