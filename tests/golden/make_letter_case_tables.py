#!/usr/bin/env python3
"""Writes src/text/letter_case_tables.cpp: capital, small and title letters, their small forms and Python's further pairs of equal letters
(re.IGNORECASE), and decimal digits, all as CPython has them. Run with the CPython whose decisions are to be met (checked in: 3.11, Unicode 14).

usage: make_letter_case_tables.py src/text/letter_case_tables.cpp
"""
import _sre
import re._casefix
import sys
import unicodedata


def runs(values):
    """(first, last, stride, value) with strides of 1 or 2: capitals and small letters alternate in many blocks."""
    out = []
    while values:
        first = min(values)
        spans = []
        for stride in (1, 2):
            last = first
            while values.get(last + stride) == values[first]:
                last += stride
            spans.append(((last - first) // stride, last, stride))
        _, last, stride = max(spans, key=lambda span: (span[0], -span[2]))
        out.append((first, last, stride, values[first]))
        for c in range(first, last + 1, stride):
            del values[c]
    return out


points = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
small = {c: _sre.unicode_tolower(c) - c for c in points if _sre.unicode_tolower(c) != c}
kinds = {c: 1 if chr(c).isupper() else 2 if chr(c).islower() else 3 for c in points if chr(c).isupper() or chr(c).islower() or chr(c).istitle()}
zeros = [c for c in points if chr(c).isdecimal() and int(chr(c)) == 0]
assert all(chr(z + d).isdecimal() and int(chr(z + d)) == d for z in zeros for d in range(10)) and sum(chr(c).isdecimal() for c in points) == 10 * len(zeros)
assert [c for c in points if chr(c).lower() != chr(_sre.unicode_tolower(c))] == [0x130]  # the one letter with a small form of two
pairs = sorted((a, b) for a, others in re._casefix._EXTRA_CASES.items() for b in others)


def rows(kind, name, values):
    out, line = [f"const {kind} {name}[] = {{"], "   "
    for value in values:
        item = " {" + ", ".join(f"0x{x:X}" if i < 2 else str(x) for i, x in enumerate(value)) + "}," if isinstance(value, tuple) else f" 0x{value:X},"
        if len(line) + len(item) > 150:
            out.append(line)
            line = "   "
        line += item
    return out + [line, "};", f"const size_t {name}Count = sizeof {name} / sizeof {name}[0];", ""]


text = [f"// Letters' cases as CPython {sys.version_info[0]}.{sys.version_info[1]} (Unicode {unicodedata.unidata_version}) has them, made by tests/golden/make_letter_case_tables.py: do not edit.",
        '#include "text/letter_case_tables.h"', "", "namespace reprise::text {", ""]
text += rows("LetterRun", "kSmallForms", runs(small)) + rows("LetterRun", "kLetterCases", runs(kinds))
text += rows("LetterPair", "kEqualLetters", pairs) + rows("uint32_t", "kDecimalZeros", zeros) + ["}  // namespace reprise::text"]
open(sys.argv[1], "w").write("\n".join(text) + "\n")
