#!/usr/bin/env python3
"""What a run folder is protected from, by the programs themselves: a second run, another recipe, Ctrl-C, a full disk.

  tests/e2e/run_folder.py build/cpu/bin/reprise tests/e2e/kill.yaml
Needs nothing but Python. Exit 0 when all holds."""
import hashlib
import json
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True)
    return done.returncode, done.stderr.strip().splitlines()


def run_on_full_disk(largest_file, *words):
    """Writes past the limit fail, as they do where no space is left."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    done = subprocess.run(words, capture_output=True, text=True, preexec_fn=limit)
    return done.returncode, done.stderr.strip().splitlines()


def weights(out):
    files = sorted((out / "stages").glob("*/model/*.safetensors"))
    return {file.parts[-3]: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def expect(name, condition, seen):
    if not condition:
        sys.exit(f"{name}: got {seen}")
    print(f"{name}: ok")


def first_line_with(process, word):
    for line in process.stderr:
        if word in line:
            return
    sys.exit(f"the run ended before it said '{word}'")


def main():
    program, recipe = sys.argv[1:3]
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "run"
        process = subprocess.Popen([program, "run", recipe, "--out", str(out)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        first_line_with(process, "step 1")
        process.send_signal(signal.SIGSTOP)  # so that it does not end before it is asked to stop
        code, said = run(program, "run", recipe, "--out", str(out))
        expect("a second run is told to wait", code == 1 and len(said) == 1 and "another run" in said[0], (code, said))
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        rest = process.communicate()[1].splitlines()
        expect("Ctrl-C stops with a checkpoint", process.returncode == 130 and "checkpoint written" in rest[-1], (process.returncode, rest[-1:]))
        other = pathlib.Path(folder) / "other.yaml"
        other.write_text(f"extends: {pathlib.Path(recipe).resolve()}\nname: another\n")
        code, said = run(program, "run", str(other), "--out", str(out))
        expect("another recipe is refused", code == 1 and len(said) == 1 and "belongs to recipe" in said[0], (code, said))
        code, said = run(program, "run", recipe, "--out", str(out), "--resume")
        expect("the run goes on to its end", code == 0 and (out / "report/report.json").is_file(), (code, said[-1:]))
        report = json.loads((out / "report/report.json").read_text())
        expect("the stage that nobody named looked at every training store", report["contamination"]["stages"] == ["contamination"] and
               {pair["training"] for pair in report["contamination"]["pairs"]} == {"textbook", "traces", "problems", "easy", "kept"}, report["contamination"])
        without = pathlib.Path(folder) / "without.yaml"
        without.write_text(f"extends: {pathlib.Path(recipe).resolve()}\ncontamination: false\n")
        code, said = run(program, "run", str(without), "--out", str(out))
        expect("without it no other stage runs again", code == 0 and sum("done already" in line for line in said) == 7, (code, said))
        for largest_file in (2000, 30000, 60000):
            full = pathlib.Path(folder) / f"full-{largest_file}"
            code, said = run_on_full_disk(largest_file, program, "run", recipe, "--out", str(full))
            faults = [line for line in said if line.startswith("reprise: ")]
            expect(f"a disk full at {largest_file} bytes is one line", code == 1 and len(faults) == 1 and "space" in faults[0], (code, said[-3:]))
            code, said = run(program, "run", recipe, "--out", str(full), "--resume")
            expect("  and nothing is lost", code == 0 and len(weights(out)) > 3 and weights(full) == weights(out), (code, said[-3:]))
        code, said = run(program, "reproduce", str(out))
        expect("and is reproduced bit for bit", code == 0, (code, said[-1:]))
        ledger = next((pathlib.Path(folder) / "run-reproduced/ledger").glob("*.jsonl"))
        ledger.write_text(ledger.read_text().replace('"state_hash":"', '"state_hash":"0', 1))
        code, said = run(program, "reproduce", str(out), "--compare-only")
        expect("a difference is found", code == 1, (code, said[-1:]))


if __name__ == "__main__":
    main()
