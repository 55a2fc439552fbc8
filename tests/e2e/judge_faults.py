#!/usr/bin/env python3
"""What goes wrong around the judge: its workers are killed, the disk is full, a program dies while it writes. Nothing is lost, nothing is called wrong.

  tests/e2e/judge_faults.py build/cpu/bin/reprise
Exit 0 when all holds. The full disk needs root (a small tmpfs) and is told as not run otherwise."""
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

FUNCTION = {"task_id": "T/0", "prompt": "def add(a, b):\n", "entry_point": "add", "canonical_solution": "    return a + b\n", "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n"}
STREAM = {"task_id": "T/0", "tests": [{"input": "1 2\n", "output": "3\n"}]}


def children_of(pid):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            if int(stat.rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(entry.name))
    return found


def words(program, folder, benchmark, problem, samples, output="verdicts.jsonl"):
    (folder / "problems.jsonl").write_text(json.dumps(problem) + "\n")
    (folder / "samples.jsonl").write_text("".join(json.dumps(dict(sample, task_id="T/0")) + "\n" for sample in samples))
    return [program, "grade", "code", "--benchmark", benchmark, "--problems", str(folder / "problems.jsonl"), "--input", str(folder / "samples.jsonl"), "--output", str(folder / output), "--workers", "2"]


def main():
    program, faults = sys.argv[1], []
    chance = random.Random(7)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)
        kills = 0
        for benchmark, problem, right, wrong in (("humaneval", FUNCTION, "def add(a, b): return a + b", "def add(a, b): return a - b"), ("stdin", STREAM, "print(3)", "print(4)")):
            samples = [{"solution": right if i % 2 else wrong} for i in range(300)]
            # The leak checker of a sanitizer build runs in a child of its own when the program ends, and waits for it for ever when
            # it is killed: not there while children are killed.
            quiet = dict(os.environ, ASAN_OPTIONS=":".join(filter(None, (os.environ.get("ASAN_OPTIONS"), "detect_leaks=0"))))
            running = subprocess.Popen(words(program, folder, benchmark, problem, samples), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=quiet)
            while running.poll() is None:
                # A supervisor, or one of those below it.
                family = children_of(running.pid)
                if family and chance.random() < 0.5:
                    family = children_of(chance.choice(family)) or family
                if family:
                    try:
                        os.kill(chance.choice(family), signal.SIGKILL)
                        kills += 1
                    except ProcessLookupError:
                        pass
                time.sleep(0.1)
            _, errors = running.communicate()
            if not (folder / "verdicts.jsonl").exists():
                faults.append(f"{benchmark}: no verdicts: exit {running.returncode} {errors[-300:]}")
                continue
            verdicts = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text().splitlines()]
            (folder / "verdicts.jsonl").unlink()
            errors_of_ours = sum(v["verdict"] == "judge_error" for v in verdicts)
            if [v["solution"] for v in verdicts] != [s["solution"] for s in samples]:
                faults.append(f"{benchmark}: {len(verdicts)} verdicts for {len(samples)} samples, or in another order")
            for v in verdicts:
                # A program of ours that was killed ends by signal 9: its own end, as far as anybody can see.
                if v["verdict"] not in ({"accepted"} if v["solution"] == right else {"wrong_answer"}) | {"judge_error"} and "signal 9" not in v["message"]:
                    faults.append(f"{benchmark}: {v['verdict']} {v['message'][:100]} for {v['solution']}")
            if (running.returncode != 0) != (errors_of_ours > 0):
                faults.append(f"{benchmark}: exit {running.returncode} with {errors_of_ours} judge errors")
            print(f"{benchmark}: {len(verdicts)} verdicts, {errors_of_ours} judge errors")
        # A program that dies while it writes.
        dying = "import os, sys\nsys.stdout.write('3')\nsys.stdout.flush()\nos.kill(os.getpid(), 9)"
        subprocess.run(words(program, folder, "stdin", STREAM, [{"solution": dying}]), capture_output=True)
        verdict = json.loads((folder / "verdicts.jsonl").read_text())
        if verdict["verdict"] != "runtime_error":
            faults.append(f"a program that dies while it writes: {verdict}")
        # The disk is full: for the program's files, and for the verdicts.
        small = folder / "small"
        small.mkdir()
        mounted = os.geteuid() == 0 and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k,mode=1777", "tmpfs", str(small)], capture_output=True).returncode == 0
        if not mounted:
            print("not run: the full disk (no tmpfs can be mounted here)")
        else:
            try:
                large = dict(STREAM, tests=[{"input": "1 2\n", "output": "3\n"}])
                subprocess.run(words(program, folder, "stdin", large, [{"solution": "print(3)\n#" + "x" * 200000}, {"solution": "print(3)"}]), capture_output=True, env=dict(os.environ, TMPDIR=str(small)))
                got = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text().splitlines()]
                if [v["verdict"] for v in got] != ["judge_error", "accepted"] or "space" not in got[0]["message"]:
                    faults.append(f"full disk for the program: {[(v['verdict'], v['message'][:100]) for v in got]}")
                (small / "verdicts.jsonl").write_text("old\n")
                done = subprocess.run(words(program, folder, "stdin", STREAM, [{"solution": "print(3)", "more": "x" * 200000}], "small/verdicts.jsonl"), capture_output=True, text=True)
                lines = [line for line in done.stderr.strip().splitlines() if "judged" not in line]
                if done.returncode == 0 or len(lines) != 1 or "full" not in lines[0] or (small / "verdicts.jsonl").read_text() != "old\n":
                    faults.append(f"full disk for the verdicts: exit {done.returncode} {lines}")
            finally:
                subprocess.run(["umount", str(small)])
        print(f"{kills} kills")
    for fault in faults[:20]:
        print("FAULT " + fault)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
