#!/usr/bin/env python3
"""The stage `contamination` by the program itself, in a recipe that needs no LibTorch; `reprise data overlap` on the same stores; what each is told that gives it something else.

  tests/e2e/contamination.py build/cpu/bin/reprise
Needs nothing but Python. Exit 0 when all holds."""
import json
import pathlib
import subprocess
import sys
import tempfile

RECIPE = """
name: leaks
seed: 3
datasets:
  train: {importer: jsonl, path: FOLDER/train.jsonl, prompt_field: question}
  test: {importer: jsonl, path: FOLDER/test.jsonl, prompt_field: question, id_field: id}
  chains: {generator: last_digit_chains, size: 3000, min_level: 3, max_level: 6}
  chains-test: {generator: last_digit_chains, split: test, size: 100, min_level: 3, max_level: 6}
stages:
  - {stage: words, type: contamination, training_stores: [train], evaluation_stores: [test]}
  - {stage: puzzles, type: contamination, training_stores: chains, evaluation_stores: chains-test}
"""


def question(i):
    return f"Keeper number {i} of the lighthouse at Cape {chr(97 + i % 26)}{chr(97 + i // 26)}rel trims {i + 3} lamps before the ships come in; how many are left in the dark?"


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def run(*words):
            done = subprocess.run([program, *words], capture_output=True, text=True)
            return done.returncode, done.stdout, done.stderr.strip().splitlines()

        def expect(what, condition, seen):
            if not condition:
                sys.exit(f"{what}: got {seen}")
            print(f"{what}: ok")

        rows = [{"question": question(i), "answer": "4"} for i in range(40)] + [{"question": "What is $\\frac{1}{2}+\\frac{1}{3}$ of a lamp?", "answer": "5"}]
        (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        tests = [{"id": f"q{i}", "question": question(i).upper() if i == 35 else question(i), "answer": "4"} for i in range(35, 60)] + [{"id": "half", "question": "what is \\dfrac12 + \\dfrac13 of a lamp", "answer": "5"}]
        (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in tests))
        recipe, out = folder / "leaks.yaml", folder / "run"
        recipe.write_text(RECIPE.replace("FOLDER", str(folder)))

        code, said, told = run("plan", str(recipe))
        expect("plan tells what it looks for", code == 0 and "looks for the problems of" in said and "8, 10, 13 words" in said, (said, told))
        code, said, told = run("run", str(recipe), "--out", str(out))
        expect("a recipe of these stages alone runs without an engine", code == 0 and (out / "report/report.html").is_file(), told)
        lines = [json.loads(line) for line in (out / "stages/01-words/overlap.jsonl").read_text().splitlines()]
        hit = {line["problem"] for line in lines if line["decides"]}
        expect("what is shared is found, in another spelling too", hit >= {"q35", "q36", "q39", "half"}, hit)
        expect("and told as whole", {line["problem"] for line in lines if line["kind"] == "whole"} == {"q35", "q36", "q37", "q38", "q39", "half"}, lines[:3])
        done = json.loads((out / "stages/02-puzzles/done.json").read_text())
        counts = done["counts"]["benchmarks"][0]
        pair = done["counts"]["pairs"][0]
        expect("generated chains are known to be a template, whose n-grams say nothing", counts["from_template"] and pair["problems_whole"] == 0 and pair["problems_by_n"]["8"] > 20 * max(1, pair["problems_hit"]), done["counts"])
        expect("the report has a section", "Contamination" in (out / "report/report.md").read_text() and "made from a template" in (out / "report/report.html").read_text(), "")

        before = (out / "stages/01-words/overlap.jsonl").read_bytes()
        code, said, told = run("run", str(recipe), "--out", str(out))
        expect("a stage that is done is not run again", code == 0 and sum("done already" in line for line in told) == 2, told)
        (folder / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:36]))
        code, said, told = run("run", str(recipe), "--out", str(out))
        expect("one whose data changed is", code == 0 and sum("done already" in line for line in told) == 1 and (out / "stages/01-words/overlap.jsonl").read_bytes() != before, told)

        stores = [folder / "train.h5", folder / "test.h5"]
        for file, store, more in (("train.jsonl", stores[0], []), ("test.jsonl", stores[1], ["--set", "id_field=id"])):
            code, said, told = run("data", "import", "jsonl", str(folder / file), "--output", str(store), "--set", "prompt_field=question", *more)
            expect(f"import {file}", code == 0, told)
        code, said, told = run("data", "overlap", "--training", str(stores[0]), "--benchmark", str(stores[1]), "--out", str(folder / "o.jsonl"), "--show", "1")
        expect("data overlap prints a table and texts", code == 0 and "near-duplicate" in said and "the whole question" in said, (said, told))
        mine = {json.loads(line)["problem"] for line in (folder / "o.jsonl").read_text().splitlines() if json.loads(line)["decides"]}
        staged = {json.loads(line)["problem"] for line in (out / "stages/01-words/overlap.jsonl").read_text().splitlines() if json.loads(line)["decides"]}
        expect("and finds what the stage finds", mine == staged and len(mine) > 0, (mine, staged))
        code, said, told = run("data", "overlap", "--training", str(folder / "train.jsonl"), "--benchmark", str(stores[1]), "--json", "--set", "decision_ngram=13")
        expect("a plain file is a training store too", code == 0 and json.loads(said)["pairs"][0]["num_rows"] == 36 and json.loads(said)["config"]["decision_ngram"] == 13, told)

        # A benchmark of two lamps and two chairs whose lamps were trained on: right on these, wrong on the others.
        samples = [{"model": "m", "benchmark": "test", "problem": problem, "sample": k, "correct": problem in mine, "answer": "4"} for problem in ("q35", "half", "q50", "q51") for k in range(2)]
        (folder / "samples.jsonl").write_text("".join(json.dumps(row) + "\n" for row in samples))
        code, said, told = run("evaluate", "recorded", str(folder / "samples.jsonl"), "--out", str(folder / "scores"), "--without-hits", str(folder / "o.jsonl"))
        left = len({row["problem"] for row in samples} - mine)
        expect("scores without the hits", code == 0 and 0 < left < 4 and f"without the {4 - left} problems" in said, (said, told))
        facts = json.loads((folder / "scores/scores.json").read_text())["sets"][0]
        expect("in scores.json too", facts["without_hits"]["n"] == left and facts["without_hits"]["pass@1"] == 0, facts)
        (folder / "none.jsonl").write_text("")
        code, said, told = run("evaluate", "recorded", str(folder / "samples.jsonl"), "--out", str(folder / "scores"), "--without-hits", str(folder / "none.jsonl"))
        expect("a file without hits is said to have none", code == 0 and "names no problem of test" in said, (said, told))
        code, said, told = run("evaluate", "recorded", str(folder / "samples.jsonl"), "--out", str(folder / "scores"), "--without-hits", str(folder / "samples.jsonl"))
        expect("another file is one clear line", code == 1 and len(told) == 1 and "samples.jsonl:1" in told[0], (code, told))

        damaged = folder / "damaged.h5"
        damaged.write_bytes(stores[0].read_bytes()[:3000])
        for what, words, fault in (("a damaged store", ["--training", damaged, "--benchmark", stores[1]], "damaged"), ("no such benchmark", ["--training", stores[0], "--benchmark", "maths500"], "did you mean 'math500'"),
                                   ("a file that is no store", ["--training", stores[0], "--benchmark", folder / "test.jsonl"], "is no store"), ("no rows", ["--training", folder / "nowhere", "--benchmark", stores[1]], "is not there"),
                                   ("an unknown key", ["--training", stores[0], "--benchmark", stores[1], "--set", "ngram_size=8"], "did you mean 'ngram_sizes'"), ("nothing", [], "wants --training")):
            code, said, told = run("data", "overlap", *map(str, words))
            expect(f"{what} is one clear line", code in (1, 2) and len(told) == 1 and fault in told[0], (code, told))


if __name__ == "__main__":
    main()
