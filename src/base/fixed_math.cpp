// Range reduction by exact splits, then fixed polynomials (Taylor/atanh series, enough terms for double).
#include "base/fixed_math.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace reprise {
namespace {
constexpr double kLn2High = 0x1.62e42fee00000p-1;  // 33 bits: k * kLn2High is exact for |k| < 2^20
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
}  // namespace

double fixed_sqrt(double x) { return std::sqrt(x); }

double fixed_log(double x) {
  if (std::isnan(x) || x < 0) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -std::numeric_limits<double>::infinity();
  if (std::isinf(x)) return x;
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // m in [0.5, 1): exact
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  // log m = 2 atanh(s), s = (m-1)/(m+1), |s| <= 0.1716: s^24/25 < 2^-64.
  const double s = (m - 1) / (m + 1);
  const double z = s * s;
  double p = 0;
  for (int k = 25; k >= 3; k -= 2) p = p * z + 1.0 / k;
  const double series = 2 * s + 2 * s * (z * p);
  return exponent * kLn2High + (series + exponent * kLn2Low);
}

double fixed_exp(double x) {
  if (std::isnan(x)) return x;
  if (x > 709.782712893384) return std::numeric_limits<double>::infinity();
  if (x < -745.2) return 0;
  const double k = std::floor(x * 1.4426950408889634 + 0.5);
  const double r = (x - k * kLn2High) - k * kLn2Low;  // |r| <= 0.347
  double p = 1;
  for (int n = 14; n >= 1; --n) p = 1 + p * r / n;
  return std::ldexp(p, static_cast<int>(k));
}

double fixed_cos_turns(double t) {
  t = std::fabs(t - std::floor(t + 0.5));  // [0, 0.5]: exact
  const bool negative = t > 0.25;
  if (negative) t = 0.5 - t;
  constexpr double kTau = 6.283185307179586476925;
  double value;
  if (t <= 0.125) {
    const double z = (kTau * t) * (kTau * t);
    double p = 1;
    for (int n = 18; n >= 2; n -= 2) p = 1 - p * z / (n * (n - 1));
    value = p;
  } else {
    const double y = kTau * (0.25 - t);
    const double z = y * y;
    double p = 1;
    for (int n = 19; n >= 3; n -= 2) p = 1 - p * z / (n * (n - 1));
    value = y * p;
  }
  return negative ? -value : value;
}

double fixed_pow(double base, double exponent) {
  if (exponent == 0) return 1;
  return fixed_exp(exponent * fixed_log(base));
}

}  // namespace reprise
