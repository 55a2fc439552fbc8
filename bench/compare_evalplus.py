#!/usr/bin/env python3
"""HumanEval's reference solutions a second: `reprise bench judge` and EvalPlus's own evaluator, in turn, on the same machine.

  VENV/bin/python bench/compare_evalplus.py build/cpu/bin/reprise --problems ../shared/data/humaneval/HumanEvalPlus.jsonl.gz [--rounds 3]
VENV has evalplus 0.3.1 (PyPI). EvalPlus is timed from the first sample handed to its pool to the last result: its imports, its expected values and the 20 s
that its command sleeps at the end are not counted. Ours has its start and its expected values in it. Medians over the rounds."""
import argparse
import concurrent.futures
import gzip
import json
import statistics
import subprocess
import time


def theirs(work):
    from evalplus.evaluate import check_correctness
    return check_correctness(*work)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--problems", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    from evalplus.gen.util import trusted_exec
    with gzip.open(arguments.problems, "rt") as file:
        problems = [json.loads(line) for line in file]
    expected = []
    for problem in problems:
        oracle = {}
        for kind in ("base", "plus"):
            oracle[kind], oracle[kind + "_time"] = trusted_exec(problem["prompt"] + problem["canonical_solution"], problem[kind + "_input"], problem["entry_point"], record_time=True)
        expected.append(oracle)
    for what, base_only in (("base inputs", True), ("base and plus inputs", False)):
        works = [("humaneval", 0, p, p["prompt"] + p["canonical_solution"], e, base_only, True) for p, e in zip(problems, expected)]
        ours, evalplus = [], []
        for _ in range(arguments.rounds):
            with concurrent.futures.ProcessPoolExecutor(arguments.workers) as pool:
                start = time.time()
                list(concurrent.futures.as_completed([pool.submit(theirs, work) for work in works]))
                evalplus.append(time.time() - start)
            words = [arguments.program, "bench", "judge", "--json", "--benchmark", "humaneval_plus", "--problems", arguments.problems, "--rounds", "1", "--workers", str(arguments.workers)]
            result = json.loads(subprocess.run(words + (["--base-only"] if base_only else []), capture_output=True, check=True).stdout)
            assert result["accepted"] == len(problems), result
            ours.append(result["seconds"])
        a, b = statistics.median(ours), statistics.median(evalplus)
        print(f"{what}: reprise {a:.2f} s ({len(problems) / a:.0f} a second), EvalPlus {b:.2f} s ({len(problems) / b:.0f} a second): {b / a:.1f} x", flush=True)


if __name__ == "__main__":
    main()
