// Escaping, and numbers as the report prints them.
#include "evaluation/harness/html_text.h"

#include <cmath>

#include "base/strings.h"

namespace reprise::evaluation {

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (size_t position = 0; position < text.size();) {
    const char32_t c = next_code_point(text, position);
    switch (c) {
      case U'&': out += "&amp;"; break;
      case U'<': out += "&lt;"; break;
      case U'>': out += "&gt;"; break;
      case U'"': out += "&quot;"; break;
      case U'\'': out += "&#39;"; break;
      default:
        append_utf8(out, (c < 0x20 && c != U'\n' && c != U'\t') || (c >= 0x7f && c < 0xa0) ? U'\uFFFD' : c);
    }
  }
  return out;
}

std::string escape_markdown(std::string_view text) {
  std::string out = escape_html(text);
  out = replace_all(std::move(out), "|", "\\|");
  return replace_all(std::move(out), "\n", " ");
}

std::string highlight_tags(std::string_view completion, size_t max_bytes) {
  std::string cut;
  if (completion.size() > max_bytes) {
    size_t end = max_bytes;
    while (end > 0 && (static_cast<unsigned char>(completion[end]) & 0xC0) == 0x80) --end;
    cut = "<span class=\"cut\"> … " + format_count(static_cast<int64_t>(completion.size() - end)) + " more bytes</span>";
    completion = completion.substr(0, end);
  }
  std::string html = escape_html(completion);
  for (const char* tag : {"&lt;think&gt;", "&lt;/think&gt;", "&lt;answer&gt;", "&lt;/answer&gt;"}) {
    html = replace_all(std::move(html), tag, std::string("<span class=\"tag\">") + tag + "</span>");
  }
  return html + cut;
}

std::string number_text(double value, int decimals) {
  if (!std::isfinite(value)) return "-";
  const std::string text = format_fixed(value, decimals);
  // "-0.0" reads like a mistake.
  return text.find_first_not_of("-0.") == std::string::npos && text[0] == '-' ? text.substr(1) : text;
}

std::string percent_text(double share) { return number_text(100 * share, 1); }

std::string interval_text(const Interval& interval, double scale, int decimals) {
  if (!std::isfinite(interval.low) || !std::isfinite(interval.high)) return "no interval";
  return "[" + number_text(interval.low * scale, decimals) + ", " + number_text(interval.high * scale, decimals) + "]";
}

}  // namespace reprise::evaluation
