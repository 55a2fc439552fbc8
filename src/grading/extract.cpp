// Scans from the end, because the last answer is the one meant.
#include "grading/extract.h"

#include "base/strings.h"

namespace reprise::grading {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

}  // namespace

std::string last_plain_number(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && !is_digit(text[end - 1])) --end;
  if (end == 0) return {};
  size_t begin = end;
  while (begin > 0) {
    const char c = text[begin - 1];
    const bool inner = (c == ',' || c == '.' || c == '/') && begin >= 2 && is_digit(text[begin - 2]);
    if (!is_digit(c) && !inner) break;
    --begin;
  }
  if (begin > 0 && text[begin - 1] == '.') --begin;  // ".5"
  const size_t sign = begin > 0 && text[begin - 1] == '$' ? begin - 1 : begin;
  if (sign > 0 && text[sign - 1] == '-' && (sign == 1 || (!is_digit(text[sign - 2]) && !is_letter(text[sign - 2]) && text[sign - 2] != ')'))) {
    return "-" + std::string(text.substr(begin, end - begin));
  }
  return std::string(text.substr(begin, end - begin));
}

std::string last_boxed(std::string_view text) {
  constexpr std::string_view kCommand = "\\boxed";
  const size_t start = text.rfind(kCommand);
  if (start == std::string_view::npos) return {};
  size_t depth = 0, open = start + kCommand.size();
  while (open < text.size() && text[open] == ' ') ++open;
  if (open < text.size() && text[open] != '{') {  // "\boxed 9$": up to the end of the formula, as MATH's own rule reads it
    if (is_letter(text[open])) return {};
    const std::string_view rest = text.substr(open);
    return std::string(trim(rest.substr(0, rest.find_first_of("$\n"))));
  }
  for (size_t i = open; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return std::string(trim(text.substr(open + 1, i - open - 1)));
    }
  }
  return {};
}

std::string last_number(std::string_view text) {
  if (const std::string boxed = last_boxed(text); !boxed.empty()) {
    const std::string number = last_plain_number(boxed);
    return boxed.find("\\frac") != std::string::npos ? boxed : number;
  }
  if (const size_t hashes = text.rfind("####"); hashes != std::string_view::npos) {
    std::string_view line = text.substr(hashes + 4);
    line = line.substr(0, line.find('\n'));
    if (const std::string number = last_plain_number(line); !number.empty()) return number;
  }
  return last_plain_number(text);
}

}  // namespace reprise::grading
