// Arithmetic with explicit bounds, and the spellings of plain numbers.
#include "grading/rational.h"

#include <cstdlib>
#include <string>

#include "base/strings.h"

namespace reprise::grading {
namespace {

constexpr __int128 kLimit = static_cast<__int128>(1) << 100;
constexpr __int128 kFactorLimit = static_cast<__int128>(1) << 62;

__int128 absolute(__int128 x) { return x < 0 ? -x : x; }

bool fits(const Rational& r) { return absolute(r.numerator) < kFactorLimit && r.denominator < kFactorLimit; }

std::optional<Rational> parse_decimal(std::string_view text) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.remove_prefix(1);
  }
  __int128 value = 0, scale = 1;
  bool digits = false, point = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      value = value * 10 + (c - '0');
      if (point) scale *= 10;
      if (value >= kLimit || scale >= kLimit) return std::nullopt;
      digits = true;
    } else if (c == '.' && !point) {
      point = true;
    } else if (c == ',' && !point && digits && i + 3 < text.size()) {
      // A thousands separator: three digits, then the end, a comma or a point.
      for (size_t k = 1; k <= 3; ++k) {
        if (text[i + k] < '0' || text[i + k] > '9') return std::nullopt;
      }
      if (i + 4 < text.size() && text[i + 4] != ',' && text[i + 4] != '.') return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  if (!digits) return std::nullopt;
  return make_rational(negative ? -value : value, scale);
}

}  // namespace

std::optional<Rational> make_rational(__int128 n, __int128 d) {
  if (d == 0) return std::nullopt;
  if (d < 0) {
    n = -n;
    d = -d;
  }
  __int128 a = absolute(n), b = d;
  while (b != 0) {
    const __int128 r = a % b;
    a = b;
    b = r;
  }
  if (a > 1) {
    n /= a;
    d /= a;
  }
  if (absolute(n) >= kLimit || d >= kLimit) return std::nullopt;
  return Rational{n, d};
}

std::optional<Rational> add(Rational a, Rational b) {
  if (!fits(a) || !fits(b)) return std::nullopt;
  return make_rational(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
}
std::optional<Rational> subtract(Rational a, Rational b) { return add(a, {-b.numerator, b.denominator}); }
std::optional<Rational> multiply(Rational a, Rational b) {
  if (!fits(a) || !fits(b)) return std::nullopt;
  return make_rational(a.numerator * b.numerator, a.denominator * b.denominator);
}
std::optional<Rational> divide(Rational a, Rational b) {
  if (b.numerator == 0) return std::nullopt;
  return multiply(a, b.numerator < 0 ? Rational{-b.denominator, -b.numerator} : Rational{b.denominator, b.numerator});
}

std::optional<Rational> parse_number(std::string_view text) {
  text = trim(text);
  if (text.size() > 80) return std::nullopt;
  std::string plain = replace_all(replace_all(std::string(text), "\\$", ""), "\\%", "%");
  plain = replace_all(replace_all(plain, "$", ""), "\\!", "");
  plain = replace_all(replace_all(plain, "{,}", ","), "\\,", "");
  std::string_view view = trim(plain);
  while (!view.empty() && (view.back() == '.' || view.back() == '%')) view.remove_suffix(1);
  bool negative = false;
  if (view.starts_with("-\\")) {
    negative = true;
    view.remove_prefix(1);
  }
  const auto sign = [&](std::optional<Rational> value) {
    if (value && negative) value->numerator = -value->numerator;
    return value;
  };
  for (std::string_view command : {"\\frac{", "\\dfrac{", "\\tfrac{"}) {
    if (!view.starts_with(command)) continue;
    const size_t middle = view.find("}{", command.size());
    if (middle == std::string_view::npos || view.back() != '}') return std::nullopt;
    const auto n = parse_decimal(trim(view.substr(command.size(), middle - command.size())));
    const auto d = parse_decimal(trim(view.substr(middle + 2, view.size() - middle - 3)));
    if (!n || !d) return std::nullopt;
    return sign(divide(*n, *d));
  }
  if (const size_t slash = view.find('/'); slash != std::string_view::npos) {
    const auto n = parse_decimal(trim(view.substr(0, slash))), d = parse_decimal(trim(view.substr(slash + 1)));
    if (!n || !d) return std::nullopt;
    return sign(divide(*n, *d));
  }
  return sign(parse_decimal(view));
}

}  // namespace reprise::grading
