#!/usr/bin/env python3
"""`reprise evaluate presets` against the harnesses themselves: every prompt of every problem, byte for byte.

  tests/oracle/compare_prompts.py build/cpu/bin/reprise --data ../shared/data [--only PRESET[/TASK] ...]

What is compared: messages with their roles or the text, what the answer starts with, stop strings, the continuations of a choice. Prints a line
for each task and form; exit 1 at a difference, of which the first is shown. What drives the harnesses: harness_prompts.py."""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import harness_prompts as theirs

parser = argparse.ArgumentParser()
parser.add_argument("reprise")
parser.add_argument("--data", required=True)
parser.add_argument("--only", nargs="+", metavar="PRESET[/TASK]")
options = parser.parse_args()
INVENTED = ("gpqa_diamond", "mmlu_pro")


def ours(preset, task, benchmark, form):
    """{id: (canonical text, prompt)}"""
    command = [options.reprise, "evaluate", "presets", f"{preset}/{task}", "--json", "--as", form]
    environment = dict(os.environ, REPRISE_DATA=str(pathlib.Path(options.data).resolve()))
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        if benchmark in INVENTED:
            for problem in theirs.INVENTED[benchmark]:
                file = pathlib.Path(folder) / (problem["id"] + ".json")
                file.write_text(json.dumps(problem))
                runs.append(subprocess.run(command + ["--problem-file", str(file)], capture_output=True, text=True, env=environment))
        else:
            runs.append(subprocess.run(command + ["--benchmark", benchmark, "--problem", "all"], capture_output=True, text=True, env=environment))
    out = {}
    for run in runs:
        if run.returncode:
            sys.exit(f"{' '.join(command)}: {run.stderr.strip()}")
        for line in run.stdout.split("\n"):
            if line:
                prompt = json.loads(line)
                out[prompt["problem"]] = prompt
    return out


failed = total = 0
for preset, task, benchmark, form, prompts in theirs.cases(options.data, options.only):
    if (preset, task) == ("lm_eval", "mmlu_pro"):  # its shots come from a file that is not among the data: tests/golden/prompts.json has it
        continue
    mine = ours(preset, task, benchmark, form)
    equal = different = 0
    for problem, prompt in prompts(None):
        own = mine.pop(problem, None)
        if own is not None and theirs.canonical(own) == theirs.canonical(prompt) and own["sha256"] == theirs.sha256(prompt):
            equal += 1
            continue
        if not different:
            print(f"\n{preset}/{task} on {benchmark}, {problem}, as {form}:")
            print("  theirs:", repr(theirs.canonical(prompt).decode())[-3000:])
            print("  ours:  ", repr(theirs.canonical(own).decode())[-3000:] if own else None)
        different += 1
    different += len(mine)
    failed += different
    total += equal + different
    print(f"{preset + '/' + task:40} {benchmark:14} {form:10} {equal:6} equal {different:6} different", flush=True)
print(f"\n{total} prompts, {failed} different")
sys.exit(failed > 0)
