#!/usr/bin/env python3
"""The same work in Reprise and in TRL / transformers, in turn, on the same threads; prints the ratios of the medians.

  bench/compare_trl.py build/cpu/bin/reprise [--rounds 3] [--venv bench/.venv]

Makes the venv if it is not there (trl 1.16.0, transformers, torch 2.11 from PyPI). The model is a Qwen2 of 4 layers, hidden 256,
intermediate 704, 4 heads (2 KV), vocabulary 4096, tied, float32, random weights: both sides do the same products.
  rollout  64 sequences, 64 + 128 tokens     transformers' generate, without a stop token
  sft      8 x 256 tokens, AdamW             a training step of transformers' model
  grpo     8 prompts x 8 completions, 64 + exactly 128 tokens, one update, beta 0      TRL's GRPOTrainer"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
WORKS = ("rollout", "sft", "grpo")


def venv_python(folder):
    python = pathlib.Path(folder) / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "torch==2.11.0", "trl==1.16.0"], check=True)
    return str(python)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--venv", default=str(HERE / ".venv"))
    parser.add_argument("--work", choices=WORKS, nargs="*", default=list(WORKS))
    arguments = parser.parse_args()
    python = venv_python(arguments.venv)
    for work in arguments.work:
        ours, theirs, share = [], [], []
        for _ in range(arguments.rounds):
            said = subprocess.run([arguments.program, "bench", work, "--json", "--num-threads", str(arguments.threads)], capture_output=True, text=True, check=True).stdout
            result = json.loads(said)
            ours.append(result["seconds"])
            share.append(result["share_of_gemm"])
            said = subprocess.run([python, str(HERE / "trl_work.py"), work, str(arguments.threads)], capture_output=True, text=True)
            if said.returncode != 0:
                sys.exit(f"trl_work.py failed: {said.stderr[-2000:]}")
            theirs.append(json.loads(said.stdout.strip().splitlines()[-1])["seconds"])
        ratio = statistics.median(t / o for t, o in zip(theirs, ours))
        print(f"{work:8} ours {statistics.median(ours):.3f} s, theirs {statistics.median(theirs):.3f} s, ratio {ratio:.2f}; ours at {100 * statistics.median(share):.0f} % of a large product's rate", flush=True)


if __name__ == "__main__":
    main()
