#!/usr/bin/env python3
"""HumanEval, HumanEval+, MBPP, MBPP+ through `reprise grade code`: each reference solution is accepted, each spoiled one is not.

  tests/e2e/code_benchmarks.py build/cpu/bin/reprise --data ../shared/data [--write FOLDER]
Spoiled are three ways: a body that returns 0, an empty body, a value that is off by one. Those that a benchmark's own tests cannot tell from the
reference are listed below, by benchmark. --write keeps the samples and verdicts, for tests/oracle/compare_code_judges.py. Exit 0 when all holds."""
import argparse
import ast
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

BENCHMARKS = {
    "humaneval": "humaneval/HumanEval.jsonl.gz",
    "humaneval_plus": "humaneval/HumanEvalPlus-Mini.jsonl.gz",
    "mbpp": "mbpp/mbpp.jsonl",
    "mbpp_plus": "mbpp/MbppPlus.jsonl.gz",
}
# task and way of spoiling that pass nevertheless: the tests never see the difference.
PASS_ANYWAY = {
    "humaneval": set(),
    "humaneval_plus": set(),
    "mbpp": set(),
    "mbpp_plus": set(),
}
OFF_BY_ONE = '''

def _reprise_off(value):
    if isinstance(value, bool): return not value
    if isinstance(value, (int, float, complex)): return value + 1
    if isinstance(value, str): return value[1:] if value else "x"
    if isinstance(value, list): return value[1:] if value else [0]
    if isinstance(value, tuple): return value[1:] if value else (0,)
    if isinstance(value, (set, frozenset)): return set(list(value)[1:]) if value else {0}
    if isinstance(value, dict): return dict(list(value.items())[1:]) if value else {0: 0}
    return 0 if value is None else None

_reprise_right = NAME
def NAME(*arguments, **named):
    return _reprise_off(_reprise_right(*arguments, **named))
'''


def rows_of(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def reference(row):
    return row["code"].replace("\r\n", "\n") if "code" in row else row["prompt"] + row["canonical_solution"]


def entry_of(row):
    """The function that the tests call: MBPP has no name for it."""
    if "entry_point" in row:
        return row["entry_point"]
    defined = [node.name for node in ast.parse(reference(row)).body if isinstance(node, ast.FunctionDef)]
    calls = [node.func.id for node in ast.walk(ast.parse("\n".join(row["test_list"]))) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return next((name for name in calls if name in defined), None)


def spoiled(row):
    entry = entry_of(row)
    if entry is None:
        return
    tree = ast.parse(reference(row))
    function = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == entry][-1]
    for how, body in (("constant", "return 0"), ("empty", "pass")):
        function.body = ast.parse("def f():\n    " + body).body[0].body
        yield how, ast.unparse(tree)
    yield "off by one", reference(row) + OFF_BY_ONE.replace("NAME", entry)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--data", default=os.environ.get("REPRISE_DATA"), type=pathlib.Path, help="unless told, what REPRISE_DATA names")
    parser.add_argument("--write", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.data is None or not arguments.data.is_dir():
        print("skipped: REPRISE_DATA names no folder with the benchmarks' files")
        sys.exit(77)
    faults = 0
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.write or pathlib.Path(name)
        folder.mkdir(exist_ok=True, parents=True)
        for benchmark, file in BENCHMARKS.items():
            samples = []
            for row in rows_of(arguments.data / file):
                samples.append({"task_id": row["task_id"], "how": "reference", "solution": reference(row)})
                samples += [{"task_id": row["task_id"], "how": how, "solution": source} for how, source in spoiled(row)]
            given, got = folder / (benchmark + ".samples.jsonl"), folder / (benchmark + ".verdicts.jsonl")
            given.write_text("".join(json.dumps(sample) + "\n" for sample in samples))
            done = subprocess.run([arguments.program, "grade", "code", "--benchmark", benchmark, "--problems", str(arguments.data / file), "--input", str(given), "--output", str(got)], capture_output=True, text=True)
            if done.returncode != 0:
                print(f"FAULT {benchmark}: exit {done.returncode}: {done.stderr[-500:]}")
                faults += 1
                continue
            verdicts = [json.loads(line) for line in got.read_text().splitlines()]
            refused = [v for v in verdicts if v["how"] == "reference" and not v["passed"]]
            passed = {f"{v['task_id']} {v['how']}" for v in verdicts if v["how"] != "reference" and v["passed"]}
            for v in refused:
                print(f"FAULT {benchmark}: the reference of {v['task_id']}: {v['verdict']} {v['message'][:100]}")
            for what in sorted(passed ^ PASS_ANYWAY[benchmark]):
                print(f"FAULT {benchmark}: {what} " + ("passes" if what in passed else "does not pass any more"))
            faults += len(refused) + len(passed ^ PASS_ANYWAY[benchmark])
            spoils = [v for v in verdicts if v["how"] != "reference"]
            print(f"{benchmark}: {len(verdicts) - len(spoils) - len(refused)} of {len(verdicts) - len(spoils)} references accepted, {len(spoils) - len(passed)} of {len(spoils)} spoiled ones rejected ({len(passed)} that its tests cannot tell)")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
