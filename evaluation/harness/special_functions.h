// Distribution functions that intervals need: normal and Student's t, by our own incomplete beta function
// (continued fraction, modified Lentz). Relative accuracy about 1e-10, checked against SciPy's values.
#pragma once

namespace reprise::evaluation {

double normal_cdf(double x);
double normal_quantile(double probability);  // 0 < probability < 1, else -inf/+inf
// I_x(a, b), a > 0, b > 0, 0 <= x <= 1.
double incomplete_beta(double a, double b, double x);
// Student's t with any real degrees of freedom > 0.
double student_t_cdf(double t, double degrees_of_freedom);
double student_t_quantile(double probability, double degrees_of_freedom);

}  // namespace reprise::evaluation
