#!/usr/bin/env python3
"""Registers, shared memory and spills of every kernel, as ptxas reports them, written into docs/kernels.md.

    scripts/kernel_resources.py [--architectures 80,90] [--check]

Compiles each src/kernels/ops/*_cuda.cu with the flags of the build (no card is needed). Fails when a kernel spills
registers to memory; with --check also when the table in docs/kernels.md is not what it found, and writes nothing.
"""
import argparse
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
OPS = ROOT / "src/kernels/ops"
PAGE = ROOT / "docs/kernels.md"
BEGIN, END = "<!-- kernel_resources.py begins -->", "<!-- kernel_resources.py ends -->"
REGISTERS_OF_SM, WARPS_OF_SM, BLOCKS_OF_SM = 65536, 64, 32  # sm_80, sm_90


def reports(source, architecture):
    """(kernel, registers, shared bytes, spilled bytes) for each instantiation."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["nvcc", "-std=c++20", "-O3", "--fmad=false", f"-gencode=arch=compute_{architecture},code=sm_{architecture}", "-Xptxas", "-v",
                   "-I", str(ROOT / "src"), "-c", str(source), "-o", os.path.join(folder, "out.o")]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{source.name}: {done.stderr[-2000:]}")
    out, name, spilled = [], None, 0
    for line in done.stderr.splitlines():
        if found := re.search(r"Compiling entry function '(\w+)'", line):
            name = re.search(r"\d+([a-z][a-z_]*_kernel)", found[1])[1]
        elif found := re.search(r"(\d+) bytes spill stores, (\d+) bytes spill loads", line):
            spilled = int(found[1]) + int(found[2])
        elif name and (found := re.search(r"Used (\d+) registers", line)):
            shared = re.search(r"(\d+) bytes smem", line)
            out.append((name, int(found[1]), int(shared[1]) if shared else 0, spilled))
            name = None
    return out


def threads_of(source, kernel):
    text = source.read_text()
    bound = re.search(r"__launch_bounds__\((\w+)[^)]*\)\s+" + kernel + r"\(", text)[1]
    return 32 if bound == "kWarp" else int(re.search(r"constexpr unsigned " + bound + r" = (\d+)", text)[1])


def table(architectures):
    lines = ["| kernel | threads | variants | " + " | ".join(f"sm_{a}: registers | shared bytes | spilled bytes | warps an SM" for a in architectures) + " |",
             "|---|---|---|" + "---|" * 4 * len(architectures)]
    spills = []
    for source in sorted(OPS.glob("*_cuda.cu")):
        found = {a: reports(source, a) for a in architectures}
        for kernel in sorted({name for name, *_ in found[architectures[0]]}):
            threads = threads_of(source, kernel)
            cells = []
            for a in architectures:
                rows = [r for r in found[a] if r[0] == kernel]
                registers = [r[1] for r in rows]
                most = -(-max(registers) // 8) * 8  # given out in eights
                warps = min(WARPS_OF_SM, min(BLOCKS_OF_SM, REGISTERS_OF_SM // (most * threads)) * threads // 32)
                spilled = sum(r[3] for r in rows)
                if spilled:
                    spills.append(f"{kernel} (sm_{a}): {spilled} bytes")
                span = str(max(registers)) if min(registers) == max(registers) else f"{min(registers)}-{max(registers)}"
                cells.append(f"{span} | {max(r[2] for r in rows)} | {spilled} | {warps}")
            variants = len([r for r in found[architectures[0]] if r[0] == kernel])
            lines.append(f"| {kernel} | {threads} | {variants} | " + " | ".join(cells) + " |")
    return "\n".join(lines), spills


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--architectures", default="80,90")
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    version = re.search(r"V([\d.]+)", subprocess.run(["nvcc", "--version"], capture_output=True, text=True).stdout)[1]
    rows, spills = table(arguments.architectures.split(","))
    made = (f"{BEGIN}\nMade by scripts/kernel_resources.py with nvcc {version}. Variants are element types, wide and narrow accesses, head sizes; registers from the leanest to the\n"
            f"hungriest of them, warps an SM by the registers of the hungriest. Shared memory without what a launch adds (rms_norm_backward: 4 bytes a column).\n\n{rows}\n{END}")
    page = PAGE.read_text()
    begin, end = page.index(BEGIN), page.index(END) + len(END)
    if arguments.check:
        if page[begin:end] != made:
            sys.exit("docs/kernels.md is stale: scripts/kernel_resources.py")
    else:
        PAGE.write_text(page[:begin] + made + page[end:])
    if spills:
        sys.exit("registers are spilled: " + "; ".join(spills))


main()
