#!/usr/bin/env python3
"""Writes src/grading/instructions/sentence_model.cpp: what nltk's English Punkt model (punkt_tab, trained on the Wall Street Journal by
Strunk) knows of abbreviations and of words that begin sentences, in full, and of the capitals of common words, for the words that the
file lists already (about 1,400 of the model's 20,000: the common ones and single letters, they decide nearly every case that comes up).

usage: make_sentence_model.py PUNKT_TAB/english src/grading/instructions/sentence_model.cpp [WORDS...]     (further words to take in)
"""
import pathlib
import re
import sys

model, out = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
MIDDLE_CAPITAL, SMALL = 1 << 2, (1 << 4) | (1 << 5) | (1 << 6)  # nltk.tokenize.punkt's bits: met capitalised inside a sentence; met in small letters
context = {w: int(n) for w, n in (line.split("\t") for line in (model / "ortho_context.tab").read_text().splitlines())}
known = set(" ".join(re.findall(r'"(.*)"', out.read_text().split("kSmallWords")[1])).split()) if out.exists() else set()
words = sorted(w for w in known | set(sys.argv[3:]) if context.get(w, 0) & SMALL)
lists = {
    "kAbbreviations": sorted(set((model / "abbrev_types.txt").read_text().splitlines()) - {". ."}),  # that one, which is ". . .", is in the code
    "kSentenceStarters": sorted((model / "sent_starters.txt").read_text().split()),
    "kSmallWords": [w for w in words if not context[w] & MIDDLE_CAPITAL],
    "kSometimesCapital": [w for w in words if context[w] & MIDDLE_CAPITAL],
}
text = ["// Facts about English words from nltk's Punkt model, made by tests/golden/make_sentence_model.py: do not edit.", '#include "grading/instructions/sentence_model.h"', "",
        "namespace reprise::grading::instructions {", ""]
for name, members in lists.items():
    text.append(f"const char* const {name} =")
    line = ""
    for word in members:
        if len(line) + len(word) > 140:
            text.append(f'    "{line}"')
            line = ""
        line += word + " "
    text += [f'    "{line}";', ""]
out.write_text("\n".join(text + ["}  // namespace reprise::grading::instructions", ""]))
print({name: len(members) for name, members in lists.items()})
