#!/usr/bin/env python3
"""Writes src/text/unicode_tables.cpp.

Letters, numbers, marks, punctuation and symbols are Unicode 16.0 (what Hugging Face tokenizers' regex engine has), from
PyPI unicodedata2==16.0.0. Normalisation is Unicode 9.0 (what their NFC has): decompositions and combining classes of the
same data, kept for the code points that existed then, by DerivedAge.txt (Debian package unicode-data).

usage: make_unicode_tables.py /usr/share/unicode/DerivedAge.txt src/text/unicode_tables.cpp
"""
import sys
import unicodedata2 as u

assert u.unidata_version == "16.0.0"
age_file, out_file = sys.argv[1:3]

old = bytearray(0x110000)
for line in open(age_file):
    line = line.split("#")[0].strip()
    if not line:
        continue
    span, version = [p.strip() for p in line.split(";")]
    if float(version) > 9.0:
        continue
    first, *last = span.split("..")
    for c in range(int(first, 16), int(last[0] if last else first, 16) + 1):
        old[c] = 1

CLASSES = {"L": 1, "N": 2, "M": 3, "P": 4, "S": 5}
WHITE = {9, 10, 11, 12, 13, 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000}
kinds = [6 if c in WHITE else CLASSES.get(u.category(chr(c))[0], 0) for c in range(0x110000)]

ranges = []
for c, kind in enumerate(kinds):
    if c == 0 or kind != kinds[c - 1]:
        ranges.append((c, kind))

classes, decompositions, compositions = [], [], []
excluded = set()
for c in range(0x110000):
    if not old[c] or 0xD800 <= c < 0xE000:
        continue
    if u.combining(chr(c)):
        classes.append((c, u.combining(chr(c))))
    d = u.decomposition(chr(c))
    if d and not d.startswith("<") and not 0xAC00 <= c <= 0xD7A3:
        parts = [int(p, 16) for p in d.split()]
        decompositions.append((c, parts[0], parts[1] if len(parts) > 1 else 0))
        if len(parts) == 2 and u.normalize("NFC", chr(c)) == chr(c):
            compositions.append((parts[0], parts[1], c))

def rows(name, kind, values, width):
    out = [f"const {kind} {name}[] = {{"]
    line = "   "
    for v in values:
        item = " {" + ", ".join(f"0x{x:X}" for x in v) + "}," if width > 1 else f" 0x{v:X},"
        if len(line) + len(item) > 116:
            out.append(line)
            line = "   "
        line += item
    out += [line, "};", f"const size_t {name}Count = sizeof {name} / sizeof {name}[0];", ""]
    return out

text = ["// Unicode tables, made by tests/golden/make_unicode_tables.py: do not edit. Classes are Unicode 16.0, normalisation is",
        "// Unicode 9.0, because that is what Hugging Face tokenizers has of each.",
        '#include "text/unicode_tables.h"', "", "namespace reprise::text {", ""]
text += rows("kClassRanges", "uint32_t", [(c << 3) | k for c, k in ranges], 1)
text += rows("kCombiningClasses", "CombiningClass", classes, 2)
text += rows("kDecompositions", "Decomposition", decompositions, 3)
text += rows("kCompositions", "Composition", sorted(compositions), 3)
text += ["}  // namespace reprise::text"]
open(out_file, "w").write("\n".join(text) + "\n")
print(len(ranges), "class ranges,", len(classes), "marks,", len(decompositions), "decompositions,", len(compositions), "compositions")
