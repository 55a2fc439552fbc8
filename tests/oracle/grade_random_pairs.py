#!/usr/bin/env python3
"""Randomly built pairs of answers, equal or unequal by construction, against the grader; mpmath (60 digits) checks the construction.

  tests/oracle/grade_random_pairs.py build/cpu/bin/reprise [--pairs 100000] [--seed 1] [--list FILE]

Sixteen types of answers, each with as many pairs; half are equal (rewritten by identities), half are near misses (a sign, an exponent, a
number by one, a bracket, 10^-12). A third are whole completions. Fails on any false accept; false rejects are counted and listed."""
import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import tempfile

from mpmath import mp, mpf, mpc

mp.dps = 60

# ---- expressions as nested tuples: ('n', k), ('q', a, b), ('d', text), ('v', name), ('c', name), (op, a, b), ('neg', a), ('sqrt', a), ('f', name, a), ('^', a, k)


def value(t, env):
    op = t[0]
    if op == "n":
        return mpf(t[1])
    if op == "q":
        return mpf(t[1]) / t[2]
    if op == "d":
        return mpf(t[1])
    if op == "v":
        return env[t[1]]
    if op == "c":
        return {"pi": mp.pi, "e": mp.e, "i": mpc(0, 1)}[t[1]]
    if op == "+":
        return value(t[1], env) + value(t[2], env)
    if op == "*":
        return value(t[1], env) * value(t[2], env)
    if op == "/":
        return value(t[1], env) / value(t[2], env)
    if op == "neg":
        return -value(t[1], env)
    if op == "^":
        return value(t[1], env) ** t[2]
    if op == "pow":
        return value(t[1], env) ** value(t[2], env)
    if op == "sqrt":
        return mp.sqrt(value(t[1], env))
    if op == "f":
        return {"sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "ln": mp.log, "arctan": mp.atan}[t[1]](value(t[2], env))
    raise ValueError(op)


def strength(t):
    return {"+": 1, "neg": 1, "*": 2, "/": 3, "q": 3, "^": 4, "pow": 4}.get(t[0], 2 if t[0] == "n" and t[1] < 0 else 5)


def tex(t, r):
    """One of the ways to write it."""

    def inner(u, needed):
        text = tex(u, r)
        if strength(u) >= needed and not (u[0] in ("n", "d", "q") and text.startswith("-")):
            return text
        return r.choice(["(%s)", "\\left(%s\\right)"]) % text

    op = t[0]
    if op == "n":
        return str(t[1])
    if op == "d":
        return t[1]
    if op == "q":
        sign, a = ("-", -t[1]) if t[1] < 0 else ("", t[1])
        return sign + r.choice([f"\\frac{{{a}}}{{{t[2]}}}", f"\\dfrac{{{a}}}{{{t[2]}}}", f"\\tfrac{{{a}}}{{{t[2]}}}"])
    if op == "v":
        return t[1]
    if op == "c":
        return {"pi": "\\pi", "e": "e", "i": "i"}[t[1]]
    if op == "+":
        if t[2][0] == "neg":
            return f"{inner(t[1], 1)} - {inner(t[2][1], 2)}"
        return f"{inner(t[1], 1)}{r.choice(['+', ' + '])}{inner(t[2], 2)}"
    if op == "neg":
        return "-" + inner(t[1], 2)
    if op == "*":
        a, b = inner(t[1], 2), inner(t[2], 3)
        mixed = a[-1].isdigit() and b.startswith(("\\frac", "\\dfrac", "\\tfrac"))  # 2\frac13 is a mixed number
        if r.random() < 0.4 and not mixed and not b[0].isdigit() and b[0] != "." and not (t[1][0] in ("f",) or a[-1].isalpha() and b[0].isalpha() and len(a) > 1 and a[-2] == "\\"):
            glue = " " if a[-1:].isalpha() else ""
            return f"{a}{glue}{b}"
        return a + r.choice([" \\cdot ", "\\times ", " * "]) + b
    if op == "/":
        if r.random() < 0.7:
            return r.choice(["\\frac", "\\dfrac"]) + f"{{{tex(t[1], r)}}}{{{tex(t[2], r)}}}"
        return f"{inner(t[1], 4)}/{inner(t[2], 4)}"
    if op == "^":
        return f"{inner(t[1], 5)}^{{{t[2]}}}" if r.random() < 0.7 or t[2] < 0 else f"{inner(t[1], 5)}^{t[2]}"
    if op == "pow":
        return f"{inner(t[1], 5)}^{{{tex(t[2], r)}}}"
    if op == "sqrt":
        if t[1][0] == "n" and 0 <= t[1][1] < 10 and r.random() < 0.3:
            return f"\\sqrt{t[1][1]}"
        return f"\\sqrt{{{tex(t[1], r)}}}" if r.random() < 0.9 else f"({tex(t[1], r)})^{{1/2}}"
    if op == "f":
        return f"\\{t[1]}({tex(t[2], r)})" if r.random() < 0.5 else f"\\{t[1]}\\left({tex(t[2], r)}\\right)"
    raise ValueError(op)


N = lambda k: ("n", k)


def rewrite(t, r, depth=0):
    """Equal to t, by one or two identities somewhere in it."""
    if depth < 4 and t[0] in ("+", "*", "/", "neg", "sqrt", "f", "pow") and r.random() < 0.6:
        i = r.randrange(1 if t[0] != "f" else 2, len(t))
        t = t[:i] + (rewrite(t[i], r, depth + 1),) + t[i + 1:]
    elif depth < 4 and t[0] == "^" and r.random() < 0.5:
        t = ("^", rewrite(t[1], r, depth + 1), t[2])
    k = r.randint(2, 9)
    rules = [lambda: ("neg", ("neg", t)), lambda: ("/", ("*", N(k), t), N(k)), lambda: ("+", ("+", t, N(k)), ("neg", N(k))), lambda: t]
    if t[0] == "+":
        rules += [lambda: ("+", t[2], t[1])] * 3
    if t[0] == "*":
        rules += [lambda: ("*", t[2], t[1])] * 3
        if t[1][0] == "+":
            rules += [lambda: ("+", ("*", t[1][1], t[2]), ("*", t[1][2], t[2]))] * 3
    if t[0] == "q":
        rules += [lambda: ("q", t[1] * k, t[2] * k), lambda: ("/", N(t[1]), N(t[2])), lambda: ("+", N(t[1] // t[2]), ("q", t[1] - t[1] // t[2] * t[2], t[2]))] * 2
    if t[0] == "n":
        rules += [lambda: ("+", N(t[1] + k), ("neg", N(k))), lambda: ("q", t[1] * k, k)]
    if t[0] == "^" and t[2] == 2:
        rules += [lambda: ("*", t[1], t[1])] * 2
        if t[1][0] == "+":
            a, b = t[1][1], t[1][2]
            rules += [lambda: ("+", ("+", ("^", a, 2), ("*", N(2), ("*", a, b))), ("^", b, 2))] * 3
    if t[0] == "sqrt" and t[1][0] == "n" and t[1][1] > 0:
        rules += [lambda: ("/", ("sqrt", N(t[1][1] * k * k)), N(k)), lambda: ("*", N(t[1][1]), ("/", N(1), ("sqrt", t[1])))] * 2
    if t[0] == "f" and t[1] == "sin":
        rules += [lambda: ("f", "cos", ("+", ("/", ("c", "pi"), N(2)), ("neg", t[2])))] * 2
    if t[0] == "f" and t[1] == "ln" and t[2][0] == "n":
        rules += [lambda: ("+", ("f", "ln", N(t[2][1] * k)), ("neg", ("f", "ln", N(k)))), lambda: ("/", ("f", "ln", ("^", t[2], 2)), N(2))] * 2
    if t[0] == "pow" and t[1] == ("c", "e"):
        rules += [lambda: ("*", ("pow", t[1], ("+", t[2], N(k))), ("^", t[1], -k))] * 2
    return r.choice(rules)()


def leaves(t, path=()):
    yield path, t
    for i, u in enumerate(t):
        if isinstance(u, tuple):
            yield from leaves(u, path + (i,))


def replaced(t, path, new):
    return new if not path else t[:path[0]] + (replaced(t[path[0]], path[1:], new),) + t[path[0] + 1:]


def missed(t, r):
    """Almost t."""
    choices = []
    for path, u in leaves(t):
        if u[0] == "n":
            choices += [(path, N(u[1] + r.choice([-1, 1]))), (path, N(-u[1]))]
        elif u[0] == "q":
            choices += [(path, ("q", u[1] + 1, u[2])), (path, ("q", u[1], u[2] + 1)), (path, ("q", -u[1], u[2]))]
        elif u[0] == "d":
            choices += [(path, ("d", u[1] + r.choice("123456789")))]
        elif u[0] == "^":
            choices += [(path, ("^", u[1], u[2] + 1))]
        elif u[0] == "sqrt":
            choices += [(path, u[1])]
        elif u[0] == "+":
            choices += [(path, ("+", u[1], ("neg", u[2]))), (path, u[1])]
        elif u[0] == "neg":
            choices += [(path, u[1])]
        elif u[0] == "f":
            choices += [(path, ("f", "cos" if u[1] == "sin" else "sin", u[2]))]
        elif u[0] == "v":
            choices += [(path, ("neg", u))]
    choices += [((), ("+", t, ("pow", N(10), N(-12)))), ((), ("neg", t))]
    path, new = r.choice(choices)
    return replaced(t, path, new)


POINTS = [{"x": mpf(13) / 7, "y": mpf(29) / 11, "n": mpf(37) / 17}, {"x": mpf(41) / 9, "y": mpf(5) / 13, "n": mpf(53) / 19}, {"x": mpf(3) / 8, "y": mpf(71) / 23, "n": mpf(11) / 5}]


def distance(a, b):
    """The largest relative distance at three points; None where it cannot be told."""
    worst = mpf(0)
    for env in POINTS:
        try:
            p, q = value(a, env), value(b, env)
        except (ZeroDivisionError, ValueError):
            return None
        if not (mp.isfinite(p) and mp.isfinite(q)) or abs(p) > 1e40:
            return None
        worst = max(worst, abs(p - q) / max(1, abs(p)))
    return worst


def is_real(t):
    return mp.im(value(t, {})) == 0


# ---- the types


def integer(r):
    return N(r.choice([r.randint(-30, 30), r.randint(100, 99999), r.randint(10 ** 6, 10 ** 12)]))


def rational(r):
    return ("q", r.randint(-60, 60) or 1, r.randint(2, 40))


def decimal(r):
    return ("d", f"{r.randint(-99, 999)}.{r.randint(0, 999):03d}{r.randint(1, 9)}")


def surd(r):
    def one():
        return ("*", r.choice([N(r.randint(2, 9)), ("q", r.randint(1, 9), r.randint(2, 9))]), ("sqrt", N(r.choice([2, 3, 5, 6, 7, 10, 11, 13]))))

    return r.choice([one, lambda: ("+", one(), N(r.randint(-9, 9))), lambda: ("+", one(), one()), lambda: ("sqrt", ("+", N(r.randint(3, 20)), one())), lambda: ("/", N(r.randint(1, 9)), ("+", N(r.randint(2, 9)), one()))])()


def elementary(r):
    pi = ("*", ("q", r.randint(1, 11), r.randint(2, 12)), ("c", "pi"))
    return r.choice([pi, ("f", "sin", pi), ("+", ("f", "cos", pi), N(r.randint(1, 5))), ("f", "ln", N(r.randint(2, 30))), ("*", N(r.randint(2, 9)), ("pow", ("c", "e"), ("q", r.randint(1, 5), 2))), ("+", ("f", "arctan", N(r.randint(2, 9))), pi), ("*", ("f", "ln", N(r.randint(2, 9))), ("sqrt", N(r.choice([2, 3, 5]))))])


def polynomial(r, names="xy"):
    v = lambda: ("v", r.choice(names))
    terms = [("*", N(r.choice([-1, 1]) * r.randint(2, 12)), ("^", v(), r.randint(2, 5))) if r.random() < 0.7 else ("*", N(r.randint(2, 9)), v()) for _ in range(r.randint(2, 4))] + [N(r.randint(-20, 20))]
    out = terms[0]
    for t in terms[1:]:
        out = ("+", out, t)
    return r.choice([out, ("*", ("+", v(), N(r.randint(1, 9))), out), ("^", ("+", v(), N(r.randint(1, 9))), 2)])


def fraction(r):
    return ("/", polynomial(r), ("+", ("^", ("v", r.choice("xy")), 2), N(r.randint(1, 9))))


def transcendental(r):
    x = ("v", r.choice("xn"))
    return r.choice([("*", polynomial(r, "x"), ("pow", ("c", "e"), x)), ("+", ("f", "sin", ("*", N(r.randint(2, 5)), x)), N(r.randint(1, 9))), ("*", ("sqrt", ("+", x, N(r.randint(1, 9)))), N(r.randint(2, 9))), ("+", ("pow", N(r.randint(2, 5)), x), N(r.randint(1, 9))), ("*", ("f", "ln", x), N(r.randint(2, 9)))])


def complex_number(r):
    return ("+", r.choice([N(r.randint(-9, 9)), rational(r), surd(r)]), ("*", r.choice([N(r.randint(1, 9)), ("sqrt", N(r.choice([2, 3, 5])))]), ("c", "i")))


SCALARS = {"integer": integer, "rational": rational, "decimal": decimal, "surd": surd, "elementary": elementary, "polynomial": polynomial, "rational function": fraction, "transcendental": transcendental, "complex": complex_number}


def scalar_pair(make, r, want):
    for _ in range(200):
        t = make(r)
        u = rewrite(t, r) if want else missed(rewrite(t, r) if r.random() < 0.5 else t, r)
        d = distance(t, u)
        if d is None or (want and d > mpf(10) ** -45) or (not want and d < mpf(10) ** -25):
            continue
        with_commas = lambda v: f"{v[1]:,}" if v[0] == "n" and r.random() < 0.3 else tex(v, r)
        return with_commas(t), with_commas(u)
    raise RuntimeError("no pair was found")


def element(r):
    return r.choice([integer, rational, surd, elementary])(r)


def parts_pair(count, r, want, shuffled):
    """Elements of a collection on both sides: all equal, or one near miss."""
    while True:
        left = [element(r) for _ in range(count)]
        if all(distance(a, b) and distance(a, b) > mpf(10) ** -20 for i, a in enumerate(left) for b in left[:i]):
            break
    right = [rewrite(t, r) if r.random() < 0.6 else t for t in left]
    if not want:
        i = r.randrange(count)
        while True:
            right[i] = missed(left[i], r)
            ds = [distance(right[i], t) for t in left]
            if all(d is not None and d > mpf(10) ** -25 for d in ds):
                break
    order = list(range(count))
    if shuffled:
        r.shuffle(order)
    return [tex(t, r) for t in left], [tex(right[i], r) for i in order], left


def in_order(r, count):
    out = []
    while len(out) < count:
        t = r.choice([integer, rational, surd])(r)
        if distance(t, N(0)) is not None:
            out.append(t)
        out.sort(key=lambda u: value(u, {}))
        if any(distance(a, b) < mpf(10) ** -20 for a, b in zip(out, out[1:])):
            return in_order(r, count)
    return out


def tuple_pair(r, want):
    a, b, values = parts_pair(r.randint(2, 4), r, want, False)
    if not want and r.random() < 0.3:  # the right parts in another order
        b = a[1:] + a[:1]
    return f"({', '.join(a)})", r.choice(["(%s)", "\\left(%s\\right)"]) % ", ".join(b)


def set_pair(r, want):
    a, b, _ = parts_pair(r.randint(2, 4), r, want, True)
    if not want and r.random() < 0.3:
        b = a[:-1]
    return r.choice(["\\{%s\\}", "\\left\\{%s\\right\\}", "%s"]) % ", ".join(a), r.choice(["\\{%s\\}", "\\left\\{ %s \\right\\}"]) % ", ".join(b)


def interval_pair(r, want):
    low, high = in_order(r, 2)
    o, c = r.choice("(["), r.choice(")]")
    l2, h2, o2, c2 = rewrite(low, r), rewrite(high, r), o, c
    if not want:
        which = r.randrange(4)
        if which == 0:
            o2 = "[" if o == "(" else "("
        elif which == 1:
            c2 = "]" if c == ")" else ")"
        else:
            while True:
                if which == 2:
                    l2 = missed(low, r)
                else:
                    h2 = missed(high, r)
                d = distance(l2, low) if which == 2 else distance(h2, high)
                if d is not None and d > mpf(10) ** -25 and is_real(l2) and is_real(h2):
                    break
    left = f"{o}{tex(low, r)}, {tex(high, r)}{c}"
    if r.random() < 0.25 and (o2, c2) != ("(", ")") and (o, c) != ("(", ")"):
        below, above = "<" if o2 == "(" else r.choice(["\\le", "\\leq"]), "<" if c2 == ")" else "\\leq"
        return left, f"{tex(l2, r)} {below} x {above} {tex(h2, r)}"
    return left, f"\\left{o2}{tex(l2, r)}, {tex(h2, r)}\\right{c2}"


def union_pair(r, want):
    a, b, c, d = in_order(r, 4)
    minus_infinity = "-\\infty"
    first, second = (r.choice("(["), a, b, r.choice(")]")), (r.choice("(["), c, d, r.choice(")]"))
    if r.random() < 0.3:
        first = ("(", None, b, first[3])
    show = lambda p: f"{p[0]}{minus_infinity if p[1] is None else tex(p[1], r)}, {tex(p[2], r)}{p[3]}"
    f2, s2 = first, (second[0], rewrite(second[1], r), second[2], second[3])
    if not want:
        if r.random() < 0.5:
            s2 = ("[" if s2[0] == "(" else "(",) + s2[1:]
        else:
            while True:
                m = missed(second[2], r)
                dist = distance(m, second[2])
                if dist is not None and dist > mpf(10) ** -25 and is_real(m) and value(m, {}) > value(second[1], {}):
                    break
            s2 = (s2[0], s2[1], m, s2[3])
    right = [f2, s2]
    r.shuffle(right)
    return show(first) + " \\cup " + show(second), show(right[0]) + r.choice([" \\cup ", "\\cup"]) + show(right[1])


def matrix_pair(r, want):
    rows, columns = r.choice([(2, 2), (3, 1), (2, 3), (3, 3)])
    a, b, _ = parts_pair(rows * columns, r, want, False) if rows * columns <= 4 else parts_pair(rows * columns, r, want, False)
    show = lambda cells, name: f"\\begin{{{name}}}" + " \\\\ ".join(" & ".join(cells[i * columns:(i + 1) * columns]) for i in range(rows)) + f"\\end{{{name}}}"
    return show(a, "pmatrix"), show(b, r.choice(["pmatrix", "bmatrix"]))


def equation_pair(r, want):
    left, right = polynomial(r), polynomial(r)
    if any(value(left, env) == value(right, env) for env in POINTS):
        return equation_pair(r, want)
    k = r.randint(2, 7) * r.choice([-1, 1])
    other = left if want else missed(left, r)
    while not want:
        # not proportional: the quotient of both differences is not the same at two points
        quotients = [(value(other, env) - value(right, env)) / (value(left, env) - value(right, env)) for env in POINTS]
        if max(abs(q - quotients[0]) for q in quotients) > mpf(10) ** -25 * max(1, abs(quotients[0])):
            break
        other = missed(left, r)
    form = r.randrange(3)
    if form == 0:
        text = f"{tex(('*', N(k), other), r)} = {tex(('*', N(k), right), r)}"
    elif form == 1:
        text = f"{tex(('+', other, ('neg', right)), r)} = 0"
    else:
        text = f"{tex(right, r)} = {tex(other, r)}"
    return f"{tex(left, r)} = {tex(right, r)}", text


def inequality_pair(r, want):
    bound = element(r)
    sign = r.choice(["<", ">", "\\le", "\\ge"])
    flip = {"<": ">", ">": "<", "\\le": "\\ge", "\\ge": "\\le"}
    half_open = {"<": "\\le", ">": "\\ge", "\\le": "<", "\\ge": ">"}
    b2, s2 = rewrite(bound, r), sign
    if not want:
        which = r.randrange(3)
        if which == 0:
            s2 = flip[sign]
        elif which == 1:
            s2 = half_open[sign]
        else:
            while True:
                b2 = missed(bound, r)
                d = distance(b2, bound)
                if d is not None and d > mpf(10) ** -25:
                    break
    text = tex(b2, r)
    form = r.randrange(3)
    if form == 0:
        out = f"x {s2} {text}"
    elif form == 1:
        out = f"{text} {flip[s2]} x"
    else:
        out = {"<": f"(-\\infty, {text})", "\\le": f"(-\\infty, {text}]", ">": f"({text}, \\infty)", "\\ge": f"[{text}, \\infty)"}[s2]
    return f"x {sign} {tex(bound, r)}", out


def mixed_pair(r, want):
    whole, above, below = r.randint(1, 20), r.randint(1, 8), r.randint(9, 20)
    left = f"{whole}\\frac{{{above}}}{{{below}}}" if r.random() < 0.6 else f"{whole} {above}/{below}"
    top = whole * below + above + (0 if want else r.choice([-1, 1]))
    k = r.randint(1, 5)
    return left, r.choice([f"\\frac{{{top * k}}}{{{below * k}}}", f"{top}/{below}"])


STRUCTURES = {"tuple": tuple_pair, "set": set_pair, "interval": interval_pair, "union": union_pair, "matrix": matrix_pair, "equation": equation_pair, "inequality": inequality_pair, "mixed number": mixed_pair}

SENTENCES = ["Let us think step by step. First 17 and then 23 come up, so we try $x = 3$.\n\nHence \\boxed{%s}.", "<think>\nMaybe \\boxed{12}? No.\n</think>\n\nWe get $a^2 + b^2 = 5$. The answer is $\\boxed{%s}$",
             "After some work: the final answer is $%s$. I hope it is correct.", "Adding both gives 42 and 7.\n\n**Answer:** $%s$", "It follows that\n\\[ \\boxed{%s} \\]\nwhich completes the solution."]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--pairs", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", type=pathlib.Path, help="where to write every false reject")
    arguments = parser.parse_args()
    r = random.Random(arguments.seed)
    kinds = [(name, lambda r, want, m=make: scalar_pair(m, r, want)) for name, make in SCALARS.items()] + list(STRUCTURES.items())
    pairs = []
    for i in range(arguments.pairs):
        name, make = kinds[i % len(kinds)]
        want = (i // len(kinds)) % 2 == 0
        gold, answer = make(r, want)
        whole = (i // len(kinds)) % 3 == 0
        pairs.append({"type": name, "want": want, "whole": whole, "gold": gold, "answer": r.choice(SENTENCES) % answer if whole else answer})
    results = []
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder) / "in.jsonl", pathlib.Path(folder) / "out.jsonl"
        for bare in (True, False):
            source.write_text("".join(json.dumps(p) + "\n" for p in pairs if p["whole"] != bare))
            subprocess.run([arguments.program, "grade", "math", "--input", str(source), "--output", str(target)] + (["--bare"] if bare else []), check=True, stderr=subprocess.DEVNULL)
            results += [json.loads(line) for line in target.read_text().splitlines()]
    table = {name: collections.Counter() for name, _ in kinds}
    rejects, accepts = [], []
    for row in results:
        t = table[row["type"]]
        t[(row["want"], row["verdict"])] += 1
        if row["want"] and row["verdict"] != "correct":
            rejects.append(row)
        if not row["want"] and row["verdict"] == "correct":
            accepts.append(row)
    print(f"{'type':18} equal: correct  incorrect  unverifiable | unequal: incorrect  unverifiable  CORRECT")
    for name, t in table.items():
        print(f"{name:18} {t[(True, 'correct')]:14} {t[(True, 'incorrect')]:10} {t[(True, 'unverifiable')] + t[(True, 'no_answer')]:13} | {t[(False, 'incorrect')]:18} {t[(False, 'unverifiable')] + t[(False, 'no_answer')]:13} {t[(False, 'correct')]:8}")
    print(f"{len(results)} pairs: {len(accepts)} false accepts, {len(rejects)} false rejects")
    show = lambda row: f"{row['type']}: {row['gold']!r} | {row['answer']!r}: {row['verdict']}, {row['status']}, {row['reason']}\n"
    for row in accepts[:50]:
        print("FALSE ACCEPT", show(row), end="")
    if arguments.list:
        arguments.list.write_text("".join(map(show, rejects)))
    sys.exit(1 if accepts else 0)


if __name__ == "__main__":
    main()
