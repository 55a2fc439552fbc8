#!/usr/bin/env python3
"""Every published reference answer at hand equals itself however it is spelled, and differs from its neighbours.

  tests/oracle/grade_golds.py build/cpu/bin/reprise --data ../shared/data [--list]

References of MATH-500, AIME, GSM8K, AMC23, Minerva and OlympiadBench. Rewritings that keep the value: \\dfrac, spaces, dollar signs, a box
in a completion, brackets around it, + 0, times 1, decimals where exact, terms turned round. Neighbours: the sign, one more, a factor of two,
a digit changed. Prints for each set: references, read, kept, parted; fails when a neighbour is accepted or fewer than 99 % are read."""
import argparse
import collections
import fractions
import gzip
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def rows(path):
    opener = gzip.open if path.name.endswith(".gz") else open
    with opener(path, "rt") as file:
        return [json.loads(line) for line in file if line.strip()]


def boxed(text):
    start = text.rfind("\\boxed{")
    depth = 0
    for i in range(start + 6, len(text)):
        depth += text[i] == "{"
        depth -= text[i] == "}"
        if depth == 0:
            return text[start + 7:i]
    return None


def references(data):
    out = collections.OrderedDict()
    out["math500"] = [r["answer"] for r in rows(data / "math/math500_test.jsonl")]
    out["aime"] = [str(r["answer"]) for name in ("aime24", "aime25") for r in rows(data / f"aime/{name}.jsonl")]
    out["amc23"] = [str(r["answer"]) for r in rows(data / "amc/amc23.jsonl")]
    out["gsm8k"] = [r["answer"].split("####")[-1].strip() for r in rows(data / "gsm8k/test.jsonl")]
    out["minerva"] = [b for b in (boxed(r["solution"]) for r in rows(data / "minerva/minerva_math.jsonl")) if b]
    out["olympiadbench"] = [a for r in rows(data / "olympiadbench/olympiadbench_oe_to_maths_en_comp.jsonl") for a in r["final_answer"]]
    return out


def is_number(text):
    return re.fullmatch(r"-?\d+(\.\d+)?|-?\d{1,3}(,\d{3})+(\.\d+)?", text) is not None


def is_scalar(text):
    return not re.search(r"[$=<>,;\[\]]|\\(in|le|ge|leq|geq|cup|text|begin|pm|mp|ne|neq|infty|mathrm|quad|approx|equiv|mbox|ldots|cdots|dots|{)|and|or|\^\\circ|\^{\\circ|:|%", text)


def rewritten(gold):
    yield "same", gold
    yield "dfrac", gold.replace("\\frac", "\\dfrac")
    yield "completion", f"We find it step by step.\n\nSo the answer is $\\boxed{{{gold}}}$."
    if "$" not in gold:
        yield "dollars", f"${gold}$"
        yield "final answer", f"Hence the final answer is: ${gold}$"
    if is_number(gold):
        value = fractions.Fraction(gold.replace(",", ""))
        yield "unreduced", f"\\frac{{{value.numerator * 6}}}{{{value.denominator * 6}}}"
        yield "point", f"{gold}.0" if "." not in gold else gold + "0"
        yield "sum", f"{gold} + 1 - 1"
    found = re.fullmatch(r"(-?)\\d?frac\{(\d+)\}\{(\d+)\}", gold)
    if found:
        a, b = int(found[2]), int(found[3])
        yield "slash", f"{found[1]}{a}/{b}"
        yield "unreduced", f"{found[1]}\\frac{{{3 * a}}}{{{3 * b}}}"
        decimal = fractions.Fraction(a, b)
        if b and (10 ** 12 * decimal).denominator == 1:
            yield "decimal", found[1] + f"{float(decimal):.12f}".rstrip("0")
    if is_scalar(gold):
        yield "plus zero", f"0 + {gold}" if not gold.startswith("-") else f"0 {gold}"
        yield "brackets", f"\\left({gold}\\right)"
        yield "times one", f"1 \\cdot \\left({gold}\\right)"
        yield "twice half", f"\\frac{{2\\left({gold}\\right)}}{{2}}"
        yield "minus minus", f"-\\left(-\\left({gold}\\right)\\right)"


def neighbours(gold):
    if is_number(gold):
        plain = gold.replace(",", "")
        value = fractions.Fraction(plain)
        if value != 0:
            yield "sign", plain[1:] if plain.startswith("-") else "-" + plain
            yield "factor", f"2 \\cdot ({plain})"
        if "." not in plain:
            yield "off by one", str(int(plain) + 1)
            yield "tenth", plain + ".1"
        yield "digit", plain + "1"
    elif is_scalar(gold) and re.search(r"\d|[a-zA-Z]", gold):
        yield "sign", f"-\\left({gold}\\right)"
        yield "off by one", f"\\left({gold}\\right) + 1"
        yield "tiny", f"\\left({gold}\\right) + 10^{{-12}}"
        yield "factor", f"3\\left({gold}\\right)"
    else:
        pieces = [m for m in re.finditer(r"\d+", gold)]
        if pieces:
            m = pieces[-1]
            yield "digit", gold[:m.start()] + str(int(m[0]) + 1) + gold[m.end():]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--list", action="store_true", help="print each failure")
    arguments = parser.parse_args()
    pairs = []
    for name, golds in references(arguments.data).items():
        for gold in golds:
            gold = gold.strip()
            if gold.startswith("$") and gold.endswith("$") and gold.count("$") == 2:
                gold = gold[1:-1]
            pairs += [{"set": name, "how": how, "want": "correct", "gold": gold, "answer": text} for how, text in rewritten(gold)]
            pairs += [{"set": name, "how": how, "want": "incorrect", "gold": gold, "answer": text} for how, text in neighbours(gold)]
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder) / "in.jsonl", pathlib.Path(folder) / "out.jsonl"
        # Rewritings into a sentence are completions; all others are bare.
        results = []
        for bare in (True, False):
            chosen = [p for p in pairs if (p["how"] not in ("completion", "final answer")) == bare]
            source.write_text("".join(json.dumps(p) + "\n" for p in chosen))
            subprocess.run([arguments.program, "grade", "math", "--input", str(source), "--output", str(target)] + (["--bare"] if bare else []), check=True)
            results += [json.loads(line) for line in target.read_text().splitlines()]
    table = collections.OrderedDict()
    worst = 0
    for r in results:
        t = table.setdefault(r["set"], collections.Counter())
        t[r["want"]] += 1
        good = r["verdict"] == r["want"]
        t["good " + r["want"]] += good
        accepted = r["want"] == "incorrect" and r["verdict"] == "correct"
        t["false accept"] += accepted
        worst += accepted
        if (not good and arguments.list) or accepted:
            print(f"{r['set']:13} {r['how']:12} {r['gold'][:70]!r} | {r['answer'][:90]!r}: {r['verdict']}, {r['reason'][:110]}")
    low = False
    for name, t in table.items():
        print(f"{name:14} {t['good correct']}/{t['correct']} rewritings equal, {t['good incorrect']}/{t['incorrect']} neighbours different, {t['false accept']} false accepts")
        low = low or t["good correct"] < 0.98 * t["correct"]
    sys.exit(1 if worst or low else 0)


if __name__ == "__main__":
    main()
