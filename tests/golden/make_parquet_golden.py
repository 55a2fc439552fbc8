#!/usr/bin/env python3
"""Makes tests/golden/parquet: small files over types, encodings, codecs, page versions, nesting and nulls, and expected.json.gz with the rows of each as
pyarrow reads them. What tests/io/parquet_test.cpp checks. Contents are invented. Made with pyarrow 26.0.1: python tests/golden/make_parquet_golden.py
Files that pyarrow cannot write come from parquet_by_hand.py; pyarrow's reading of those is held against the rows that were meant."""
import base64
import datetime
import decimal
import gzip
import json
import math
import pathlib
import random
import sys

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = pathlib.Path(__file__).parent / "parquet"


def plain_text(data):
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "base64:" + base64.b64encode(data).decode()


def as_json(scalar):
    """An arrow scalar as docs/formats.md says that it becomes JSON."""
    if not scalar.is_valid:
        return None
    kind = scalar.type
    if isinstance(kind, pa.BaseExtensionType):
        if kind.extension_name == "arrow.json":
            try:
                return json.loads(scalar.value.as_py())
            except ValueError:
                return scalar.value.as_py()
        if kind.extension_name == "arrow.uuid":
            return str(scalar.as_py())
        return as_json(scalar.value)
    if pa.types.is_map(kind):
        pairs = [(as_json(pair[0]), as_json(pair[1])) for pair in scalar.values]
        return dict(pairs) if pa.types.is_string(kind.key_type) or pa.types.is_large_string(kind.key_type) else [list(pair) for pair in pairs]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return [as_json(value) for value in scalar.values]
    if pa.types.is_struct(kind):
        return {field.name: as_json(scalar[i]) for i, field in enumerate(kind)}
    if pa.types.is_dictionary(kind):
        return as_json(scalar.value)
    if pa.types.is_date(kind) or pa.types.is_time(kind):
        return scalar.cast(pa.string()).as_py()
    if pa.types.is_timestamp(kind):
        return scalar.cast(pa.string()).as_py().replace(" ", "T")
    if pa.types.is_decimal(kind):
        return format(scalar.as_py(), "f")
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return plain_text(scalar.as_py())
    if pa.types.is_floating(kind):
        value = float(scalar.as_py())
        return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity") if math.isinf(value) else value
    return scalar.as_py()


def rows_of(table):
    columns = [[as_json(value) for value in column] for column in table.columns]
    return [dict(zip(table.column_names, row)) for row in zip(*columns)] if columns else []


def with_nulls(values, draw, share=0.2):
    return [None if draw.random() < share else value for value in values]


