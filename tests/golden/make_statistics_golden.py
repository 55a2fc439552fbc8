# Makes tests/golden/statistics.tsv from SciPy: values of the distribution functions that
# tests/evaluation/statistics_test.cpp checks. Run: python tests/golden/make_statistics_golden.py
# Columns: function, arguments, value.
import pathlib
import numpy
from scipy import special, stats
rows = []
for p in (1e-6, 0.005, 0.025, 0.2, 0.5, 0.9, 0.975, 0.9999):
    rows.append(("normal_quantile", [p], stats.norm.ppf(p)))
    for nu in (1, 1.5, 2, 4, 7.3, 29, 127, 1318, 1e5):
        rows.append(("student_t_quantile", [p, nu], stats.t.ppf(p, nu)))
for x in (-8, -3, -1, 0, 0.5, 2, 6):
    rows.append(("normal_cdf", [x], stats.norm.cdf(x)))
    for nu in (1, 2.5, 4, 30, 1000):
        rows.append(("student_t_cdf", [x, nu], stats.t.cdf(x, nu)))
for a, b, x in [(0.5, 0.5, 0.3), (2, 3, 0.5), (64, 0.5, 0.99), (1000, 2000, 0.33), (0.01, 5, 1e-9)]:
    rows.append(("incomplete_beta", [a, b, x], special.betainc(a, b, x)))
for k, n in [(0, 20), (20, 20), (7, 30), (1, 1319), (14, 15)]:
    interval = stats.binomtest(k, n).proportion_ci(0.95, "wilson")
    rows.append(("wilson_low", [k, n], interval.low))
    rows.append(("wilson_high", [k, n], interval.high))
x = [0.5, 0.25, 1.0, 0.75, 0.0, 1.0, 0.125]
interval = stats.t.interval(0.95, len(x) - 1, loc=numpy.mean(x), scale=stats.sem(x))
rows.append(("t_low", x, interval[0]))
rows.append(("t_high", x, interval[1]))
path = pathlib.Path(__file__).with_name("statistics.tsv")
path.write_text("".join(f"{f}\t{','.join(repr(float(v)) for v in args)}\t{float(value)!r}\n" for f, args, value in rows))
