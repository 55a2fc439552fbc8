#!/usr/bin/env python3
"""The search for overlaps and a plain Python version of it on the same texts, one thread each, in turn; prints MB/s and the ratio.

  bench/compare_overlap.py build/cpu/bin/reprise --data ../shared/data [--rounds 3]

Plain Python: words by one regular expression (without the rules for LaTeX and Unicode: less work than ours), n-grams of 8, 10 and 13 words as tuples in a
dictionary, near-duplicates by sets of 3-word shingles over an inverted index. Both read their texts into memory first. Needs nothing but Python."""
import argparse
import collections
import gzip
import json
import pathlib
import re
import statistics
import subprocess
import time

WORD = re.compile(r"[a-z]+|[0-9]+")
CASES = [("prose (GSM8K train)", "gsm8k/train.jsonl.gz", ["math500", "gsm8k", "aime24"]), ("mathematics (MATH train)", "math/math_train.jsonl.gz", ["math500", "gsm8k", "aime24"]),
         ("long chains of thought (Marco-o1)", "train_sft/marco_o1_cot_demo.json", ["math500", "gsm8k", "aime24"]),
         ("MATH train against all of MATH: a third of the rows is hit", "math/math_train.jsonl.gz", ["math"])]
FILES = {"math500": "math/math500_test.jsonl", "gsm8k": "gsm8k/test.jsonl", "aime24": "aime/aime24.jsonl", "math": "math/math_test.jsonl.gz"}


def rows(path):
    data = path.read_bytes()
    text = (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode()
    return json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines() if line.strip()]


def texts(value):
    if isinstance(value, str):
        return [value] if " " in value.strip() else []
    if isinstance(value, (list, dict)):
        return [text for inner in (value.values() if isinstance(value, dict) else value) for text in texts(inner)]
    return []


def runs(words, n):
    return {tuple(words[i:i + n]) for i in range(len(words) - n + 1)}


def plain(problems, training):
    grams = {n: collections.defaultdict(set) for n in (8, 10, 13)}
    shingles, where = [], collections.defaultdict(list)
    for number, parts in enumerate(problems):
        for part in parts:
            words = WORD.findall(part.lower())
            for n, known in grams.items():
                for run in runs(words, n):
                    known[run].add(number)
            shingles.append(runs(words, 3))
            for run in shingles[-1]:
                where[run].append(len(shingles) - 1)
    limit = max(1, len(problems) // 100)
    grams = {n: {run: who for run, who in known.items() if len(who) <= limit} for n, known in grams.items()}
    start = time.perf_counter()
    hit = 0
    for row in training:
        any_hit = False
        for text in row:
            words = WORD.findall(text.lower())
            for n, known in grams.items():
                for i in range(len(words) - n + 1):
                    if tuple(words[i:i + n]) in known and n == 10:
                        any_hit = True
            own = runs(words, 3)
            count = collections.Counter(number for run in own for number in where.get(run, ()))
            any_hit = any_hit or any(both / (len(own) + len(shingles[number]) - both) >= 0.8 for number, both in count.items())
        hit += any_hit
    return time.perf_counter() - start, hit


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    for name, file, benchmarks in CASES:
        problems = [[row.get("problem") or row.get("question")] + [row[key] for key in ("solution", "answer") if isinstance(row.get(key), str)] for b in benchmarks for row in rows(arguments.data / FILES[b])]
        training = [texts(row) for row in rows(arguments.data / file)]
        size = sum(len(text.encode()) for row in training for text in row) / 1e6
        ours, theirs = [], []
        for _ in range(arguments.rounds):
            told = json.loads(subprocess.run([arguments.program, "bench", "overlap", "--training", str(arguments.data / file), "--benchmark", *benchmarks, "--json"], capture_output=True, text=True, check=True).stdout)
            ours.append(told["seconds"])
            seconds, hit = plain(problems, training)
            theirs.append(seconds)
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"{name}: {size:.1f} MB, ours {told['bytes'] / 1e6 / a:.1f} MB/s ({told['rows_hit']} rows hit), plain Python {size / b:.2f} MB/s ({hit} rows hit), ratio {b / a:.0f}", flush=True)


if __name__ == "__main__":
    main()
