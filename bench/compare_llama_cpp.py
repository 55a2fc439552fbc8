#!/usr/bin/env python3
"""Sampling from the same float32 weights in Reprise and in llama.cpp, in turn, on the same threads; prints the ratios of the medians.

  bench/compare_llama_cpp.py build/cpu/bin/reprise models/SmolLM2-135M-Instruct.Q4_1.gguf [--rounds 3] [--venv bench/.venv]

Makes the venv if it is not there (llama-cpp-python 0.3.36 compiles llama.cpp for this machine; gguf for the weights). The file's
weights are written once more as float32 for llama.cpp; Reprise decodes the given file to float32 itself. Every sequence has its own
prompt of random tokens and exactly as many new tokens as asked. llama.cpp takes the most likely token (its cheapest sampler), Reprise
draws at temperature 1 and keeps the token's log-probs. "decode" leaves the prompts' pass out: the time with one new token is
subtracted on both sides."""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def venv_python(folder):
    python = pathlib.Path(folder) / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "llama-cpp-python==0.3.36", "gguf"], check=True)
    return str(python)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--venv", default=str(HERE / ".venv"))
    arguments = parser.parse_args()
    python = venv_python(arguments.venv)
    prompt_length, new_tokens = 64, 48

    with tempfile.TemporaryDirectory() as folder:
        weights = str(pathlib.Path(folder) / "f32.gguf")
        subprocess.run([python, str(HERE / "llama_cpp_work.py"), "write-f32", arguments.model, weights], check=True)

        def ours(sequences, tokens):
            said = subprocess.run([arguments.program, "bench", "rollout", "--model", arguments.model, "--prompts", str(sequences), "--generations", "1",
                                   "--prompt-length", str(prompt_length), "--new-tokens", str(tokens), "--repeats", "3", "--num-threads", str(arguments.threads), "--json"],
                                  capture_output=True, text=True, check=True).stdout
            return json.loads(said)["seconds"]

        def theirs(sequences, tokens):
            said = subprocess.run([python, str(HERE / "llama_cpp_work.py"), "sample", weights, str(sequences), str(prompt_length), str(tokens), str(arguments.threads)],
                                  capture_output=True, text=True)
            if said.returncode != 0:
                sys.exit(f"llama_cpp_work.py failed: {said.stderr[-2000:]}")
            return json.loads(said.stdout.strip().splitlines()[-1])["seconds"]

        for sequences in (16, 1):
            whole, decode, rates = [], [], []
            for _ in range(arguments.rounds):
                a, b = ours(sequences, new_tokens), theirs(sequences, new_tokens)
                a_first, b_first = ours(sequences, 1), theirs(sequences, 1)
                whole.append((b / a, a, b))
                decode.append((b - b_first) / (a - a_first))
                rates.append((sequences * (new_tokens - 1) / (a - a_first), sequences * (new_tokens - 1) / (b - b_first)))
            middle = sorted(whole)[len(whole) // 2]
            print(f"{sequences:2} x {prompt_length}+{new_tokens}: ours {middle[1]:.2f} s, theirs {middle[2]:.2f} s, ratio {middle[0]:.2f}; decode ratio {statistics.median(decode):.2f} "
                  f"({statistics.median(r[0] for r in rates):.0f} and {statistics.median(r[1] for r in rates):.0f} tokens/s)", flush=True)


if __name__ == "__main__":
    main()