def all_types(n, draw, nulls=0.2):
    def column(make, kind):
        return pa.array(with_nulls([make() for _ in range(n)], draw, nulls), type=kind)

    whole = lambda bits, signed: lambda: draw.choice([draw.getrandbits(bits - signed), 0, (1 << bits - signed) - 1] + ([-(1 << bits - 1), -1 - draw.getrandbits(bits - 1)] if signed else []))
    text = lambda: draw.choice(["", "a", "żółw 🐢", "line\nbreak \"quoted\"", "x" * draw.randrange(40), "tail\\"])
    date = lambda: datetime.date(draw.randrange(1, 9999), draw.randrange(1, 13), draw.randrange(1, 29))
    columns = {f"int{b}": column(whole(b, 1), f"int{b}") for b in (8, 16, 32, 64)}
    columns |= {f"uint{b}": column(whole(b, 0), f"uint{b}") for b in (8, 16, 32, 64)}
    columns["bool"] = column(lambda: draw.random() < 0.5, pa.bool_())
    columns["float"] = column(lambda: draw.choice([0.1, -0.0, math.inf, -math.inf, math.nan, draw.gauss(0, 1e10), 1e-45]), pa.float32())
    columns["double"] = column(lambda: draw.choice([0.1, math.nan, -math.inf, draw.gauss(0, 1), 5e-324, 1.7976931348623157e308]), pa.float64())
    columns["half"] = column(lambda: draw.choice([0.1, -65504.0, 6e-8, math.inf, math.nan, 1.0]), pa.float16())
    columns["text"] = column(text, pa.string())
    columns["large_text"] = column(text, pa.large_string())
    columns["bytes"] = column(lambda: draw.choice([b"", b"ascii", b"\xff\x00\xfe", "é".encode(), bytes(draw.getrandbits(8) for _ in range(5))]), pa.binary())
    columns["fixed"] = column(lambda: draw.choice([b"abc", b"\xf0\x28\x8c"]), pa.binary(3))
    for kind, digits, scale in ((pa.decimal128, 9, 2), (pa.decimal128, 18, 0), (pa.decimal128, 38, 10), (pa.decimal256, 76, 38)):
        columns[f"decimal{digits}"] = column(lambda d=digits, s=scale: decimal.Decimal(draw.choice([draw.randrange(-10**d + 1, 10**d), draw.randrange(-999, 999), 0])).scaleb(-s, decimal.Context(prec=80)), kind(digits, scale))
    columns["date"] = column(date, pa.date32())
    columns["time_ms"] = column(lambda: draw.randrange(86_400_000), pa.time32("ms"))
    columns["time_us"] = column(lambda: draw.randrange(86_400_000_000), pa.time64("us"))
    columns["time_ns"] = column(lambda: draw.randrange(86_400_000_000_000), pa.time64("ns"))
    for unit, most in (("ms", 2 * 10**14), ("us", 2 * 10**17 // 1000 * 1000), ("ns", 9 * 10**18)):
        columns[f"stamp_{unit}"] = column(lambda m=most: draw.choice([draw.randrange(-m // 4, m), -1, 0]), pa.timestamp(unit))
        columns[f"stamp_{unit}_utc"] = column(lambda m=most: draw.randrange(-m // 4, m), pa.timestamp(unit, "UTC"))
    columns["nothing"] = pa.nulls(n)
    columns["uuid"] = pa.ExtensionArray.from_storage(pa.uuid(), pa.array(with_nulls([draw.randbytes(16) for _ in range(n)], draw, nulls), pa.binary(16)))
    columns["json"] = pa.ExtensionArray.from_storage(pa.json_(), pa.array(with_nulls([draw.choice(['{"a": [1, 2.5, null]}', "[]", '"x"', "not json"]) for _ in range(n)], draw, nulls), pa.string()))
    return pa.table(columns)


def encoding_columns(n, draw):
    text = lambda: "prefix/" * draw.randrange(3) + str(draw.getrandbits(draw.randrange(1, 40)))
    return {"int32": pa.array(with_nulls([draw.randrange(-1 << 31, 1 << 31) if draw.random() < 0.1 else i for i in range(n)], draw), pa.int32()),
            "int64": pa.array(with_nulls([draw.randrange(-1 << 63, 1 << 63) if draw.random() < 0.1 else 1000 * i for i in range(n)], draw), pa.int64()),
            "float": pa.array(with_nulls([draw.random() for _ in range(n)], draw), pa.float32()), "double": pa.array(with_nulls([draw.random() for _ in range(n)], draw), pa.float64()),
            "text": pa.array(with_nulls([text() for _ in range(n)], draw), pa.string()), "fixed": pa.array(with_nulls([draw.choice([b"abcd", b"abce", b"zzzz"]) for _ in range(n)], draw), pa.binary(4)),
            "half": pa.array(with_nulls([draw.random() for _ in range(n)], draw), pa.float16()), "bool": pa.array(with_nulls([i % 7 < 3 for i in range(n)], draw), pa.bool_())}


def nested_type(depth, draw):
    kind = draw.choice(["leaf", "list", "struct", "map", "int_map", "list"]) if depth > 0 else "leaf"
    if kind == "list":
        return pa.list_(pa.field("item", nested_type(depth - 1, draw), nullable=draw.random() < 0.7))
    if kind == "struct":
        return pa.struct([pa.field(name, nested_type(depth - 1, draw), nullable=draw.random() < 0.7) for name in "zab"[:draw.randrange(1, 4)]])
    if kind == "map":
        return pa.map_(pa.string(), pa.field("value", nested_type(depth - 1, draw), nullable=draw.random() < 0.7))
    if kind == "int_map":
        return pa.map_(pa.int32(), nested_type(depth - 1, draw))
    return draw.choice([pa.string(), pa.int64(), pa.float64(), pa.bool_(), pa.int32()])


def nested_value(kind, nullable, draw):
    if nullable and draw.random() < 0.2:
        return None
    if pa.types.is_map(kind):
        keys = draw.sample(["k1", "k2", "", "ż"] if pa.types.is_string(kind.key_type) else [1, -2, 3, 0], draw.randrange(4))
        return [(key, nested_value(kind.item_type, kind.item_field.nullable, draw)) for key in keys]
    if pa.types.is_list(kind):
        return [nested_value(kind.value_type, kind.value_field.nullable, draw) for _ in range(draw.choice([0, 0, 1, 2, 3]))]
    if pa.types.is_struct(kind):
        return {field.name: nested_value(field.type, field.nullable, draw) for field in kind}
    if pa.types.is_string(kind):
        return draw.choice(["", "a", "bb", "żółw"])
    if pa.types.is_boolean(kind):
        return draw.random() < 0.5
    return draw.randrange(-5, 100)


def nested_table(num_columns, num_rows, depth, draw):
    columns, fields = [], []
    for i in range(num_columns):
        kind, nullable = nested_type(depth, draw), draw.random() < 0.7
        fields.append(pa.field(f"c{i}", kind, nullable=nullable))
        columns.append(pa.array([nested_value(kind, nullable, draw) for _ in range(num_rows)], kind))
    return pa.table(columns, schema=pa.schema(fields))


def encrypted(path, plaintext_footer):
    import pyarrow.parquet.encryption as pe

    class Kms(pe.KmsClient):
        def __init__(self, config):
            pe.KmsClient.__init__(self)

        def wrap_key(self, key, master):
            return base64.b64encode(key)

        def unwrap_key(self, wrapped, master):
            return base64.b64decode(wrapped)

    factory = pe.CryptoFactory(Kms)
    config = pe.EncryptionConfiguration(footer_key="k", column_keys={"k": ["a"]}, plaintext_footer=plaintext_footer)
    table = pa.table({"a": [1, 2]})
    with pq.ParquetWriter(path, table.schema, encryption_properties=factory.file_encryption_properties(pe.KmsConnectionConfig(), config)) as writer:
        writer.write_table(table)


def main():
    draw = random.Random(20261126)
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    expected = {}

    def write(name, table, **options):
        settings = {"compression": "NONE", "store_schema": False, "write_statistics": False} | options
        pq.write_table(table, FOLDER / f"{name}.parquet", **settings)
        # arrow_extensions_enabled: JSON and UUID are told apart by the file's own annotations.
        expected[name] = rows_of(pq.read_table(FOLDER / f"{name}.parquet", arrow_extensions_enabled=True))

    for codec in ("NONE", "SNAPPY", "GZIP", "ZSTD", "LZ4", "BROTLI"):
        for version in ("1.0", "2.0"):
            write(f"types-{codec.lower()}-v{version[0]}", all_types(12, draw), compression=codec, data_page_version=version)
    write("types-decimals-as-integers", all_types(12, draw).select(["decimal9", "decimal18", "decimal38"]), store_decimal_as_integer=True)
    write("types-int96", all_types(30, draw).select(["stamp_us", "stamp_ns"]), use_deprecated_int96_timestamps=True)
    for row, micros in zip(expected["types-int96"], pq.read_table(FOLDER / "types-int96.parquet", coerce_int96_timestamp_unit="us")["stamp_us"]):
        row["stamp_us"] = as_json(micros) and as_json(micros) + "000"  # as nanoseconds pyarrow lets them overflow
    write("types-required", pa.table({"a": [1, 2, 3], "b": ["x", "y", "z"]}, schema=pa.schema([pa.field("a", pa.int64(), nullable=False), pa.field("b", pa.string(), nullable=False)])))

    table = pa.table(encoding_columns(300, draw))
    settings = {"PLAIN": table.column_names, "DELTA_BINARY_PACKED": ["int32", "int64"], "DELTA_LENGTH_BYTE_ARRAY": ["text"], "DELTA_BYTE_ARRAY": ["text", "fixed"],
                "BYTE_STREAM_SPLIT": ["int32", "int64", "float", "double", "fixed", "half"], "RLE": ["bool"]}
    for encoding, names in settings.items():
        for version in ("1.0", "2.0"):
            write(f"encoding-{encoding.lower()}-v{version[0]}", table.select(names), use_dictionary=False, column_encoding={name: encoding for name in names}, data_page_version=version, compression="ZSTD", data_page_size=600)
    few = pa.table({name: pa.array([column[i % 9] for i in range(400)], column.type) for name, column in zip(table.column_names, table.columns)})
    for version in ("1.0", "2.0"):
        write(f"encoding-dictionary-v{version[0]}", few, data_page_version=version, compression="ZSTD", data_page_size=300)
        write(f"encoding-dictionary-then-plain-v{version[0]}", table, data_page_version=version, compression="ZSTD", dictionary_pagesize_limit=200, data_page_size=300, write_batch_size=20)
    write("pages-with-checksums", table, write_page_checksum=True, compression="SNAPPY", data_page_size=500)

    for i in range(8):
        version = "12"[i % 2] + ".0"
        write(f"nested-{i}-v{version[0]}", nested_table(4, 40, 3, draw), data_page_version=version, row_group_size=17, data_page_size=64, compression="ZSTD", use_compliant_nested_type=i < 4, use_dictionary=i % 3 != 0)
    deep = pa.array([[[[[["x"]], []]], None], None, [], [[[[[None]]]]]], pa.list_(pa.list_(pa.list_(pa.list_(pa.list_(pa.string()))))))
    write("nested-deep", pa.table({"deep": deep}))

    write("gsm8k", pa.table({"question": ["1 + 1?", "2 + 2?", "Ten eggs, three eaten: how many?"], "answer": ["two\n#### 2", "#### 1,004", "#### 7"]}))
    write("no-rows", all_types(0, draw))
    write("row-groups", pa.table({"i": range(50), "s": [f"row {i}" for i in range(50)]}), row_group_size=7, compression="ZSTD")
    pq.write_table(pa.table({}), FOLDER / "no-columns.parquet")
    expected["no-columns"] = []

    sys.path.insert(0, str(FOLDER.parent))
    import parquet_by_hand as hand
    for name in ("old_lists", "old_maps", "converted_types", "old_encodings", "old_levels", "future"):
        path = FOLDER / f"{name.replace('_', '-')}.parquet"
        expected[path.stem] = getattr(hand, name)(path)
        try:
            theirs = rows_of(pq.read_table(path))
        except Exception as fault:
            print(f"{path.stem}: pyarrow cannot read it: {fault}")
            continue
        for row, (mine, other) in enumerate(zip(expected[path.stem], theirs)):
            for key in mine:
                if json.dumps(mine[key]) != json.dumps(other.get(key)):
                    print(f"{path.stem} row {row} {key}: meant {mine[key]!r}, pyarrow reads {other.get(key)!r}")
    hand.unreadable(FOLDER / "codec-lzo.parquet")
    encrypted(FOLDER / "encrypted.parquet", False)
    encrypted(FOLDER / "encrypted-columns.parquet", True)

    text = "{" + ",\n".join(f"{json.dumps(name)}: {json.dumps(rows, allow_nan=False)}" for name, rows in expected.items()) + "}\n"
    (FOLDER / "expected.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(list(FOLDER.iterdir()))} files, {sum(path.stat().st_size for path in FOLDER.iterdir())} bytes")


if __name__ == "__main__":
    main()
