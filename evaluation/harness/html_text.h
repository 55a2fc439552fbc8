// Text on its way into HTML, SVG and Markdown. Everything that comes from a file goes through escape_html or
// escape_markdown: recipes, models and problems write what they like.
#pragma once

#include <string>
#include <string_view>

#include "evaluation/harness/statistics.h"

namespace reprise::evaluation {

// & < > " ' escaped; control characters that HTML forbids and broken UTF-8 become U+FFFD.
std::string escape_html(std::string_view text);
// For a table cell: | and line ends may not stand, nor may HTML.
std::string escape_markdown(std::string_view text);
// A completion, escaped, with R1's four tags marked by <span class="tag">.
std::string highlight_tags(std::string_view completion, size_t max_bytes);

// 0.5533 -> "55.3"; NaN and infinities -> "-" (an en dash in HTML is the caller's).
std::string percent_text(double share);
std::string number_text(double value, int decimals);
// "[50.1, 60.4]", scaled; "no interval" when an end is infinite.
std::string interval_text(const Interval& interval, double scale, int decimals = 1);

}  // namespace reprise::evaluation
