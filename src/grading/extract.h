// Finding the answer in a text that a model wrote. Linear scans, no regular expressions.
#pragma once

#include <string>
#include <string_view>

namespace reprise::grading {

// Content of the last \boxed{...} with balanced braces, or of "\boxed 9" up to the formula's end; "" if there is none.
std::string last_boxed(std::string_view text);
// The last run of digits with its separators, point, sign and fraction bar.
std::string last_plain_number(std::string_view text);
// The number that GSM8K's rule reads: in the last \boxed{}, else behind the last "####", else the last number in the text.
std::string last_number(std::string_view text);

}  // namespace reprise::grading
