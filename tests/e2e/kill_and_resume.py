#!/usr/bin/env python3
"""Runs a recipe twice, then kills a third run with SIGKILL at random moments, resumes it each time, and compares.

Equal means: every file of ledger/ byte for byte, every model.safetensors, every samples.jsonl and overlap.jsonl.
  tests/e2e/kill_and_resume.py build/cpu/bin/reprise tests/e2e/kill.yaml [--kills 10] [--seed 1] [--out DIR]
Exit 0 when all are equal; prints where each kill fell. Needs nothing but Python.
"""
import argparse
import hashlib
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time


def results(run):
    """Relative path -> sha256 of everything that must not depend on kills."""
    found = {}
    for pattern in ("ledger/*.jsonl", "stages/*/model/model.safetensors", "stages/*/samples.jsonl", "stages/*/overlap.jsonl"):
        for path in sorted(run.glob(pattern)):
            found[str(path.relative_to(run))] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def run_whole(command, log):
    start = time.monotonic()
    with open(log, "ab") as out:
        code = subprocess.call(command, stdout=out, stderr=subprocess.STDOUT)
    if code != 0:
        sys.exit(f"{' '.join(command)}: exit {code}; see {log}")
    return time.monotonic() - start


def run_and_kill(command, log, seconds):
    """True when the run was still going after `seconds` and was killed."""
    with open(log, "ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
    if code != 0:
        sys.exit(f"{' '.join(command)}: exit {code} after a kill; see {log}")
    return False


def differences(name, expected, got):
    lines = [f"{name}: {key} is missing" for key in expected if key not in got]
    lines += [f"{name}: {key} is new" for key in got if key not in expected]
    lines += [f"{name}: {key} differs" for key in expected if key in got and got[key] != expected[key]]
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reprise")
    parser.add_argument("recipe")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="")
    options = parser.parse_args()
    folder = pathlib.Path(options.out or tempfile.mkdtemp(prefix="reprise-kill-"))
    folder.mkdir(parents=True, exist_ok=True)
    moments = random.Random(options.seed)

    def command(name):
        return [options.reprise, "run", options.recipe, "--out", str(folder / name), "--resume"]

    seconds = run_whole(command("first"), folder / "first.log")
    run_whole(command("second"), folder / "second.log")
    expected = results(folder / "first")
    if not any(key.endswith("model.safetensors") for key in expected):
        sys.exit("the run has no models to compare")
    faults = differences("second run", expected, results(folder / "second"))

    killed, log = folder / "killed", folder / "killed.log"
    made = 0
    while made < options.kills:
        # At most a third of the run apart, so that the kills fall into all of it.
        moment = moments.uniform(0.05, max(0.3, seconds / 3))
        if run_and_kill(command("killed"), log, moment):
            made += 1
            last = log.read_text(errors="replace").strip().splitlines()[-1:]
            print(f"kill {made} after {moment:.2f} s: {last[0] if last else 'before the first line'}", flush=True)
        else:  # it finished before all kills were made: start over, and go on killing
            faults += differences(f"run finished after {made} kills", expected, results(killed))
            shutil.rmtree(killed)
    run_whole(command("killed"), log)
    faults += differences("killed run", expected, results(killed))
    for line in faults:
        print(line)
    print(f"{len(expected)} files compared, {made} kills, {len(faults)} differences")
    if not faults and not options.out:
        shutil.rmtree(folder)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
