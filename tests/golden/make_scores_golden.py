# Makes tests/golden/scores.json from SciPy and statsmodels: what tests/evaluation/scores_test.cpp checks. pass@k as human-eval has it (Chen et al. 2021,
# figure 3). Run: python tests/golden/make_scores_golden.py (needs numpy, scipy, statsmodels)
import json
import pathlib
import numpy
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

draw = numpy.random.default_rng(7)


def estimator(n, c, k):
    return 1.0 if n - c < k else 1.0 - numpy.prod(1.0 - k / numpy.arange(n - c + 1, n + 1))


sets = []
for n, k in ((30, 16), (12, 5), (198, 8), (164, 1)):
    rates = draw.beta(0.7, 0.6, n)
    right = (draw.random((n, k)) < rates[:, None]).astype(int)
    means = right.mean(1)
    one = {"correct": right.tolist(), "value": means.mean()}
    one["se_problems"] = stats.sem(means)
    if k > 1:
        one["ci_problems"] = stats.t.interval(0.95, n - 1, loc=means.mean(), scale=stats.sem(means))
        # Variance of a mean of k draws of a fixed problem, without bias: s^2 / k.
        one["se_fixed"] = numpy.sqrt((right.var(1, ddof=1) / k).sum()) / n
    else:
        one["ci_problems"] = proportion_confint(int(right.sum()), n, method="wilson")
    one["pass"] = {str(j): numpy.mean([estimator(k, int(c), j) for c in right.sum(1)]) for j in (1, 2, 4, 5, 8, 16) if j <= k}
    sets.append(one)

pairs = []
for n in (8, 12, 15):
    d = numpy.round(draw.normal(0.1, 0.3, n), 3)
    exact = stats.permutation_test((d,), numpy.mean, permutation_type="samples", n_resamples=numpy.inf, alternative="two-sided")
    pairs.append({"differences": d.tolist(), "p": exact.pvalue})
p = [0.04, 0.001, 0.03, 0.2, 0.011, 0.9]
holm = {"p": p, "adjusted": multipletests(p, method="holm")[1].tolist()}


def plain(x):
    return float(x)


path = pathlib.Path(__file__).with_name("scores.json")
path.write_text(json.dumps({"sets": sets, "sign_flip": pairs, "holm": holm}, default=lambda x: list(x) if isinstance(x, tuple) else plain(x)) + "\n")
