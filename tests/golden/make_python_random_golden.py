# Makes tests/golden/python_random.tsv from Python's own random module: tests/base/python_random_test.cpp draws the same.
# Run: python3 tests/golden/make_python_random_golden.py     (checked in: Python 3.11.7)
# Columns: seed, draw, its arguments, the values. A line starts with a fresh Random(seed), except that "mixed" makes one of each draw in turn.
import pathlib
import random

SEEDS = [0, 1, 42, -7, 2**31, 2**32 - 1, 2**32, 2**33 + 5, 2**63 - 1, -(2**63), 20250120]
rows = []


def row(seed, draw, arguments, values):
    rows.append("\t".join([str(seed), draw, ",".join(map(str, arguments)), ",".join(repr(v) for v in values)]))


for seed in SEEDS:
    rng = random.Random(seed)
    row(seed, "random", [], [rng.random() for _ in range(5)])
    rng = random.Random(seed)
    row(seed, "late", [2000], [[rng.random() for _ in range(2000)][-1]])  # several turns of the state's 624 words
    for bits in (0, 1, 2, 31, 32, 33, 53, 63, 64):
        rng = random.Random(seed)
        row(seed, "getrandbits", [bits], [rng.getrandbits(bits) for _ in range(6)])
    for bound in (1, 2, 3, 4, 7, 100, 2**31, 2**32, 2**32 + 1, 2**63):
        rng = random.Random(seed)
        row(seed, "randbelow", [bound], [rng.randrange(bound) for _ in range(8)])
    for low, high in ((1, 6), (-3, 3), (-(2**62), 2**62)):
        rng = random.Random(seed)
        row(seed, "randint", [low, high], [rng.randint(low, high) for _ in range(8)])
    for n in (0, 1, 2, 5, 30):
        rng = random.Random(seed)
        values = list(range(n))
        rng.shuffle(values)
        row(seed, "shuffle", [n], values)
    # Both ways of drawing, and each side of the border between them: 21 + 4 ** ceil(log4(3 k)) for k > 5.
    for n, k in ((4, 4), (4, 0), (21, 5), (22, 5), (85, 6), (86, 6), (277, 22), (278, 22), (1000, 3), (198, 198), (100000, 40)):
        rng = random.Random(seed)
        row(seed, "sample", [n, k], rng.sample(range(n), k))
    rng = random.Random(seed)
    row(seed, "gauss", [], [rng.gauss(0.5, 2.0) for _ in range(9)])
    rng = random.Random(seed)
    row(seed, "choice", [10], [rng.choice(range(10)) for _ in range(20)])
    rng = random.Random(seed)
    row(seed, "permutations", [198], [v for _ in range(198) for v in rng.sample(range(4), 4)])
    rng = random.Random(seed)
    mixed = []
    for _ in range(300):
        mixed += [rng.randrange(5), rng.getrandbits(40), rng.choice(range(3))] + rng.sample(range(30), 2)
    row(seed, "mixed", [300], mixed[-50:])
rng = random.Random(2**70 + 12345)  # three words
row("12345,0,64", "words", [], [rng.getrandbits(32) for _ in range(5)])
pathlib.Path(__file__).with_name("python_random.tsv").write_text("".join(line + "\n" for line in rows))
