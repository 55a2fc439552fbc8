#!/usr/bin/env python3
"""`reprise evaluate run` with the engine: killed and started again, k raised, graded by another rule; one store in which no sample is lost or repeated, and
which is what one quiet run would have left. Mixed protocols are refused. Reports have the same bytes each time.

  tests/e2e/evaluate.py build/cpu/bin/reprise
Needs nothing but Python. Exit 0 when all holds."""
import hashlib
import json
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import tiny_model

OPERATIONS = {"plus": lambda a, b: a + b, "minus": lambda a, b: a - b, "times": lambda a, b: a * b}


def expect(name, condition, seen=""):
    if not condition:
        sys.exit(f"{name}: got {seen}")
    print(f"{name}: ok")


def bytes_of(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        model = tiny_model.make(program, folder)
        draw = random.Random(1)
        with open(folder / "chains.jsonl", "w") as file:
            for i in range(60):
                start, other, name = draw.randrange(10), draw.randrange(2, 10), draw.choice(list(OPERATIONS))
                file.write(json.dumps({"id": f"c{i:02}", "q": f"{start} {name} {other} ?", "a": str(OPERATIONS[name](start, other) % 10)}) + "\n")
        (folder / "chains.yaml").write_text("id: chains\ntitle: Chains\ngrader: number\nnum_problems: 60\n"
                                            "data: {importer: jsonl, path: chains.jsonl, id_field: id, prompt_field: q, answer_field: a}\n"
                                            "prompt: {form: chat, question: \"{{prompt}}\"}\n")
        options = ["--benchmark-file", str(folder / "chains.yaml")]

        def command(store, k, *more, temperature=0.8):
            return [program, "evaluate", "run", *options, "--model", str(model), "--store", str(folder / store), "--num-generations", str(k), "--temperature", str(temperature), "--max-completion-length", "40", "--num-threads", "1", *more]

        def run(words):
            return subprocess.run(words, capture_output=True, text=True)

        def score(store, out, *more):
            done = run([program, "evaluate", "score", str(folder / store), "--out", str(folder / out), *options, *more])
            return done, json.loads((folder / out / "scores.json").read_text()) if done.returncode == 0 else None

        done = run(command("quiet", 6))
        expect("a quiet run", done.returncode == 0 and "360 to be drawn" in done.stdout, done)
        quiet = json.loads((folder / "quiet/report/scores.json").read_text())
        value = next(s["value"] for s in quiet["scores"] if s["metric"] == "pass@1")
        expect("some are right and some are wrong", 0.05 < value < 0.95, value)

        # Killed twice in the middle, with the samples that were whole kept; then k raised.
        kills = 0
        for attempt in range(20):
            process = subprocess.Popen(command("rough", 4, "--generation-rows", "3"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            journal = folder / "rough/journal.jsonl"
            size = journal.stat().st_size if journal.exists() else 0
            while process.poll() is None and (not journal.exists() or journal.stat().st_size < size + 20_000):
                time.sleep(0.001)
            if process.poll() is not None:
                break
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        expect("killed and started again", kills >= 2 and process.returncode == 0, (kills, process.returncode))
        done = run(command("rough", 6, "--generation-rows", "16"))
        expect("k raised", done.returncode == 0 and "240 samples are there, 120 to be drawn" in done.stdout, done.stdout)
        done = run(command("rough", 6))
        expect("nothing is drawn again", "360 samples are there, 0 to be drawn" in done.stdout, done.stdout)
        done, rough = score("rough", "rough-scores")
        expect("the store is what a quiet run leaves", rough["scores"] == quiet["scores"] and rough["sets"] == quiet["sets"] and rough["num_samples"] == 360, rough["scores"][:1])
        segments = [sorted((folder / store).glob("segment-*.h5")) for store in ("quiet", "rough")]
        expect("one segment each, nothing in the journal", [len(s) for s in segments] == [1, 1] and (folder / "rough/journal.jsonl").stat().st_size == 0, segments)

        # The same bytes again, verdicts kept; another rule draws nothing.
        done, again = score("rough", "again")
        expect("verdicts are kept", again["num_graded_here"] == 0, again["num_graded_here"])
        expect("the same bytes of report", bytes_of(folder / "again") == bytes_of(folder / "rough-scores"), "")
        done, other = score("rough", "other", "--grader", "math_verify")
        expect("another rule", other["num_samples"] == 360 and other["num_graded_here"] == 360 and other["sets"][0]["rule"].startswith("math_verify"), other["sets"][0])
        page = (folder / "again/report.html").read_text()
        expect("the page has every problem and a reason", page.count("class=\"problem ") == 60 and "as exact numbers" in page, page.count("class=\"problem "))

        # Other conditions are another set of samples, and are not put together with the first.
        done = run(command("rough", 2, "--draw-only", temperature=1.1))
        expect("another temperature", done.returncode == 0 and "120 to be drawn" in done.stdout, done)
        done, _ = score("rough", "mixed")
        expect("mixed protocols are refused, with what differs", done.returncode == 1 and "sampling.temperature" in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr)
        done, one = score("rough", "one", "--only", "sampling.temperature=0.8")
        expect("one is chosen", one["scores"] == quiet["scores"], done)
        done, each = score("rough", "each", "--each")
        expect("each by itself, and against each other", len(each["sets"]) == 2 and len(each["pairs"]) == 1 and "temperature" in each["sets"][0]["model"], each["pairs"])
        done = run([program, "evaluate", "compare", str(folder / "quiet"), str(folder / "rough"), "--only", "sampling.temperature=0.8", "--output", str(folder / "pair.json")])
        expect("compare takes the user's benchmark only where it is told", done.returncode == 1 and "chains" in done.stderr, done.stderr)
        done = run([program, "evaluate", "compare", str(folder / "quiet"), str(folder / "rough"), "--only", "sampling.temperature=0.8", *options])
        expect("no difference to itself", done.returncode == 0 and "+0.00" in done.stdout, done)

        # Recordings of other harnesses go through the same door, with what their recorder decided beside our verdict.
        harness = pathlib.Path(__file__).resolve().parents[1] / "golden/harness"
        for file, told in (("lm-eval/samples_invented_sums_2026-11-26T10-00-00.000000.jsonl", "12 samples, 12 of them new"), ("lm-eval/samples_invented_choice_2026-11-26T10-00-00.000000.jsonl", "4 with the recorder's verdict")):
            done = run([program, "evaluate", "import", str(harness / file), "--store", str(folder / "theirs"), "--own-ids", "--benchmark", "invented"])
            expect("imported: " + file.split("_")[2], done.returncode == 0 and told in done.stdout, done)
        done, theirs = score("theirs", "theirs-scores", "--each")
        expect("scored, a verdict without a completion as it was recorded", sorted(s["rule"].split()[0] for s in theirs["sets"]) == ["math", "recorded"], done)
        lines = [{"model": "m", "benchmark": "chains", "problem": f"c{i:02}", "sample": s, "correct": s == 0, "completion": f"The answer is {i}"} for i in range(5) for s in range(2)]
        (folder / "lines.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        done = run([program, "evaluate", "import", str(folder / "lines.jsonl"), "--store", str(folder / "lines"), *options])
        expect("lines of our own form", done.returncode == 0 and "10 samples, 10 of them new, 10 with the recorder's verdict" in done.stdout, done)
        done, graded = score("lines", "lines-graded")
        done, believed = score("lines", "lines-believed", "--grader", "recorded")
        expect("graded, or believed", believed["scores"][0]["value"] == 0.5 and "decided otherwise" in graded["sets"][0]["notes"][-1], (graded["sets"][0]["notes"], believed["scores"][0]))

        # Wrong words.
        for name, words, expected in (("an unknown benchmark", ["gsm9k"], "did you mean"), ("a preset that is not there", ["--benchmark-file", str(folder / "chains.yaml"), "--preset", "deepsek"], "did you mean"),
                                      ("greedy twice", [*options, "--temperature", "0", "--num-generations", "2"], "the same answer each time"), ("an answer longer than the context", [*options, "--max-completion-length", "400"], "context")):
            done = run([program, "evaluate", "run", "--model", str(model), "--store", str(folder / "wrong"), *words])
            expect(name + " is told", done.returncode in (1, 2) and expected in done.stderr and len(done.stderr.strip().splitlines()) == 1, done.stderr)


main()
