#!/usr/bin/env python3
"""The publishers' patterns for a choice's letter: `reprise grade with` against Python's re, on completions drawn at random.

usage: compare_choices.py REPRISE [NUM_RANDOM]     needs lm-eval (tests/golden/make_choice_golden.py, which has the patterns, calls one of its filters)
"""
import json
import pathlib
import subprocess
import sys
import tempfile

reprise, num_random = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "20000"
maker = pathlib.Path(__file__).parent.parent / "golden" / "make_choice_golden.py"
with tempfile.TemporaryDirectory() as folder:
    source, target = pathlib.Path(folder) / "in.jsonl", pathlib.Path(folder) / "out.jsonl"
    subprocess.run([sys.executable, maker, num_random, source], check=True)
    rows = [json.loads(line) for line in open(source)]
    for grader in ("simple_evals", "simple_evals_multilingual", "mmlu_pro", "lm_eval_mmlu_pro", "lm_eval_flexible"):
        subprocess.run([reprise, "grade", "with", grader, "--input", source, "--output", target], check=True, stdout=subprocess.DEVNULL)
        found = [json.loads(line)["extracted"] for line in open(target)]
        wrong = [(row["completion"], row[grader], ours) for row, ours in zip(rows, found) if row[grader] != ours]
        print(f"{grader:28} {len(rows)} completions, {sum(row[grader] != '' for row in rows)} with a letter, {len(wrong)} differ", wrong[:2])
