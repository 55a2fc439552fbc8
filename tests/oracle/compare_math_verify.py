#!/usr/bin/env python3
"""`reprise grade math --mode math_verify` against Math-Verify 0.9.0 itself, decision by decision.

  tests/oracle/compare_math_verify.py build/cpu/bin/reprise --data ../shared/data [--pairs 900] [--seed 1] [--list FILE]

References of the published sets by type of answer, each against rewritten, mutated and foreign answers, in sentences and boxes as models
write them. Their side: verify(parse("$reference$"), parse(answer)). Prints the share of equal decisions for each type with its 95 % Wilson
interval, and writes the others with what the strict mode says. Needs math-verify[antlr4_13_2]==0.9.0."""
import argparse
import collections
import json
import logging
import math
import pathlib
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from grade_golds import references

logging.disable(logging.CRITICAL)


def type_of(gold):
    g = gold.strip("$ ")
    if re.fullmatch(r"-?\d+|-?\d{1,3}(,\d{3})+", g):
        return "integer"
    if re.fullmatch(r"-?\d*\.\d+", g):
        return "decimal"
    if re.fullmatch(r"-?\\d?frac\{?-?\d+\}?\{?\d+\}?|-?\d+/\d+", g):
        return "rational"
    if "matrix" in g:
        return "matrix"
    if "\\text" in g or re.fullmatch(r"[A-Za-z ]{3,}", g):
        return "words"
    if re.search(r"\\cup|\\cap", g):
        return "union"
    if re.search(r"[=<>]|\\le|\\ge|\\in\b|\\neq?\b", g):
        return "relation"
    if re.fullmatch(r"(\\left)?[\[(].*,.*[\])]", g):
        return "interval or tuple"
    if "," in g or "\\pm" in g or "\\{" in g:
        return "set"
    if re.search(r"(?<![\\a-zA-Z])[a-zA-Z](?![a-zA-Z])", re.sub(r"\\[a-zA-Z]+", "", g)) and not re.fullmatch(r"[^a-zA-Z]*[ei]?[^a-zA-Z]*", re.sub(r"\\[a-zA-Z]+", "", g)):
        return "symbolic"
    return "closed form"


def mutated(gold, foreign, r):
    """An answer to this reference, from the same to something else."""
    numbers = list(re.finditer(r"\d+", gold))
    choices = ["same", "same", "foreign", "dfrac", "spaces", "left", "unit", "twice"]
    if numbers:
        choices += ["digit", "digit", "off by one"]
    if "," in gold and "\\frac" not in gold and "\\text" not in gold:
        choices += ["order"]
    if "{" in gold:
        choices += ["cut"]
    how = r.choice(choices + ["sign", "plus zero", "period", "equation", "bold"])
    if how == "same":
        return gold
    if how == "foreign":
        return foreign
    if how == "dfrac":
        return gold.replace("\\frac", "\\dfrac").replace("\\sqrt", r.choice(["\\sqrt", "\\sqrt "]))
    if how == "spaces":
        return gold.replace("+", " + ").replace("-", " - ").replace(",", ", ").replace("=", " = ")
    if how == "left":
        return gold.replace("\\left", "").replace("\\right", "") if "\\left" in gold else gold.replace("(", "\\left(").replace(")", "\\right)")
    if how == "unit":
        return gold + r.choice(["\\text{ cm}", "^\\circ", "\\%", " \\text{ units}", "\\text{ apples}", "\\,\\mathrm{m}"])
    if how == "twice":
        return "2 \\cdot " + gold
    if how in ("digit", "off by one"):
        m = r.choice(numbers)
        return gold[:m.start()] + str(int(m[0]) + (1 if how == "off by one" else r.choice([-2, 2, 10]))) + gold[m.end():]
    if how == "order":
        inner = re.fullmatch(r"(\\left)?([(\[{\\]*)(.*?)((\\right)?[)\]}\\]*)", gold)
        parts = inner[3].split(",")
        r.shuffle(parts)
        return (inner[1] or "") + inner[2] + ",".join(parts) + inner[4]
    if how == "cut":
        return gold[:gold.rindex("}")] + gold[gold.rindex("}") + 1:] if r.random() < 0.2 else gold
    if how == "sign":
        return gold[1:] if gold.startswith("-") else "-" + gold
    if how == "plus zero":
        return gold + " + 0"
    if how == "period":
        return gold + "."
    if how == "equation":
        return "x = " + gold
    if how == "bold":
        return gold
    raise ValueError(how)


