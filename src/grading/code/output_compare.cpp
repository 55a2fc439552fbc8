// Lines, words, decimals.
#include "grading/code/output_compare.h"

#include <cmath>
#include <vector>

#include "base/strings.h"

namespace reprise::grading::code {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v'; }

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  for (size_t i = 0; i < text.size();) {
    while (i < text.size() && is_space(text[i])) ++i;
    const size_t begin = i;
    while (i < text.size() && !is_space(text[i])) ++i;
    if (i > begin) out.push_back(text.substr(begin, i - begin));
  }
  return out;
}

std::vector<std::string_view> lines_of(std::string_view text) {
  text = trim(text);
  std::vector<std::string_view> out;
  for (size_t i = 0; i <= text.size();) {
    const size_t end = std::min(text.find('\n', i), text.size());
    out.push_back(trim(text.substr(i, end - i)));
    i = end + 1;
  }
  return out;
}

// Sign, digits without leading and trailing zeros, and the point's place: "1.50" and "+01.5" are the same.
bool decimal_of(std::string_view word, std::string& out) {
  bool negative = false;
  size_t i = 0;
  if (i < word.size() && (word[i] == '+' || word[i] == '-')) negative = word[i++] == '-';
  std::string digits;
  size_t point = std::string::npos;
  for (; i < word.size(); ++i) {
    if (word[i] >= '0' && word[i] <= '9') digits += word[i];
    else if (word[i] == '.' && point == std::string::npos) point = digits.size();
    else return false;
  }
  if (digits.empty()) return false;
  std::string whole = digits.substr(0, std::min(point, digits.size())), fraction = point == std::string::npos ? "" : digits.substr(point);
  while (whole.size() > 1 && whole[0] == '0') whole.erase(0, 1);
  if (whole.empty()) whole = "0";
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  if (whole == "0" && fraction.empty()) negative = false;
  out = (negative ? "-" : "") + whole + "." + fraction;
  return true;
}

std::string shown(std::string_view text) { return text.size() <= 60 ? std::string(text) : std::string(text.substr(0, 57)) + "..."; }

bool same_line(std::string_view expected, std::string_view found) {
  if (expected == found) return true;
  const auto a = words_of(expected), b = words_of(found);
  if (a.size() != b.size() || a.empty()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    std::string x, y;
    if (!decimal_of(a[i], x) || !decimal_of(b[i], y) || x != y) return false;
  }
  return true;
}

bool same_word(std::string_view expected, std::string_view found, bool floats) {
  if (expected == found) return true;
  if (!floats) return false;
  const auto x = parse_double(expected), y = parse_double(found);
  if (!x || !y || !std::isfinite(*x) || !std::isfinite(*y)) return false;
  return std::abs(*x - *y) <= 1e-6 * std::max(1.0, std::abs(*x));
}

}  // namespace

std::string difference(std::string_view expected, std::string_view found, OutputRule rule) {
  const bool lines = rule == OutputRule::lines;
  const auto a = lines ? lines_of(expected) : words_of(expected), b = lines ? lines_of(found) : words_of(found);
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (lines ? !same_line(a[i], b[i]) : !same_word(a[i], b[i], rule == OutputRule::floats)) {
      return std::string(lines ? "line " : "word ") + std::to_string(i + 1) + ": '" + shown(b[i]) + "', expected '" + shown(a[i]) + "'";
    }
  }
  if (a.size() != b.size()) return std::to_string(b.size()) + (lines ? " lines, expected " : " words, expected ") + std::to_string(a.size());
  return {};
}

}  // namespace reprise::grading::code
