#!/usr/bin/env python3
"""The language that a text is in: ours against langdetect with seed 0, against langdetect as it comes (no seed), and CLD2 beside them.

usage: compare_languages.py REPRISE FOLDER     FOLDER/LANG/LC_MESSAGES/django.po: Django's translations (PyPI), django/conf/locale
needs: langdetect; pycld2 for the last column

Texts are translated messages joined to about 60, 200 and 600 characters, as they are and (English) in capitals. Ours is asked whether the text is in
the language that the other names.
"""
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile

import langdetect

try:
    import pycld2
except ImportError:
    pycld2 = None

LANGUAGES = "ta sw bg pt de fi pa kn th gu vi fa ko bn ar it hi te ru mr ur ne en".split()  # what IFEval asks for, and English
reprise, folder = sys.argv[1], pathlib.Path(sys.argv[2])


def messages(code):
    path = folder / code / "LC_MESSAGES" / "django.po"
    if not path.exists():
        return []
    field = "msgid" if code == "en" else "msgstr"
    found = re.findall(rf'^{field} ((?:"(?:[^"\\]|\\.)*"\n?)+)', path.read_text(encoding="utf-8"), flags=re.M)
    texts = ["".join(json.loads(part) for part in re.findall(r'"(?:[^"\\]|\\.)*"', one)) for one in found]
    return [re.sub(r"%\(\w+\)[sd]|%[sd]", "", text).strip() for text in texts if len(text) > 15 and "Project-Id" not in text]


def detected(text, seed):
    langdetect.DetectorFactory.seed = seed
    try:
        return langdetect.detect(text)
    except langdetect.LangDetectException:
        return None


cases = []
for code in LANGUAGES:
    rng, own = random.Random(code), messages(code)
    for length in (60, 200, 600):
        for _ in range(60 if own else 0):
            text = ""
            while len(text) < length:
                text += rng.choice(own) + " "
            cases.append((code, length, text))
            if code == "en":
                cases.append(("en, capitals", length, text.upper()))
rows = []
with tempfile.TemporaryDirectory() as temporary:
    source, target = pathlib.Path(temporary) / "in.jsonl", pathlib.Path(temporary) / "out.jsonl"
    with open(source, "w") as out:
        for code, length, text in cases:
            seeded, unseeded = detected(text, 0), [detected(text, None) for _ in range(3)]
            rows.append((code, length, text, seeded, unseeded))
            for language in [seeded] + unseeded:
                out.write(json.dumps({"completion": text, "metadata": {"instruction_id_list": ["language:response_language"], "kwargs": [{"language": language or "none"}]}}) + "\n")
    subprocess.run([reprise, "grade", "with", "ifeval", "--input", source, "--output", target], check=True, stdout=subprocess.DEVNULL)
    same = [json.loads(line)["verdict"] == "correct" for line in open(target)]
table = {}
for i, (code, length, text, seeded, unseeded) in enumerate(rows):
    row = table.setdefault((code, length), [0, 0, 0, 0, 0, 0])
    row[0] += 1
    row[1] += same[4 * i]
    row[2] += sum(same[4 * i + 1 : 4 * i + 4]) / 3
    row[3] += (unseeded[0] == unseeded[1]) / 3 + (unseeded[0] == unseeded[2]) / 3 + (unseeded[1] == unseeded[2]) / 3
    row[4] += seeded == code.split(",")[0]
    if pycld2:
        best = pycld2.detect("".join(c for c in text if c.isprintable()))[2][0][1]
        row[5] += (best == code.split(",")[0]) == (seeded == code.split(",")[0])
print(f"{'language':14} {'length':>6} {'texts':>6} {'as seed 0':>10} {'as unseeded':>12} {'unseeded as itself':>19} {'langdetect right':>17} {'CLD2 decides alike':>19}")
total = [0] * 6
for (code, length), row in table.items():
    total = [a + b for a, b in zip(total, row)]
    print(f"{code:14} {length:6} {row[0]:6}" + "".join(f"{row[k] / row[0]:{w}.3f}" for k, w in ((1, 11), (2, 13), (3, 20), (4, 18), (5, 20))))
print(f"{'all':14} {'':6} {total[0]:6}" + "".join(f"{total[k] / total[0]:{w}.3f}" for k, w in ((1, 11), (2, 13), (3, 20), (4, 18), (5, 20))))
