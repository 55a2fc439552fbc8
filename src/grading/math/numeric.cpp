// Exact rationals and balls of answer trees.
#include "grading/math/numeric.h"

#include <acb_hypgeom.h>
#include <acb_mat.h>

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace reprise::grading::math {
namespace {

constexpr int64_t kMaxBits = 400000;       // of an exact number
constexpr double kMaxLog2 = 1099511627776;  // of a ball: 2^40

int64_t bits_of(const Rational& r) { return static_cast<int64_t>(fmpz_bits(fmpq_numref(r.get())) + fmpz_bits(fmpq_denref(r.get()))); }

void check_size(const Rational& r, Budget& budget) {
  const int64_t bits = bits_of(r);
  budget.spend(1 + bits / 64);
  if (bits > kMaxBits) throw OverBudget{"a number of more than " + std::to_string(kMaxBits) + " bits"};
}

std::optional<int64_t> small_integer(const Rational& r, int64_t limit) {
  if (!r.is_integer() || fmpz_cmpabs(fmpq_numref(r.get()), fmpq_numref(Rational(limit).get())) > 0) return std::nullopt;
  return fmpz_get_si(fmpq_numref(r.get()));
}

Rational power(const Rational& base, int64_t exponent, Budget& budget) {
  if (exponent == 0) return Rational(1);
  if (base.is_zero() && exponent < 0) throw NoValue{"a division by zero"};
  const bool unit = fmpz_is_pm1(fmpq_numref(base.get())) && fmpz_is_one(fmpq_denref(base.get()));
  const int64_t magnitude = exponent < 0 ? -exponent : exponent;
  if (!unit && !base.is_zero() && (magnitude > kMaxBits || bits_of(base) * magnitude > 2 * kMaxBits)) throw OverBudget{"a power of more than " + std::to_string(kMaxBits) + " bits"};
  Rational out;
  fmpq_pow_si(out.get(), base.get(), exponent);
  check_size(out, budget);
  return out;
}

// The exact n-th root, if there is one that is rational. Odd roots of negative numbers are negative.
std::optional<Rational> perfect_root(const Rational& value, int64_t n, Budget& budget) {
  if (n < 1 || n > 1000) return std::nullopt;
  budget.spend(10 + bits_of(value) / 8);
  const bool negative = fmpq_sgn(value.get()) < 0;
  if (negative && n % 2 == 0) return std::nullopt;
  Rational magnitude, out;
  fmpq_abs(magnitude.get(), value.get());
  fmpz_t root;
  fmpz_init(root);
  const bool exact = fmpz_root(root, fmpq_numref(magnitude.get()), n) != 0;
  fmpz_set(fmpq_numref(out.get()), root);
  const bool both = exact && fmpz_root(root, fmpq_denref(magnitude.get()), n) != 0;
  fmpz_set(fmpq_denref(out.get()), root);
  fmpz_clear(root);
  if (!both) return std::nullopt;
  if (negative) fmpq_neg(out.get(), out.get());
  return out;
}

std::optional<Rational> exact_function(const Expression& e, Budget& budget);

}  // namespace

std::string Rational::text() const {
  if (fmpz_bits(fmpq_numref(value_)) + fmpz_bits(fmpq_denref(value_)) > 2000) return "a number of " + std::to_string(fmpz_bits(fmpq_numref(value_)) + fmpz_bits(fmpq_denref(value_))) + " bits";
  char* text = fmpq_get_str(nullptr, 10, value_);
  std::string out(text);
  flint_free(text);
  return out;
}

std::optional<Rational> rational_of_digits(std::string_view digits) {
  int64_t scale = 0;
  if (const size_t mark = digits.find('e'); mark != std::string_view::npos) {
    std::string_view exponent = digits.substr(mark + 1);
    if (exponent.starts_with("+")) exponent.remove_prefix(1);
    const auto value = parse_int(exponent);
    if (!value || *value > 20000 || *value < -20000) return std::nullopt;
    scale = *value;
    digits = digits.substr(0, mark);
  }
  std::string whole;
  bool point = false;
  for (char c : digits) {
    if (c == '.') {
      if (point) return std::nullopt;
      point = true;
    } else {
      whole += c;
      if (point) --scale;
    }
  }
  Rational out;
  if (whole.empty() || fmpz_set_str(fmpq_numref(out.get()), whole.c_str(), 10) != 0) return std::nullopt;
  if (scale != 0) {
    fmpz_t ten;
    fmpz_init_set_ui(ten, 10);
    fmpz_pow_ui(ten, ten, static_cast<ulong>(scale < 0 ? -scale : scale));
    if (scale < 0) fmpq_div_fmpz(out.get(), out.get(), ten);
    else fmpq_mul_fmpz(out.get(), out.get(), ten);
    fmpz_clear(ten);
  }
  return out;
}

std::optional<Rational> exact_rational(const Expression& e, Budget& budget) {
  budget.spend(1);
  const auto& a = e.args;
  switch (e.kind) {
    case Kind::number: {
      auto value = rational_of_digits(e.text);
      if (!value) throw OverBudget{"a number with too many digits"};
      check_size(*value, budget);
      return value;
    }
    case Kind::add: case Kind::multiply: {
      auto sum = exact_rational(a[0], budget);
      for (size_t i = 1; i < a.size() && sum; ++i) {
        const auto next = exact_rational(a[i], budget);
        if (!next) return std::nullopt;
        if (e.kind == Kind::add) fmpq_add(sum->get(), sum->get(), next->get());
        else fmpq_mul(sum->get(), sum->get(), next->get());
        check_size(*sum, budget);
      }
      return sum;
    }
    case Kind::negate: {
      auto value = exact_rational(a[0], budget);
      if (value) fmpq_neg(value->get(), value->get());
      return value;
    }
    case Kind::divide: {
      auto above = exact_rational(a[0], budget);
      if (!above) return std::nullopt;
      const auto below = exact_rational(a[1], budget);
      if (!below) return std::nullopt;
      if (below->is_zero()) throw NoValue{"a division by zero"};
      fmpq_div(above->get(), above->get(), below->get());
      check_size(*above, budget);
      return above;
    }
    case Kind::percent: {
      auto value = exact_rational(a[0], budget);
      if (value) fmpq_div_fmpz(value->get(), value->get(), fmpq_numref(Rational(100).get()));
      return value;
    }
    case Kind::power: {
      const auto exponent = exact_rational(a[1], budget);
      if (!exponent) return std::nullopt;
      const auto base = exact_rational(a[0], budget);
      if (!base) return std::nullopt;
      if (exponent->is_integer()) {
        const auto n = small_integer(*exponent, int64_t{1} << 40);
        if (!n) {
          if (base->is_zero() || *base == Rational(1)) return base;
          throw OverBudget{"an exponent beyond 2^40"};
        }
        return power(*base, *n, budget);
      }
      Rational denominator, numerator;
      fmpz_set(fmpq_numref(denominator.get()), fmpq_denref(exponent->get()));
      fmpz_set(fmpq_numref(numerator.get()), fmpq_numref(exponent->get()));
      const auto q = small_integer(denominator, 1000), p = small_integer(numerator, int64_t{1} << 40);
      if (!q || !p) return std::nullopt;
      const auto root = perfect_root(*base, *q, budget);
      if (!root) return std::nullopt;
      return power(*root, *p, budget);
    }
    case Kind::root: {
      const auto index = exact_rational(a[1], budget);
      if (!index) return std::nullopt;
      const auto n = small_integer(*index, 1000);
      const auto value = exact_rational(a[0], budget);
      if (!n || !value) return std::nullopt;
      return perfect_root(*value, *n, budget);
    }
    case Kind::function: return exact_function(e, budget);
    default: return std::nullopt;
  }
}

namespace {

std::optional<Rational> exact_function(const Expression& e, Budget& budget) {
  const std::string& name = e.text;
  if (name == "base") {
    const auto base = parse_int(e.args[1].text);
    const std::string& digits = e.args[0].text;
    if (!base || *base < 2 || *base > 36) throw NoValue{"no base " + e.args[1].text};
    for (char c : digits) {
      const int digit = c <= '9' ? c - '0' : c - 'A' + 10;
      if (digit < 0 || digit >= *base) throw NoValue{"'" + digits + "' is no number of base " + e.args[1].text};
    }
    Rational out;
    fmpz_set_str(fmpq_numref(out.get()), digits.c_str(), static_cast<int>(*base));
    check_size(out, budget);
    return out;
  }
  static constexpr std::string_view kKnown[] = {"factorial", "double_factorial", "binomial", "abs", "floor", "ceil", "sgn", "gcd", "lcm", "min", "max", "mod"};
  if (std::find(std::begin(kKnown), std::end(kKnown), name) == std::end(kKnown)) return std::nullopt;
  std::vector<Rational> values;
  for (const Expression& arg : e.args) {
    auto value = exact_rational(arg, budget);
    if (!value) return std::nullopt;
    values.push_back(std::move(*value));
  }
  if (values.empty()) return std::nullopt;
  Rational& x = values[0];
  if (name == "factorial" || name == "double_factorial") {
    const auto n = small_integer(x, 20000);
    if (!n) {
      if (x.is_integer() && fmpq_sgn(x.get()) > 0) throw OverBudget{"a factorial of more than 20,000"};
      return std::nullopt;
    }
    if (*n < 0) throw NoValue{"a factorial of a negative number"};
    budget.spend(*n / 2);
    Rational out;
    if (name == "factorial") fmpz_fac_ui(fmpq_numref(out.get()), static_cast<ulong>(*n));
    else {
      fmpz_one(fmpq_numref(out.get()));
      for (int64_t k = *n; k > 1; k -= 2) fmpz_mul_ui(fmpq_numref(out.get()), fmpq_numref(out.get()), static_cast<ulong>(k));
      budget.spend(*n * 10);
    }
    check_size(out, budget);
    return out;
  }
  if (name == "binomial") {
    if (values.size() != 2) return std::nullopt;
    const auto n = small_integer(x, 1000000), k = small_integer(values[1], 1000000);
    if (!n || !k || *n < 0) return std::nullopt;
    if (*k < 0 || *k > *n) return Rational(0);
    if (static_cast<double>(std::min(*k, *n - *k)) * std::log2(static_cast<double>(*n) + 2) > static_cast<double>(kMaxBits)) throw OverBudget{"a binomial of more than " + std::to_string(kMaxBits) + " bits"};
    budget.spend(std::min(*k, *n - *k) * 4);
    Rational out;
    fmpz_bin_uiui(fmpq_numref(out.get()), static_cast<ulong>(*n), static_cast<ulong>(*k));
    check_size(out, budget);
    return out;
  }
  if (name == "abs") fmpq_abs(x.get(), x.get());
  else if (name == "sgn") fmpq_set_si(x.get(), fmpq_sgn(x.get()), 1);
  else if (name == "floor" || name == "ceil") {
    Rational out;
    if (name == "floor") fmpz_fdiv_q(fmpq_numref(out.get()), fmpq_numref(x.get()), fmpq_denref(x.get()));
    else fmpz_cdiv_q(fmpq_numref(out.get()), fmpq_numref(x.get()), fmpq_denref(x.get()));
    return out;
  } else if (name == "min" || name == "max") {
    for (const Rational& v : values) {
      if ((fmpq_cmp(v.get(), x.get()) < 0) == (name == "min") && !(v == x)) x = v;
    }
  } else if (name == "gcd" || name == "lcm") {
    for (const Rational& v : values) {
      if (!v.is_integer()) return std::nullopt;
      budget.spend(bits_of(v));
      if (name == "gcd") fmpz_gcd(fmpq_numref(x.get()), fmpq_numref(x.get()), fmpq_numref(v.get()));
      else fmpz_lcm(fmpq_numref(x.get()), fmpq_numref(x.get()), fmpq_numref(v.get()));
    }
    if (name == "gcd") fmpz_abs(fmpq_numref(x.get()), fmpq_numref(x.get()));
  } else {
    return std::nullopt;
  }
  check_size(x, budget);
  return x;
}

double log2_of(const acb_t z) {  // an upper bound, roughly
  mag_t m;
  mag_init(m);
  acb_get_mag(m, z);
  const double value = mag_is_inf(m) ? INFINITY : mag_is_zero(m) ? -INFINITY : mag_get_d_log2_approx(m);
  mag_clear(m);
  return value;
}

bool is_real(const acb_t z) { return arb_is_zero(acb_imagref(z)); }
bool is_negative_real(const acb_t z) { return is_real(z) && arb_is_negative(acb_realref(z)); }

class Evaluator {
 public:
  Evaluator(slong precision, const Point& point, Budget& budget) : precision_(precision), point_(point), budget_(budget) {}

  Ball of(const Expression& e) {
    budget_.spend(1 + precision_ / 128);
    Ball out;
    acb_struct* z = out.get();
    const auto& a = e.args;
    switch (e.kind) {
      case Kind::number: {
        const auto value = rational_of_digits(e.text);
        if (!value) throw OverBudget{"a number with too many digits"};
        budget_.spend(static_cast<int64_t>(e.text.size()) / 8);
        acb_set_fmpq(z, value->get(), precision_);
        break;
      }
      case Kind::symbol: {
        for (const auto& [name, value] : point_) {
          if (name == e.text) {
            acb_set_fmpq(z, value.get(), precision_);
            return out;
          }
        }
        throw NoValue{"'" + e.text + "' has no value"};
      }
      case Kind::constant:
        if (e.text == "pi") acb_const_pi(z, precision_);
        else if (e.text == "e") arb_const_e(acb_realref(z), precision_);
        else if (e.text == "i") acb_onei(z);
        else throw NoValue{"infinity is no number"};
        break;
      case Kind::add: case Kind::multiply:
        out = of(a[0]);
        for (size_t i = 1; i < a.size(); ++i) {
          const Ball next = of(a[i]);
          if (e.kind == Kind::add) acb_add(out.get(), out.get(), next.get(), precision_);
          else acb_mul(out.get(), out.get(), next.get(), precision_);
        }
        z = out.get();
        break;
      case Kind::negate:
        out = of(a[0]);
        acb_neg(out.get(), out.get());
        break;
      case Kind::divide: {
        out = of(a[0]);
        const Ball below = of(a[1]);
        if (acb_is_zero(below.get())) throw NoValue{"a division by zero"};
        acb_div(out.get(), out.get(), below.get(), precision_);
        break;
      }
      case Kind::percent:
        out = of(a[0]);
        acb_div_ui(out.get(), out.get(), 100, precision_);
        break;
      case Kind::degree: {
        out = of(a[0]);
        Ball pi;
        acb_const_pi(pi.get(), precision_);
        acb_mul(out.get(), out.get(), pi.get(), precision_);
        acb_div_ui(out.get(), out.get(), 180, precision_);
        break;
      }
      case Kind::power: return power_of(a[0], a[1]);
      case Kind::root: {
        const auto index = exact_rational(a[1], budget_);
        const auto n = index ? small_integer(*index, 10000) : std::nullopt;
        if (!n || *n == 0) throw NoValue{"a root without a whole index"};
        return rooted(of(a[0]), *n);
      }
      case Kind::function: return function(e);
      default: throw NoValue{to_text(e).substr(0, 80) + " is no number"};
    }
    check(out);
    return out;
  }

 private:
  void check(const Ball& ball) const {
    if (acb_is_finite(ball.get()) && log2_of(ball.get()) > kMaxLog2) throw OverBudget{"a number beyond 2^(2^40)"};
  }

  Ball rooted(Ball value, int64_t n) {
    budget_.spend(2 + precision_ / 16);
    if (n < 0) {
      acb_inv(value.get(), value.get(), precision_);
      n = -n;
    }
    if (n == 1) return value;
    const bool negate = n % 2 == 1 && is_negative_real(value.get());
    if (negate) acb_neg(value.get(), value.get());
    if (is_real(value.get()) && arb_is_nonnegative(acb_realref(value.get()))) {
      arb_root_ui(acb_realref(value.get()), acb_realref(value.get()), static_cast<ulong>(n), precision_);
    } else if (n == 2) {
      acb_sqrt(value.get(), value.get(), precision_);
    } else {
      acb_root_ui(value.get(), value.get(), static_cast<ulong>(n), precision_);
    }
    if (negate) acb_neg(value.get(), value.get());
    return value;
  }

  Ball power_of(const Expression& base_tree, const Expression& exponent_tree) {
    budget_.spend(2 + precision_ / 16);
    const auto exponent = exact_rational(exponent_tree, budget_);
    Ball base = of(base_tree);
    if (exponent) {
      Rational numerator, denominator;
      fmpz_set(fmpq_numref(numerator.get()), fmpq_numref(exponent->get()));
      fmpz_set(fmpq_numref(denominator.get()), fmpq_denref(exponent->get()));
      const double size = std::abs(log2_of(base.get()));
      if (std::isfinite(size) && size * std::exp2(static_cast<double>(fmpz_bits(fmpq_numref(numerator.get())))) > 2 * kMaxLog2 && fmpz_bits(fmpq_numref(numerator.get())) > 40) {
        throw OverBudget{"a power beyond 2^(2^40)"};
      }
      if (fmpz_bits(fmpq_numref(numerator.get())) > 48) throw OverBudget{"an exponent beyond 2^48"};
      const auto q = small_integer(denominator, 10000);
      if (q) {
        if (fmpq_sgn(exponent->get()) < 0 && acb_is_zero(base.get())) throw NoValue{"a division by zero"};
        Ball root = rooted(std::move(base), *q);
        budget_.spend(static_cast<int64_t>(fmpz_bits(fmpq_numref(numerator.get()))) * (1 + precision_ / 64));
        acb_pow_fmpz(root.get(), root.get(), fmpq_numref(numerator.get()), precision_);
        check(root);
        return root;
      }
    }
    Ball power = of(exponent_tree);
    const double size = log2_of(power.get()), base_size = std::abs(log2_of(base.get()));
    if (size > 48 || (std::isfinite(size) && std::isfinite(base_size) && std::exp2(size) * base_size > kMaxLog2)) throw OverBudget{"a power beyond 2^(2^40)"};
    if (acb_is_zero(base.get())) throw NoValue{"a power of zero"};
    budget_.spend(10 + precision_ / 4);
    Ball out;
    acb_pow(out.get(), base.get(), power.get(), precision_);
    check(out);
    return out;
  }

  Ball function(const Expression& e) {
    const std::string& name = e.text;
    // Whole-number functions of rational arguments.
    if (name == "base" || name == "gcd" || name == "lcm" || name == "mod" || name == "double_factorial") {
      const auto value = exact_function(e, budget_);
      if (!value) throw NoValue{name + " of what is no whole number"};
      Ball out;
      acb_set_fmpq(out.get(), value->get(), precision_);
      return out;
    }
    if (name == "det") return determinant(e.args[0]);
    // An unknown function may be given a value where it stands: f(x) at this x.
    if (!point_.empty()) {
      const std::string text = to_text(e);
      for (const auto& [known, value] : point_) {
        if (known != text) continue;
        Ball out;
        acb_set_fmpq(out.get(), value.get(), precision_);
        return out;
      }
    }
    std::vector<Ball> args;
    for (const Expression& arg : e.args) args.push_back(of(arg));
    if (args.empty()) throw NoValue{name + " of nothing"};
    budget_.spend(10 + precision_ / 4);
    Ball out;
    acb_struct* z = out.get();
    const acb_struct* x = args[0].get();
    const slong p = precision_;
    const double size = log2_of(x);
    if (size > 30000 && std::isfinite(size) && name != "log" && name != "log_plain" && name != "abs" && name != "sgn" && name != "Re" && name != "Im") throw OverBudget{name + " of a number of more than 30,000 bits"};
    const auto single = [&](void (*f)(acb_t, const acb_t, slong)) { f(z, x, p); };
    if (name == "sin") single(acb_sin);
    else if (name == "cos") single(acb_cos);
    else if (name == "tan") single(acb_tan);
    else if (name == "cot") single(acb_cot);
    else if (name == "sec") acb_cos(z, x, p), acb_inv(z, z, p);
    else if (name == "csc") acb_sin(z, x, p), acb_inv(z, z, p);
    else if (name == "arcsin") single(acb_asin);
    else if (name == "arccos") single(acb_acos);
    else if (name == "arctan") single(acb_atan);
    else if (name == "arccot") acb_inv(z, x, p), acb_atan(z, z, p);
    else if (name == "arcsec") acb_inv(z, x, p), acb_acos(z, z, p);
    else if (name == "arccsc") acb_inv(z, x, p), acb_asin(z, z, p);
    else if (name == "sinh") single(acb_sinh);
    else if (name == "cosh") single(acb_cosh);
    else if (name == "tanh") single(acb_tanh);
    else if (name == "coth") single(acb_coth);
    else if (name == "sech") acb_cosh(z, x, p), acb_inv(z, z, p);
    else if (name == "csch") acb_sinh(z, x, p), acb_inv(z, z, p);
    else if (name == "arsinh") single(acb_asinh);
    else if (name == "arcosh") single(acb_acosh);
    else if (name == "artanh") single(acb_atanh);
    else if (name == "erf") acb_hypgeom_erf(z, x, p);
    else if (name == "log" || name == "log_plain") {
      if (acb_is_zero(x)) throw NoValue{"a logarithm of zero"};
      acb_log(z, x, p);
      if (args.size() == 2) {
        Ball base;
        acb_log(base.get(), args[1].get(), p);
        acb_div(z, z, base.get(), p);
      }
    } else if (name == "abs") {
      if (is_real(x)) arb_abs(acb_realref(z), acb_realref(x));
      else acb_abs(acb_realref(z), x, p);
    } else if (name == "Re") {
      arb_set(acb_realref(z), acb_realref(x));
    } else if (name == "Im") {
      arb_set(acb_realref(z), acb_imagref(x));
    } else if (name == "arg") {
      acb_arg(acb_realref(z), x, p);
    } else if (name == "floor" || name == "ceil" || name == "sgn") {
      if (!is_real(x)) throw NoValue{name + " of what is not real"};
      if (name == "sgn") arb_sgn(acb_realref(z), acb_realref(x));
      else if (name == "floor") arb_floor(acb_realref(z), acb_realref(x), p);
      else arb_ceil(acb_realref(z), acb_realref(x), p);
    } else if (name == "min" || name == "max") {
      out = args[0];
      for (size_t i = 1; i < args.size(); ++i) {
        if (!is_real(out.get()) || !is_real(args[i].get())) throw NoValue{name + " of what is not real"};
        if (name == "min") arb_min(acb_realref(out.get()), acb_realref(out.get()), acb_realref(args[i].get()), p);
        else arb_max(acb_realref(out.get()), acb_realref(out.get()), acb_realref(args[i].get()), p);
      }
    } else if (name == "factorial") {
      if (size > 17) throw OverBudget{"a factorial of more than 2^17"};
      acb_add_ui(z, x, 1, p);
      acb_gamma(z, z, p);
    } else if (name == "binomial" && args.size() == 2) {
      if (size > 17 || log2_of(args[1].get()) > 17) throw OverBudget{"a binomial of more than 2^17"};
      // Gamma(n+1) / (Gamma(k+1) Gamma(n-k+1))
      Ball k, rest;
      acb_add_ui(z, x, 1, p);
      acb_gamma(z, z, p);
      acb_add_ui(k.get(), args[1].get(), 1, p);
      acb_rgamma(k.get(), k.get(), p);
      acb_sub(rest.get(), x, args[1].get(), p);
      acb_add_ui(rest.get(), rest.get(), 1, p);
      acb_rgamma(rest.get(), rest.get(), p);
      acb_mul(z, z, k.get(), p);
      acb_mul(z, z, rest.get(), p);
    } else {
      throw NoValue{"the function " + name + " is not known"};
    }
    check(out);
    return out;
  }

  Ball determinant(const Expression& matrix) {
    const size_t n = matrix.kind == Kind::matrix ? matrix.args.size() : 0;
    if (n == 0 || n > 12 || matrix.args[0].args.size() != n) throw NoValue{"no square matrix of at most 12 rows"};
    budget_.spend(static_cast<int64_t>(n * n * n) * (1 + precision_ / 64));
    acb_mat_struct* m = new acb_mat_struct;
    acb_mat_init(m, static_cast<slong>(n), static_cast<slong>(n));
    Ball out;
    try {
      for (size_t i = 0; i < n; ++i) {
        for (size_t j = 0; j < n; ++j) acb_set(acb_mat_entry(m, i, j), of(matrix.args[i].args[j]).get());
      }
      acb_mat_det(out.get(), m, precision_);
    } catch (...) {
      acb_mat_clear(m);
      delete m;
      throw;
    }
    acb_mat_clear(m);
    delete m;
    return out;
  }

  slong precision_;
  const Point& point_;
  Budget& budget_;
};

}  // namespace

Ball ball_of(const Expression& e, slong precision, const Point& point, Budget& budget) { return Evaluator(precision, point, budget).of(e); }

}  // namespace reprise::grading::math
