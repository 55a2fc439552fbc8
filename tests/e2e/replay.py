"""A run's recorded rollouts train the same weights again; a reward program is called, and one that fails stops the run.
Usage: replay.py PATH/TO/reprise kill.yaml"""
import json
import pathlib
import subprocess
import sys
import tempfile


def main():
    program, recipe = sys.argv[1], sys.argv[2]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="reprise-replay-"))
    script = folder / "longer.py"
    script.write_text("import json, sys\nfor line in sys.stdin:\n    print(json.dumps({'reward': json.loads(line)['num_tokens'] / 100}))\n")

    def run(out, *words):
        command = [program, "run", recipe, "--out", str(folder / out), "--until", "rl", "--set", "stages.rl.max_steps=9",
                   "--set", "stages.rl.reward_funcs=[accuracy, program]", "--set", "stages.rl.reward_start_steps=[0, 3]", *words]
        return subprocess.run(command, capture_output=True, text=True)

    def must(condition, what, seen):
        if not condition:
            sys.exit(f"FAILED: {what}\n{seen.stdout[-2000:]}\n{seen.stderr[-2000:]}")

    good = f"stages.rl.reward_program=[python3, {script}]"
    first = run("first", "--set", good)
    must(first.returncode == 0, "a run with a reward program ends well", first)
    rows = [json.loads(line) for line in (folder / "first/stages/02-rl/metrics.jsonl" if (folder / "first/stages/02-rl").exists() else next((folder / "first/stages").glob("*-rl")) / "metrics.jsonl").read_text().splitlines()]
    must(rows[0]["program"] > 0 and rows[0]["max_logprob_gap"] == 0 and rows[0]["peak_memory_gigabytes"] > 0, "its metrics are there", first)
    must([r["step"] for r in rows if "eval_accuracy" in r] == [3, 7], "it is evaluated every four steps", first)

    again = run("again", "--set", good, "--replay", str(folder / "first"))
    must(again.returncode == 0, "a replay ends well", again)
    ledgers = [sorted((folder / out / "ledger").glob("*rl*"))[0].read_text() for out in ("first", "again")]
    must(ledgers[0] == ledgers[1], "a replay ends at the same weights, step by step", again)

    other = run("other", "--set", good, "--set", "stages.rl.learning_rate=2e-3", "--replay", str(folder / "first"))
    must(other.returncode == 0 and "samples of other weights" in other.stdout + other.stderr, "a replay under another rate says that the weights part", other)

    short = run("short", "--set", good, "--set", "stages.rl.max_steps=12", "--replay", str(folder / "first"))
    must(short.returncode == 1 and "has no rollout 3" in short.stderr, "a replay past the record's end is one clear line", short)

    nothing = run("nothing", "--set", good, "--replay", str(folder))
    must(nothing.returncode == 1 and "recorded rollouts" in nothing.stderr, "a replay of no run is one clear line", nothing)

    bad = run("bad", "--set", "stages.rl.reward_program=[python3, -c, 'import sys; sys.exit(\"out of order\")']")
    must(bad.returncode == 1 and "out of order" in bad.stderr and "could not be computed" in bad.stderr, "a reward program that fails stops the run and says why", bad)
    print("replay: ok")


main()
