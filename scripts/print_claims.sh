#!/usr/bin/env bash
# The claims of a report.json, one a line.
set -euo pipefail
/usr/bin/python3 - "$1" <<'P'
import json, sys
for c in json.load(open(sys.argv[1]))["claims"]:
    low, high = c["interval"]
    show = lambda x: "-" if x is None else f"{x:+.3f}"
    print(f"{c['verdict']:15s} {c['name']:40s} {show(c['estimate'])}  [{show(low)}, {show(high)}]")
P
