#!/usr/bin/env python3
"""Holds `reprise tokenize` against Hugging Face tokenizers: ids with and without special tokens and both decodings, on
the shared cases and on texts made here from a seed; then the speed of both on the same lines, one thread each.

  compare_tokenizers.py build/cpu/bin/reprise --data ../shared/data [--texts 3000] [--speed-megabytes 8]

Needs `pip install -r tests/oracle/requirements.txt`. Exit code 1 at the first difference (the first ten are shown)."""
import argparse
import gzip
import json
import os
import random
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer  # noqa: E402

RANGES = [(0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F),
          (0x1100, 0x11FF), (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x218F), (0x2200, 0x23FF), (0x2500, 0x27BF), (0x3000, 0x30FF),
          (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFE00, 0xFE0F), (0xFF00, 0xFFEF), (0x1D400, 0x1D7FF),
          (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF), (0xE0000, 0xE007F)]
PIECES = ["\n", "\r\n", "\n\n\n", "\t", "  ", "   ", " ", "'s", "'LL", "'re", "’s", "123", "1234567", "0.5", "\u3000", "\u00a0", "\u200d", "\ufeff", "\u2028",
          "e\u0301", "ﬁ", "Å", "\u1e9b\u0323", "don't", "I'M", "\\frac{1}{2}", "====", "->", "def f(x):\n    return x", "<|endoftext|>", "<|im_start|>",
          "<｜User｜>", "<think>", "</think>", "<|im_end", "<s>", "\x00", "\x7f", "👩‍👩‍👧", "🇩🇪", "한국어", "日本語", "العربية", "ไทย"]


def texts_of(seed, count, corpus):
    draw = random.Random(seed)
    out = ["", " ", "\n", "a" * 5000, " " * 3000, "1" * 2000, "é" * 1000, "\n" * 500, "<|endoftext|>" * 50]
    while len(out) < count:
        kind = draw.random()
        if kind < 0.35:
            text = ""
            for _ in range(draw.randint(1, 30)):
                if draw.random() < 0.35:
                    text += draw.choice(PIECES)
                else:
                    low, high = draw.choice(RANGES)
                    text += "".join(chr(draw.randint(low, high)) for _ in range(draw.randint(1, 6)))
            out.append(text)
        elif kind < 0.7:
            line = draw.choice(corpus)
            a = draw.randint(0, max(0, len(line) - 1))
            text = line[a:a + draw.randint(1, 200)]
            if draw.random() < 0.5 and text:
                at = draw.randint(0, len(text))
                text = text[:at] + draw.choice(PIECES) + text[at:]
            out.append(text)
        else:
            out.append("".join(chr(c) for c in (draw.randint(0, 0x10FFFF) for _ in range(draw.randint(1, 40))) if not 0xD800 <= c < 0xE000))
    return out


def run(program, tokenizer, lines, *flags):
    done = subprocess.run([program, "tokenize", "--tokenizer", tokenizer, *flags], input="\n".join(lines) + "\n", capture_output=True, text=True, encoding="utf-8")
    if done.returncode != 0:
        sys.exit("reprise tokenize failed: " + done.stderr)
    return done.stdout.split("\n")[:-1], done.stderr


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("program")
    arguments.add_argument("--data", required=True)
    arguments.add_argument("--texts", type=int, default=3000)
    arguments.add_argument("--speed-megabytes", type=float, default=8)
    options = arguments.parse_args()
    corpus = [json.loads(line)["question"] + "\n" + json.loads(line)["answer"] for line in gzip.open(options.data + "/gsm8k/train.jsonl.gz", "rt")]
    with gzip.open(options.data + "/math/math_train.jsonl.gz", "rt") as rows:
        corpus += [json.loads(line)["solution"] for line in rows]
    differences = 0
    print(f"{'tokenizer':28} {'cases':>6} {'texts':>6} {'differ':>6}   {'reprise':>9} {'HF':>9}  ratio")
    folder = options.data + "/tokenizers"
    for name in sorted(os.listdir(folder)):
        file = f"{folder}/{name}/tokenizer.json.gz"
        if not os.path.exists(file):
            continue
        theirs = Tokenizer.from_str(gzip.open(file, "rt", encoding="utf-8").read())
        cases = [json.loads(line) for line in open(f"{folder}/{name}/encode_cases.jsonl", encoding="utf-8")]
        made = texts_of(20261123, options.texts, corpus)
        texts = [case["text"] for case in cases] + made
        lines = [json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028") for text in texts]
        wrong = 0

        def compare(what, text, ours, expected):
            nonlocal wrong
            if ours != expected:
                wrong += 1
                if wrong <= 10:
                    print(f"  {name} {what}: {text!r}\n    reprise {ours!r}\n    HF      {expected!r}")

        for special in (False, True):
            out, _ = run(options.program, file, lines, "--json", *(["--add-special-tokens"] if special else []))
            for i, text in enumerate(texts):
                ids = [int(word) for word in out[i].split()]
                compare("encode", text, ids, theirs.encode(text, add_special_tokens=special).ids)
                if not special and i < len(cases):
                    compare("shared case", text, ids, cases[i]["ids"])
        ids = [theirs.encode(text, add_special_tokens=False).ids for text in texts]
        # Decoding any ids at all, not only those of texts.
        draw = random.Random(7)
        ids += [[draw.randrange(theirs.get_vocab_size()) for _ in range(draw.randint(1, 30))] for _ in range(500)]
        id_lines = [" ".join(map(str, row)) for row in ids]
        for skip in (False, True):
            out, _ = run(options.program, file, id_lines, "--decode", "--json", *(["--skip-special-tokens"] if skip else []))
            for i, row in enumerate(ids):
                compare("decode", row, json.loads(out[i]), theirs.decode(row, skip_special_tokens=skip))
                if i < len(cases):
                    compare("shared decoding", row, json.loads(out[i]), cases[i]["decoded_skip_special" if skip else "decoded_keep_special"])
        # Speed: the same lines, one thread.
        sample, size = [], 0
        while size < options.speed_megabytes * 1e6:
            for text in corpus:
                sample.append(text)
                size += len(text.encode())
                if size >= options.speed_megabytes * 1e6:
                    break
        speed_lines = [json.dumps(text) for text in sample]
        _, said = run(options.program, file, speed_lines, "--json", "--bench")
        ours = float(said.split(":")[-1].split()[0])
        start = time.perf_counter()
        for text in sample:
            theirs.encode(text, add_special_tokens=False)
        one = size / 1e6 / (time.perf_counter() - start)
        start = time.perf_counter()
        for begin in range(0, len(sample), 1000):
            theirs.encode_batch_fast(sample[begin:begin + 1000], add_special_tokens=False)
        batch = size / 1e6 / (time.perf_counter() - start)
        best = max(one, batch)
        print(f"{name:28} {len(cases):6} {len(made):6} {wrong:6}   {ours:5.1f} MB/s {best:5.1f} MB/s  {ours / best:.1f}")
        differences += wrong
    print(f"{differences} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
