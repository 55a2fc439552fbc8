"""Verdicts of programs are kept with a run and replayed when it is reproduced: a model of random bytes writes "programs" for problems with tests
on standard input, in RL and in evaluation. Usage: code_replay.py PATH/TO/reprise"""
import json
import pathlib
import subprocess
import sys
import tempfile

RECIPE = """
name: code
seed: 3
hardware: {device: cpu, torch_dtype: float32, num_threads: 1}
datasets:
  textbook: {generator: last_digit_chains_textbook, size: 200, min_level: 1, max_level: 2}
  programs: {importer: apps, path: FOLDER/problems.jsonl}
stages:
  - {stage: base, type: pretrain, tokenizer: FOLDER/tokenizer.json, hidden_size: 32, intermediate_size: 64, num_hidden_layers: 2,
     num_attention_heads: 2, num_key_value_heads: 1, max_position_embeddings: 128, dataset_name: textbook, max_steps: 3,
     per_step_batch_size: 8, tile_tokens: 200, learning_rate: 3e-3}
  - {stage: rl, type: grpo, from: base, dataset_name: programs, max_steps: 2, num_prompts_per_step: 2, num_generations: 4, learning_rate: 1e-3,
     max_prompt_length: 64, max_completion_length: 6, generation_rows: 8, tile_tokens: 300, chat_template: none, reward_funcs: [accuracy]}
  - {stage: score, type: evaluate, from: rl, dataset_name: programs, num_generations: 2, max_prompt_length: 64, chat_template: none,
     max_completion_length: 6, generation_rows: 8}
"""


def byte_tokenizer():
    """GPT-2's alphabet of bytes and no merges."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {b: chr(b) for b in plain}
    letters.update({b: chr(256 + i) for i, b in enumerate(b for b in range(256) if b not in letters)})
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    end = {"id": 256, "content": "<|endoftext|>", "special": True, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False}
    return {"version": "1.0", "added_tokens": [end], "normalizer": None, "pre_tokenizer": level, "post_processor": None, "decoder": level,
            "model": {"type": "BPE", "vocab": {**{letters[b]: b for b in range(256)}, "<|endoftext|>": 256}, "merges": []}}


def main():
    program = sys.argv[1]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="reprise-code-replay-"))
    (folder / "tokenizer.json").write_text(json.dumps(byte_tokenizer()))
    with open(folder / "problems.jsonl", "w") as out:
        for i in range(4):
            tests = {"inputs": ["", "1\n"], "outputs": [f"{i}\n", f"{i}\n"]}
            out.write(json.dumps({"id": i, "problem_id": i, "question": f"print {i}", "input_output": json.dumps(tests), "difficulty": "interview"}) + "\n")
    (folder / "recipe.yaml").write_text(RECIPE.replace("FOLDER", str(folder)))

    def run(*words):
        return subprocess.run([program, *words], capture_output=True, text=True)

    def must(condition, what, seen):
        if not condition:
            sys.exit(f"FAILED: {what}\n{seen.stdout[-3000:]}\n{seen.stderr[-3000:]}")

    first = run("run", str(folder / "recipe.yaml"), "--out", str(folder / "run"))
    must(first.returncode == 0, "the run ends well", first)
    verdicts = [json.loads(line) for line in (folder / "run/verdicts.jsonl").read_text().splitlines()]
    must(len(verdicts) >= 4 and not any(v.get("replayed") for v in verdicts), "its verdicts are kept", first)

    again = run("reproduce", str(folder / "run"), "--out", str(folder / "again"))
    must(again.returncode == 0, "it is reproduced", again)
    kept = [json.loads(line) for line in (folder / "again/verdicts.jsonl").read_text().splitlines()]
    must(f"{len(verdicts)} replayed" in again.stdout and "0 judged anew" in again.stdout, "every verdict is replayed and told", again)
    must(len(kept) == len(verdicts) and all(v.get("replayed") is True for v in kept), "and marked", again)

    # A run that cannot be replayed whole (its record lost) is judged anew, and says so.
    (folder / "run/verdicts.jsonl").unlink()
    anew = run("reproduce", str(folder / "run"), "--out", str(folder / "anew"))
    must(anew.returncode == 0 and "replayed" not in anew.stdout.replace("0 replayed", ""), "without the record the programs are judged", anew)
    print(f"code_replay: {len(verdicts)} verdicts kept and replayed: ok")


main()
