// The value of a number's tree: exactly where it is rational, else as a ball that is sure to hold it (Arb: Johansson 2017).
// All work is paid from a budget of steps, so that it ends on any input, at the same point on any machine.
#pragma once

#include <flint/fmpq.h>

#include <acb.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "grading/math/expression.h"

namespace reprise::grading::math {

struct OverBudget {
  std::string says;
};
struct NoValue {  // division by zero, an unknown function, words
  std::string says;
};

// A step is about a tenth of a microsecond.
class Budget {
 public:
  explicit Budget(int64_t steps) : left_(steps) {}
  void spend(int64_t steps) {
    if ((left_ -= steps) < 0) throw OverBudget{"the step budget is used up"};
  }
  int64_t left() const { return left_; }

 private:
  int64_t left_;
};

class Rational {
 public:
  Rational() { fmpq_init(value_); }
  explicit Rational(int64_t n, uint64_t d = 1) : Rational() { fmpq_set_si(value_, n, d); }
  Rational(const Rational& other) : Rational() { fmpq_set(value_, other.value_); }
  Rational(Rational&& other) noexcept : Rational() { fmpq_swap(value_, other.value_); }
  Rational& operator=(Rational other) noexcept {
    fmpq_swap(value_, other.value_);
    return *this;
  }
  ~Rational() { fmpq_clear(value_); }
  fmpq* get() { return value_; }
  const fmpq* get() const { return value_; }
  bool is_zero() const { return fmpq_is_zero(value_); }
  bool is_integer() const { return fmpz_is_one(fmpq_denref(value_)); }
  friend bool operator==(const Rational& a, const Rational& b) { return fmpq_equal(a.value_, b.value_); }
  std::string text() const;  // "-3/4"; long ones are cut

 private:
  fmpq_t value_;
};

class Ball {
 public:
  Ball() { acb_init(value_); }
  Ball(const Ball& other) : Ball() { acb_set(value_, other.value_); }
  Ball(Ball&& other) noexcept : Ball() { acb_swap(value_, other.value_); }
  Ball& operator=(Ball other) noexcept {
    acb_swap(value_, other.value_);
    return *this;
  }
  ~Ball() { acb_clear(value_); }
  acb_struct* get() { return value_; }
  const acb_struct* get() const { return value_; }

 private:
  acb_t value_;
};

// What symbols, and applications of unknown functions ("f(x)"), stand for.
using Point = std::vector<std::pair<std::string, Rational>>;

// "12.50", "1.6e-19", "007"; nothing for more than 20,000 decimal places either way.
std::optional<Rational> rational_of_digits(std::string_view digits);
// The exact value, or nothing where it is not a rational number that can be computed by +, -, *, /, whole powers, perfect
// roots and whole-number functions. Throws OverBudget (numbers of more than 400,000 bits too) and NoValue (division by zero).
std::optional<Rational> exact_rational(const Expression& e, Budget& budget);
// A ball around the value at `precision` bits. Real odd roots of negative numbers are real: (-8)^(1/3) = -2.
// Throws OverBudget and NoValue. A result may be infinite or undefined: look with acb_is_finite.
Ball ball_of(const Expression& e, slong precision, const Point& point, Budget& budget);

}  // namespace reprise::grading::math
