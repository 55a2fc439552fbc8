// Exact small rationals for graders: numerator and denominator in 128 bits; anything larger is "not a small number".
#pragma once

#include <optional>
#include <string_view>

namespace reprise::grading {

struct Rational {
  __int128 numerator = 0, denominator = 1;  // reduced, denominator > 0
  friend bool operator==(const Rational&, const Rational&) = default;
};

// Reduced, or nothing when the denominator is 0 or a part passes 2^100.
std::optional<Rational> make_rational(__int128 numerator, __int128 denominator);
std::optional<Rational> add(Rational a, Rational b);
std::optional<Rational> subtract(Rational a, Rational b);
std::optional<Rational> multiply(Rational a, Rational b);
std::optional<Rational> divide(Rational a, Rational b);

// "72", "-3", "1,234.50", "$18", "25%" (the sign % is dropped, as GSM8K's answers have it), "3/4", "\frac{3}{4}", ".5".
// Nothing for anything else.
std::optional<Rational> parse_number(std::string_view text);

}  // namespace reprise::grading
