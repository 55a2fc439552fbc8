// Quantiles invert their own distribution function by bracketed bisection: slower than a
// rational approximation, but there is one accuracy to check instead of two.
#include "evaluation/harness/special_functions.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace reprise::evaluation {

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The continued fraction of I_x(a, b) (DLMF 8.17.22), which converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  const auto away_from_zero = [](double value) { return std::abs(value) < kTiny ? kTiny : value; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double result = d;
  for (int m = 1; m <= 10'000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    result *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    result *= d * c;
    if (std::abs(d * c - 1) < 1e-15) break;
  }
  return result;
}

// The x with cdf(x) = probability. cdf is increasing and symmetric about zero.
template <class Cdf>
double invert(Cdf cdf, double probability) {
  if (!(probability > 0)) return -kInfinity;
  if (!(probability < 1)) return kInfinity;
  if (probability == 0.5) return 0;
  if (probability > 0.5) return -invert(cdf, 1 - probability);
  double low = -1, high = 0;
  while (cdf(low) > probability && low > -1e300) low *= 2;
  for (int i = 0; i < 200 && high - low > 1e-15 * std::abs(low); ++i) {
    const double middle = 0.5 * (low + high);
    (cdf(middle) < probability ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

double normal_quantile(double probability) { return invert(normal_cdf, probability); }

double incomplete_beta(double a, double b, double x) {
  if (!(x > 0)) return 0;
  if (!(x < 1)) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double student_t_cdf(double t, double degrees_of_freedom) {
  const double nu = degrees_of_freedom;
  const double t2 = t * t;
  // Near zero the usual form cancels, so use the complementary one.
  const double tail = t2 < nu ? 0.5 - 0.5 * incomplete_beta(0.5, 0.5 * nu, t2 / (nu + t2))
                              : 0.5 * incomplete_beta(0.5 * nu, 0.5, nu / (nu + t2));
  return t > 0 ? 1 - tail : tail;
}

double student_t_quantile(double probability, double degrees_of_freedom) {
  return invert([=](double t) { return student_t_cdf(t, degrees_of_freedom); }, probability);
}

}  // namespace reprise::evaluation
