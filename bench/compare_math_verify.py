#!/usr/bin/env python3
"""The math grader and Math-Verify 0.9.0 on the same pairs, one thread each, in turn; prints the ratios of the medians.

  bench/compare_math_verify.py build/cpu/bin/reprise --data ../shared/data [--rounds 3] [--venv bench/.venv]

Makes the venv if it is not there (math-verify 0.9.0 from PyPI). Two mixes: the 500 references of MATH-500 as completions, and those
of them that are no plain number. Half of the answers are the reference, half another problem's. Math-Verify's time is that of parsing both
sides and verifying, imports left out, its caches of the last twenty texts as they are."""
import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
THEIRS = r'''
import json, sys, time
from math_verify import parse, verify
pairs = [json.loads(line) for line in open(sys.argv[1])]
verify(parse("$1$"), parse("$1$"))
start = time.perf_counter()
latency = []
for p in pairs:
    at = time.perf_counter()
    verify(parse("$" + p["gold"] + "$"), parse(p["answer"]))
    latency.append(time.perf_counter() - at)
print(json.dumps({"seconds": time.perf_counter() - start, "p50": sorted(latency)[len(latency) // 2], "max": max(latency)}))
'''


def venv_python(folder):
    python = pathlib.Path(folder) / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "math-verify[antlr4_13_2]==0.9.0"], check=True)
    return str(python)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--venv", default=str(HERE / ".venv"))
    arguments = parser.parse_args()
    python = venv_python(arguments.venv)
    golds = [json.loads(line)["answer"] for line in open(arguments.data / "math/math500_test.jsonl")]
    symbolic = [g for g in golds if not re.fullmatch(r"-?[\d,.]+|-?\\frac\{\d+\}\{\d+\}|-?\d+/\d+", g)]
    for name, chosen in (("all of MATH-500", golds), ("symbolic", symbolic)):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            for i, gold in enumerate(chosen):
                answer = gold if i % 2 == 0 else chosen[(i * 7 + 3) % len(chosen)]
                file.write(json.dumps({"gold": gold, "answer": f"Let us go step by step. We find it.\n\nThe answer is $\\boxed{{{answer}}}$."}) + "\n")
            file.flush()
            ours, theirs, told = [], [], None
            for _ in range(arguments.rounds):
                told = json.loads(subprocess.run([arguments.program, "bench", "grade", "--input", file.name, "--json"], capture_output=True, text=True, check=True).stdout)
                ours.append(told["seconds"])
                said = subprocess.run([python, "-c", THEIRS, file.name], capture_output=True, text=True, check=True).stdout
                result = json.loads(said.strip().splitlines()[-1])
                theirs.append(result["seconds"])
            a, b = statistics.median(ours), statistics.median(theirs)
            print(f"{name}: {len(chosen)} pairs; ours {len(chosen) / a:,.0f} a second (p50 {told['p50_microseconds']:.1f}, p99 {told['p99_microseconds']:.1f}, max {told['max_microseconds']:.1f} us), "
                  f"theirs {len(chosen) / b:,.0f} (p50 {1e6 * result['p50']:.0f}, max {1e6 * result['max']:.0f} us), ratio {b / a:.0f}")
    print(f"hostile inputs: at most {told['hostile_worst_milliseconds']:.1f} ms")


if __name__ == "__main__":
    main()
