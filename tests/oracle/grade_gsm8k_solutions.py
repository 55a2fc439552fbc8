#!/usr/bin/env python3
"""GSM8K's 1,319 problems x 4 recorded models (example_model_solutions): our verdicts against the labels that came with them.

  tests/oracle/grade_gsm8k_solutions.py build/cpu/bin/reprise --data ../shared/data

By the publisher's rule (--mode gsm8k) and in strict mode; lists every difference."""
import argparse
import gzip
import json
import pathlib
import subprocess
import sys
import tempfile

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("program")
parser.add_argument("--data", type=pathlib.Path, required=True)
arguments = parser.parse_args()
rows = []
for line in gzip.open(arguments.data / "gsm8k/example_model_solutions.jsonl.gz", "rt"):
    problem = json.loads(line)
    gold = problem["ground_truth"].rsplit("A: ", 1)[1].strip()
    rows += [{"model": m, "label": problem[m]["is_correct"], "gold": gold, "answer": problem[m]["solution"]} for m in ("6b_finetuning", "6b_verification", "175b_finetuning", "175b_verification")]
failed = False
with tempfile.TemporaryDirectory() as folder:
    source, target = pathlib.Path(folder) / "in.jsonl", pathlib.Path(folder) / "out.jsonl"
    source.write_text("".join(json.dumps(r) + "\n" for r in rows))
    for mode in ("gsm8k", "strict"):
        subprocess.run([arguments.program, "grade", "math", "--mode", mode, "--input", str(source), "--output", str(target)], check=True, stderr=subprocess.DEVNULL)
        differ = [r for r in map(json.loads, target.read_text().splitlines()) if (r["verdict"] == "correct") != r["label"]]
        print(f"{mode}: {len(rows) - len(differ)} of {len(rows)} as labelled")
        for r in differ:
            print(f"  {r['model']}: reference {r['gold']}, extracted {r['extracted']!r}, label {r['label']}, ours {r['verdict']}: {r['reason']}")
        failed = failed or len(differ) > 0.005 * len(rows)
sys.exit(failed)
