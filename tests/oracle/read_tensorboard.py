#!/usr/bin/env python3
"""Reads the event files of a run with TensorBoard itself and holds them against metrics.jsonl.

  read_tensorboard.py RUN           needs `pip install tensorboard`; exit code 1 at the first difference"""
import json
import math
import pathlib
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def main():
    run = pathlib.Path(sys.argv[1])
    stages = scalars = 0
    for metrics in sorted(run.glob("stages/*/metrics.jsonl")):
        events = EventAccumulator(str(metrics.parent), size_guidance={"scalars": 0})
        events.Reload()
        read = {tag: {e.step: e.value for e in events.Scalars(tag)} for tag in events.Tags()["scalars"]}
        for line in metrics.read_text().splitlines():
            row = json.loads(line)
            for name, value in row.items():
                if name == "step" or not isinstance(value, (int, float)) or isinstance(value, bool):
                    continue
                found = read.get(name, {}).get(row["step"])
                if found is None or not math.isclose(found, value, rel_tol=1e-6, abs_tol=1e-30):
                    sys.exit(f"{metrics}: step {row['step']} {name}: {value} in metrics.jsonl, {found} in TensorBoard")
                scalars += 1
        stages += 1
    print(f"{stages} stages, {scalars} scalars, 0 differences")


if __name__ == "__main__":
    main()
