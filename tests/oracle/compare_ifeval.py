#!/usr/bin/env python3
"""IFEval's instructions decided by `reprise grade with ifeval` and by lm-evaluation-harness's copy of the authors' code: agreement for each kind.

usage: compare_ifeval.py REPRISE IFEVAL_JSONL [--texts FILE...] [--show N]
needs: lm-eval 0.4.13, langdetect, nltk 3.9 with its punkt_tab in NLTK_DATA

--texts: plain text files; their pieces are responses to the rules that count sentences and capital words, and to those of languages.
langdetect draws at random; here its seed is 0, as in ours. Two prompts ask for "#" and "!", for which the authors' code counts a random letter: left out.
"""
import argparse
import collections
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import langdetect
from lm_eval.tasks.ifeval import utils

from ifeval_responses import EDGES, responses_for

langdetect.DetectorFactory.seed = 0
sys.setrecursionlimit(20000)
parser = argparse.ArgumentParser(usage=__doc__)
parser.add_argument("reprise")
parser.add_argument("ifeval")
parser.add_argument("--texts", nargs="*", default=[])
parser.add_argument("--show", type=int, default=3)
args = parser.parse_args()

ROWS = [json.loads(line) for line in open(args.ifeval)]


def oracle(ids, kwargs, response, loose):
    example = utils.InputExample(key=0, instruction_id_list=ids, prompt="", kwargs=kwargs)
    check = utils.test_instruction_following_loose if loose else utils.test_instruction_following_strict
    try:
        return check(example, response).follow_all_instructions
    except RecursionError:  # json.loads of a thousand brackets: their program ends there
        return None


def cases():
    for number, row in enumerate(ROWS):
        rng = random.Random(number)
        whole = []
        for name, kwargs in zip(row["instruction_id_list"], row["kwargs"]):
            kwargs = {k: v for k, v in kwargs.items() if v}
            if not kwargs.get("letter", "a").isalpha():
                continue
            own = list(responses_for(name, kwargs, rng))
            whole += rng.sample(own, 3)
            for response in own + (EDGES if number % 4 == 0 or name in rare else []):
                yield name, [name], [kwargs], response
        ids = row["instruction_id_list"]
        if all(k.get("letter", "a").isalpha() for k in row["kwargs"] if k.get("letter")):
            for response in whole + ["\n".join(whole), row["prompt"]]:
                yield "a whole prompt", ids, [{k: v for k, v in one.items() if v} for one in row["kwargs"]], response
    rng = random.Random(1)
    for path in args.texts:
        text = pathlib.Path(path).read_text(errors="replace")
        for begin in range(0, len(text), 700):
            piece = text[begin : begin + rng.choice([300, 700, 1500, 3000])]
            for n in (2, 4, 6, 8, 10, 14, 20):
                yield "texts: number_sentences", ["length_constraints:number_sentences"], [{"relation": "at least", "num_sentences": n}], piece
            for n in (1, 2, 4, 8):
                yield "texts: capital_word_frequency", ["change_case:capital_word_frequency"], [{"capital_relation": "at least", "capital_frequency": n}], piece
            yield "texts: english_capital", ["change_case:english_capital"], [{}], piece.upper()
            yield "texts: response_language", ["language:response_language"], [{"language": "en"}], piece


counts = collections.Counter(i for row in ROWS for i in row["instruction_id_list"])
rare = {name for name, n in counts.items() if n < 20}
seen, todo = set(), []
for kind, ids, kwargs, response in cases():
    key = (kind, json.dumps([ids, kwargs]), response)
    if key not in seen and "<think>" not in response and "<answer>" not in response:
        seen.add(key)
        todo.append((kind, ids, kwargs, response))
print(len(todo), "cases", flush=True)

ours = {}
with tempfile.TemporaryDirectory() as folder:
    source, target = pathlib.Path(folder) / "in.jsonl", pathlib.Path(folder) / "out.jsonl"
    with open(source, "w") as out:
        for _, ids, kwargs, response in todo:
            out.write(json.dumps({"completion": response, "metadata": {"instruction_id_list": ids, "kwargs": kwargs}}) + "\n")
    for grader in ("ifeval", "ifeval_loose"):
        subprocess.run([args.reprise, "grade", "with", grader, "--input", source, "--output", target], check=True, stdout=subprocess.DEVNULL)
        ours[grader] = [json.loads(line) for line in open(target)]
table, shown, failures = collections.defaultdict(collections.Counter), collections.Counter(), 0
for i, (kind, ids, kwargs, response) in enumerate(todo):
    for grader in ours:
        theirs = oracle(ids, kwargs, response, grader == "ifeval_loose")
        if theirs is None:
            table[kind]["they crash"] += 1
            continue
        mine = ours[grader][i]
        row = table[kind]
        row[grader] += 1
        row["followed"] += theirs
        if (mine["verdict"] == "correct") != theirs or mine["verdict"] == "unverifiable":
            row[grader + " differs"] += 1
            if shown[kind] < args.show:
                shown[kind] += 1
                print("DIFFERS", kind, json.dumps(kwargs), "theirs", theirs, "ours", mine["reason"], json.dumps(response)[:400])
print(f"{'kind':45} {'strict':>8} {'differ':>7} {'loose':>8} {'differ':>7} {'followed':>9} {'they crash':>10}")
total = collections.Counter()
for kind, row in sorted(table.items()):
    total.update(row)
    print(f"{kind:45} {row['ifeval']:8} {row['ifeval differs']:7} {row['ifeval_loose']:8} {row['ifeval_loose differs']:7} {row['followed'] / max(1, row['ifeval'] + row['ifeval_loose']):9.2f} {row['they crash']:10}")
print(f"{'all':45} {total['ifeval']:8} {total['ifeval differs']:7} {total['ifeval_loose']:8} {total['ifeval_loose differs']:7}")