def completion(answer, r):
    return r.choice(["The answer is $\\boxed{%s}$.", "We add them up.\n\nThus, the final answer is $\\boxed{%s}$.", "So\n\\[\n\\boxed{%s}\n\\]", "Therefore $x + 2 = 5$ and the answer is $%s$.", "$$%s$$", "After some steps we get \\(%s\\).", "The final answer is $%s$. I hope it is correct.",
                     "First, 12 of them. Then $a^2$. \\boxed{%s}", "**Final Answer**\n\\[ \\boxed{%s} \\]"]) % answer


def theirs(pairs):
    from math_verify import parse, verify

    out = []
    for p in pairs:
        try:
            out.append(bool(verify(parse("$" + p["gold"] + "$"), parse(p["answer"]))))
        except Exception:
            out.append(False)
    return out


def wilson(k, n):
    z, p = 1.96, k / n
    middle, half = (p + z * z / (2 * n)) / (1 + z * z / n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return middle - half, middle + half


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--pairs", type=int, default=900, help="of each type")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", type=pathlib.Path)
    arguments = parser.parse_args()
    r = random.Random(arguments.seed)
    golds = collections.defaultdict(list)
    for name, texts in references(arguments.data).items():
        for text in texts:
            text = text.strip()
            if text.startswith("$") and text.endswith("$") and text.count("$") == 2:
                text = text[1:-1]
            if "$" not in text and len(text) < 300:
                golds[type_of(text)].append(text)
    pairs = []
    for kind in sorted(golds):
        for i in range(arguments.pairs):
            gold = golds[kind][i % len(golds[kind])]
            pairs.append({"type": kind, "gold": gold, "answer": completion(mutated(gold, r.choice(golds[kind]), r), r)})
    said = theirs(pairs)
    with tempfile.TemporaryDirectory() as folder:
        source, target = pathlib.Path(folder) / "in.jsonl", pathlib.Path(folder) / "out.jsonl"
        source.write_text("".join(json.dumps(p) + "\n" for p in pairs))
        subprocess.run([arguments.program, "grade", "math", "--mode", "math_verify", "--input", str(source), "--output", str(target)], check=True, stderr=subprocess.DEVNULL)
        ours = [json.loads(line) for line in target.read_text().splitlines()]
        subprocess.run([arguments.program, "grade", "math", "--input", str(source), "--output", str(target)], check=True, stderr=subprocess.DEVNULL)
        strict = [json.loads(line) for line in target.read_text().splitlines()]
    agree, total, differ = collections.Counter(), collections.Counter(), []
    for p, b, a, s in zip(pairs, said, ours, strict):
        total[p["type"]] += 1
        if (a["verdict"] == "correct") == b:
            agree[p["type"]] += 1
        else:
            differ.append(f"{p['type']}: {p['gold']!r} | {p['answer']!r}: Math-Verify {b}, ours {a['verdict']} ({a['reason'][:100]}); strict {s['verdict']} ({s['reason'][:80]})\n")
    for kind in sorted(total):
        low, high = wilson(agree[kind], total[kind])
        print(f"{kind:18} {len(golds[kind]):5} references  {agree[kind]}/{total[kind]} equal decisions, {100 * agree[kind] / total[kind]:.2f} % [{100 * low:.2f}, {100 * high:.2f}]")
    k, n = sum(agree.values()), sum(total.values())
    low, high = wilson(k, n)
    print(f"all: {k}/{n}, {100 * k / n:.2f} % [{100 * low:.2f}, {100 * high:.2f}]; Math-Verify accepts {100 * sum(said) / n:.1f} %")
    if arguments.list:
        arguments.list.write_text("".join(differ))
    sys.exit(0 if k >= 0.995 * n else 1)


if __name__ == "__main__":
    main()
