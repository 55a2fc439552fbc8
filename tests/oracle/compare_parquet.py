#!/usr/bin/env python3
"""`reprise data show --jsonl` beside pyarrow on random Parquet files: nested types to depth 4, all primitive types, codecs, page versions and encodings,
dictionaries that overflow to plain, many row groups. Then seconds of both on larger files of texts, numbers and lists.

  VENV/bin/python tests/oracle/compare_parquet.py build/cpu/bin/reprise [--files 60] [--seed 1] [--megabytes 200]    (needs pyarrow; made with 26.0.1)
Exit 0 when every row of every file agrees."""
import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "golden"))
from make_parquet_golden import all_types, encoding_columns, nested_table, rows_of  # noqa: E402


def random_table(draw):
    kind = draw.choice(["types", "nested", "nested", "encodings", "texts"])
    if kind == "types":
        return all_types(draw.randrange(0, 900), draw, draw.choice([0, 0.2, 0.9])), {}
    if kind == "nested":
        return nested_table(draw.randrange(1, 6), draw.randrange(0, 900), 4, draw), {}
    if kind == "encodings":
        table = pa.table(encoding_columns(draw.randrange(1, 3000), draw))
        choices = {"int32": ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"], "int64": ["PLAIN", "DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"], "float": ["PLAIN", "BYTE_STREAM_SPLIT"], "double": ["PLAIN", "BYTE_STREAM_SPLIT"],
                   "text": ["PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"], "fixed": ["PLAIN", "DELTA_BYTE_ARRAY", "BYTE_STREAM_SPLIT"], "half": ["PLAIN", "BYTE_STREAM_SPLIT"], "bool": ["PLAIN", "RLE"]}
        return table, {"use_dictionary": False, "column_encoding": {name: draw.choice(choices[name]) for name in table.column_names}}
    words = [draw.randbytes(draw.randrange(1, 60)).hex() for _ in range(draw.choice([3, 50, 5000]))]
    n = draw.randrange(1, 4000)
    return pa.table({"t": [draw.choice(words) for _ in range(n)], "l": [[draw.choice(words) for _ in range(draw.randrange(4))] or None for _ in range(n)]}), {"dictionary_pagesize_limit": draw.choice([100, 5000, 1 << 20])}


def ours(program, path):
    done = subprocess.run([program, "data", "show", str(path), "--jsonl"], capture_output=True)
    if done.returncode != 0:
        return f"exit {done.returncode}: {done.stderr.decode()}"
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


def compare(program, folder, files, seed):
    draw, wrong, rows = random.Random(seed), 0, 0
    for number in range(files):
        table, more = random_table(draw)
        options = {"compression": draw.choice(["NONE", "SNAPPY", "GZIP", "ZSTD", "LZ4", "BROTLI"]), "data_page_version": draw.choice(["1.0", "2.0"]), "row_group_size": draw.choice([1, 7, 100, 1 << 20]), "data_page_size": draw.choice([1, 100, 1 << 20]),
                   "write_batch_size": draw.choice([1, 33, 1024]), "use_compliant_nested_type": draw.random() < 0.7, "write_page_checksum": draw.random() < 0.3, "store_schema": draw.random() < 0.5, "use_dictionary": draw.random() < 0.7} | more
        path = folder / f"{number}.parquet"
        pq.write_table(table, path, **options)
        mine = ours(program, path)
        try:
            theirs = rows_of(pq.read_table(path, arrow_extensions_enabled=True))
        except (OSError, pa.ArrowException) as fault:  # pyarrow 26 cannot read every file that it writes: what was written counts
            print(f"file {number}: pyarrow cannot read it back ({fault}); held against what it wrote")
            theirs = rows_of(table)
        rows += len(theirs)
        # Through JSON text, so that 1.0 and 1, and NaN as a word, are told apart in one way.
        if isinstance(mine, str) or len(mine) != len(theirs) or any(a != json.loads(json.dumps(b)) for a, b in zip(mine, theirs)):
            wrong += 1
            print(f"file {number} ({options}): {mine if isinstance(mine, str) else next(((i, a, b) for i, (a, b) in enumerate(zip(mine, theirs)) if a != json.loads(json.dumps(b))), 'another number of rows')}"[:2000])
    print(f"{files} files, {rows} rows, {wrong} files that differ")
    return wrong


def seconds(action):
    best = 1e9
    for _ in range(3):
        start = time.perf_counter()
        action()
        best = min(best, time.perf_counter() - start)
    return best


def measure(program, folder, megabytes):
    draw = random.Random(3)
    words = ["".join(draw.choice("etaoinshrdlu     ") for _ in range(200)) for _ in range(500)]
    text = lambda size: "".join(draw.choice(words) for _ in range(size // 200))
    n = megabytes * 1000 // 24
    tables = {"texts (a problem, two generations)": pa.table({"problem": [text(800) for _ in range(n)], "uuid": [draw.randbytes(16).hex() for _ in range(n)], "generations": [[text(12000), text(12000)] for _ in range(n)]}),
              "numbers (six columns)": pa.table({f"n{i}": pa.array([draw.random() if i % 2 else draw.getrandbits(40) for _ in range(megabytes * 5000)]) for i in range(6)})}
    for name, table in tables.items():
        for codec in ("NONE", "SNAPPY", "ZSTD"):
            path = folder / "speed.parquet"
            pq.write_table(table, path, compression=codec)
            size = sum(column.nbytes for column in table.columns) / 1e6
            columns = seconds(lambda: pq.read_table(path, use_threads=False))

            def as_rows():
                for batch in pq.ParquetFile(path).iter_batches(use_threads=False):
                    for row in batch.to_pylist():
                        json.dumps(row, ensure_ascii=False)
            rows = seconds(as_rows)
            mine = seconds(lambda: subprocess.run([program, "data", "show", str(path), "--jsonl"], stdout=subprocess.DEVNULL, check=True))
            print(f"{name}, {codec}: {size:.0f} MB; reprise to JSON Lines {size / mine:.0f} MB/s, pyarrow to JSON Lines {size / rows:.0f} MB/s, pyarrow to columns only {size / columns:.0f} MB/s")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--files", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--megabytes", type=int, default=200)
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    with tempfile.TemporaryDirectory() as folder:
        wrong = compare(arguments.program, pathlib.Path(folder), arguments.files, arguments.seed)
        if arguments.megabytes:
            measure(arguments.program, pathlib.Path(folder), arguments.megabytes)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
