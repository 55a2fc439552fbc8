#!/usr/bin/env python3
"""Makes tests/golden/gguf_blocks.json: random blocks of every GGUF type that Reprise reads, and what gguf-py
(PyPI gguf 0.19.0) makes of them. Usage: make_gguf_golden.py > gguf_blocks.json, in a venv with gguf and numpy."""
import json

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import quants
from gguf.constants import GGML_QUANT_SIZES

TYPES = ["F32", "F16", "BF16", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q8_0", "Q4_K", "Q5_K", "Q6_K"]
# Where a block's half-precision scales stand: random bytes there could be infinities.
SCALES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208]}


def main():
    draw = np.random.default_rng(2026)
    cases = []
    for name in TYPES:
        kind = Type[name]
        block, size = GGML_QUANT_SIZES[kind]
        count = 256 // block if block > 1 else 32
        if name in SCALES:
            data = draw.integers(0, 256, size=(count, size), dtype=np.uint8)
            for at in SCALES[name]:
                scale = draw.normal(0, 0.1, size=(count, 1)).astype(np.float16)
                data[:, at:at + 2] = scale.view(np.uint8)
        else:
            values = draw.normal(0, 3, size=(1, count)).astype(np.float32)
            data = {"F32": lambda: values, "F16": lambda: values.astype(np.float16), "BF16": lambda: quants.quantize(values, kind)}[name]().view(np.uint8)
        data = data.reshape(1, -1)
        if name == "F16":  # gguf-py hands F16 to numpy
            out = data.view(np.float16).astype(np.float32)
        elif name == "F32":
            out = data.view(np.float32)
        else:
            out = quants.dequantize(data, kind)
        cases.append({"type": name, "number": int(kind), "bytes": data.tobytes().hex(), "values": out.astype("<f4").tobytes().hex()})
    print(json.dumps({"made_by": "tests/golden/make_gguf_golden.py", "cases": cases}, indent=0))


main()
