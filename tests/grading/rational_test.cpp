#include "grading/rational.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace reprise::grading {
namespace {

TEST(Rational, ReadsNumbersAsPeopleWriteThem) {
  const auto is = [](std::string_view text, int64_t numerator, int64_t denominator) { return parse_number(text) == make_rational(numerator, denominator); };
  EXPECT_TRUE(is("72", 72, 1));
  EXPECT_TRUE(is("-3", -3, 1));
  EXPECT_TRUE(is("1,234.50", 2469, 2));
  EXPECT_TRUE(is("$18", 18, 1));
  EXPECT_TRUE(is("25%", 25, 1));
  EXPECT_TRUE(is("6/8", 3, 4));
  EXPECT_TRUE(is("\\frac{3}{4}", 3, 4));
  EXPECT_TRUE(is(".5", 1, 2));
  for (const char* none : {"", "-", "x", "1/0", "1//2", "12a", "1.2.3", "--1", "\\frac{1}{0}"}) EXPECT_FALSE(parse_number(none)) << none;
  EXPECT_FALSE(parse_number(std::string(60, '9')));
}

// Field laws over random small fractions.
TEST(Rational, ArithmeticIsExact) {
  RandomStream draw({2026, 6});
  const auto random = [&] { return *make_rational(static_cast<int64_t>(draw.below(2001)) - 1000, static_cast<int64_t>(draw.below(999)) + 1); };
  for (int i = 0; i < 2000; ++i) {
    const Rational a = random(), b = random(), c = random();
    EXPECT_EQ(multiply(a, *add(b, c)), add(*multiply(a, b), *multiply(a, c)));
    EXPECT_EQ(subtract(*add(a, b), b), a);
    if (b.numerator != 0) {
      EXPECT_EQ(multiply(*divide(a, b), b), a);
    }
  }
  EXPECT_FALSE(divide({1, 1}, {0, 1}));
  const Rational large = *make_rational(__int128{1} << 90, 1);
  EXPECT_FALSE(multiply(large, large));  // too large is nothing, never a wrapped number
}

}  // namespace
}  // namespace reprise::grading
