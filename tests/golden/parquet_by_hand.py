# Parquet files that pyarrow reads but does not write: old layouts of lists and maps, converted types alone, levels packed from
# the highest bit, PLAIN_DICTIONARY, gzip in two members. A thrift encoder of a few lines and files of one row group.
# Used by make_parquet_golden.py.
import gzip
import struct

BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTE_ARRAY, FIXED = range(8)
REQUIRED, OPTIONAL, REPEATED = range(3)
UTF8, MAP, MAP_KEY_VALUE, LIST, ENUM, DECIMAL, DATE, TIME_MILLIS, TIME_MICROS, TIMESTAMP_MILLIS, TIMESTAMP_MICROS, UINT_8, UINT_16, UINT_32, UINT_64, INT_8, INT_16, INT_32, INT_64, JSON, BSON, INTERVAL = range(22)


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def zigzag(n):
    return varint((n << 1) ^ (n >> 63))


# Thrift's compact protocol: a struct is a list of (id, value); ints are i32 unless wrapped.
class I64(int):
    pass


def encoded(value):
    if isinstance(value, bool):
        raise TypeError("only in a struct")
    if isinstance(value, I64):
        return 6, zigzag(value)
    if isinstance(value, int):
        return 5, zigzag(value)
    if isinstance(value, (bytes, str)):
        value = value.encode() if isinstance(value, str) else value
        return 8, varint(len(value)) + value
    if isinstance(value, dict):
        return 12, structure(value)
    inner = encoded(value[0])[0] if value else 12
    head = bytes([len(value) << 4 | inner]) if len(value) < 15 else bytes([0xF0 | inner]) + varint(len(value))
    return 9, head + b"".join(encoded(v)[1] for v in value)


def structure(fields):
    out, last = b"", 0
    for number, value in sorted(fields.items()):
        if value is None:
            continue
        kind, payload = ((1 if value else 2), b"") if isinstance(value, bool) else encoded(value)
        out += bytes([(number - last) << 4 | kind]) if number - last < 16 else bytes([kind]) + zigzag(number)
        out, last = out + payload, number
    return out + b"\0"


def element(name, repetition=None, type=None, children=None, converted=None, length=None, scale=None, precision=None):
    return {1: type, 2: length, 3: repetition, 4: name, 5: children, 6: converted, 7: scale, 8: precision}


def plain(type, values):
    if type == BOOLEAN:
        bits = sum(int(v) << i for i, v in enumerate(values))
        return bits.to_bytes((len(values) + 7) // 8, "little")
    if type in (INT32, INT64, FLOAT, DOUBLE):
        return struct.pack(f"<{len(values)}{ {INT32: 'i', INT64: 'q', FLOAT: 'f', DOUBLE: 'd'}[type] }", *values)
    values = [v.encode() if isinstance(v, str) else v for v in values]
    return b"".join((struct.pack("<I", len(v)) if type == BYTE_ARRAY else b"") + v for v in values)


def bit_packed(values, width, highest_first=False):
    if highest_first:
        bits = "".join(f"{v:0{width}b}" for v in values)
        bits += "0" * (-len(bits) % 8)
        return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))
    total = sum(v << (i * width) for i, v in enumerate(values))
    return total.to_bytes((len(values) * width + 7) // 8, "little")


def hybrid(values, width):
    """Runs where values repeat three times, packed groups of eight elsewhere."""
    out, i, pending = b"", 0, []

    def flush():
        nonlocal out, pending
        if pending:
            groups = (len(pending) + 7) // 8
            out += varint(groups << 1 | 1) + bit_packed(pending + [0] * (groups * 8 - len(pending)), width)
            pending = []

    while i < len(values):
        run = 1
        while i + run < len(values) and values[i + run] == values[i]:
            run += 1
        if run >= 3 and len(pending) % 8 == 0:
            flush()
            out += varint(run << 1) + values[i].to_bytes((width + 7) // 8, "little")
            i += run
        else:
            pending.append(values[i])
            i += 1
    flush()
    return out


def levels(values, most, packed):
    if most == 0:
        return b""
    width = most.bit_length()
    if packed:
        return bit_packed(values, width, highest_first=True)
    data = hybrid(values, width)
    return struct.pack("<I", len(data)) + data


class Column:
    """entries: (repetition level, definition level, value where it is defined)."""

    def __init__(self, type, max_rep, max_def, entries, dictionary=False, packed_levels=False, codec=0, junk_page=False):
        self.__dict__.update(locals())

    def pages(self):
        out = []
        if self.junk_page:
            out.append((structure({1: 1, 2: 3, 3: 3, 6: {}}), b"xyz"))  # an index page
        values = [v for _, d, v in self.entries if d == self.max_def]
        encoding, body = 0, plain(self.type, values)
        if self.dictionary:
            distinct = sorted(set(values))
            page = plain(self.type, distinct)
            packed = self.compress(page)
            out.append((structure({1: 2, 2: len(page), 3: len(packed), 7: {1: len(distinct), 2: 2}}), packed))
            width = max(1, (len(distinct) - 1).bit_length())
            encoding, body = 2, bytes([width]) + hybrid([distinct.index(v) for v in values], width)
        kind = 4 if self.packed_levels else 3
        page = levels([r for r, _, _ in self.entries], self.max_rep, self.packed_levels) + levels([d for _, d, _ in self.entries], self.max_def, self.packed_levels) + body
        packed = self.compress(page)
        out.append((structure({1: 0, 2: len(page), 3: len(packed), 5: {1: len(self.entries), 2: encoding, 3: kind, 4: kind}}), packed))
        return out

    def compress(self, page):
        if self.codec == 2:  # two members, as RFC 1952 allows
            half = len(page) // 2
            return gzip.compress(page[:half], mtime=0) + gzip.compress(page[half:], mtime=0)
        return page


def write(path, schema, columns, num_rows, created_by="by hand"):
    out, chunks = b"PAR1", []
    for column in columns:
        start = len(out)
        for header, data in column.pages():
            out += header + data
        size = len(out) - start
        # The offset of the dictionary is left out, as old writers do: the first page is what data_page_offset names.
        chunks.append({2: I64(start), 3: {1: column.type, 2: [0, 3], 3: ["x"], 4: column.codec, 5: I64(len(column.entries)), 6: I64(size), 7: I64(size), 9: I64(start)}})
    footer = structure({1: 1, 2: schema, 3: I64(num_rows), 4: [{1: chunks, 2: I64(len(out)), 3: I64(num_rows)}], 6: created_by})
    path.write_bytes(out + footer + struct.pack("<I", len(footer)) + b"PAR1")


def old_lists(path):
    """Every rule of LogicalTypes.md for lists of before 2014, and bare repeated fields."""
    schema = [element("schema", children=8),
              element("rule1", OPTIONAL, children=1, converted=LIST), element("element", REPEATED, INT32),
              element("rule2", OPTIONAL, children=1, converted=LIST), element("element", REPEATED, children=2), element("str", REQUIRED, BYTE_ARRAY, converted=UTF8), element("num", REQUIRED, INT32),
              element("rule3", OPTIONAL, children=1, converted=LIST), element("array", REPEATED, children=1, converted=LIST), element("array", REPEATED, INT32),
              element("rule4", OPTIONAL, children=1, converted=LIST), element("array", REPEATED, children=1), element("str", REQUIRED, BYTE_ARRAY, converted=UTF8),
              element("rule4b", OPTIONAL, children=1, converted=LIST), element("rule4b_tuple", REPEATED, children=1), element("str", REQUIRED, BYTE_ARRAY, converted=UTF8),
              element("rule5", OPTIONAL, children=1, converted=LIST), element("element", REPEATED, children=1), element("str", OPTIONAL, BYTE_ARRAY, converted=UTF8),
              element("bare", REPEATED, INT64),
              element("bare_group", REPEATED, children=2), element("a", REQUIRED, INT32), element("b", OPTIONAL, BYTE_ARRAY, converted=UTF8)]
    columns = [Column(INT32, 1, 2, [(0, 2, 1), (1, 2, 2), (0, 0, None), (0, 1, None), (0, 2, 3)]),
               Column(BYTE_ARRAY, 1, 2, [(0, 2, "x"), (0, 1, None), (0, 0, None), (0, 2, "y"), (1, 2, "z")]),
               Column(INT32, 1, 2, [(0, 2, 7), (0, 1, None), (0, 0, None), (0, 2, 8), (1, 2, 9)]),
               Column(INT32, 2, 3, [(0, 3, 1), (2, 3, 2), (1, 3, 3), (0, 2, None), (0, 0, None), (0, 1, None)]),
               Column(BYTE_ARRAY, 1, 2, [(0, 2, "p"), (1, 2, "q"), (0, 0, None), (0, 1, None), (0, 2, "r")]),
               Column(BYTE_ARRAY, 1, 2, [(0, 2, "s"), (0, 1, None), (0, 0, None), (0, 2, "t"), (1, 2, "u")]),
               Column(BYTE_ARRAY, 1, 3, [(0, 3, "v"), (1, 2, None), (0, 0, None), (0, 1, None), (0, 3, "w")]),
               Column(INT64, 1, 1, [(0, 0, None), (0, 1, 5), (1, 1, 6), (1, 1, -7), (0, 0, None), (0, 1, 8)]),
               Column(INT32, 1, 1, [(0, 1, 1), (1, 1, 2), (0, 0, None), (0, 1, 3), (0, 0, None)]),
               Column(BYTE_ARRAY, 1, 2, [(0, 2, "one"), (1, 1, None), (0, 0, None), (0, 2, "three"), (0, 0, None)])]
    write(path, schema, columns, 4)
    return [{"rule1": [1, 2], "rule2": [{"str": "x", "num": 7}], "rule3": [[1, 2], [3]], "rule4": [{"str": "p"}, {"str": "q"}], "rule4b": [{"str": "s"}], "rule5": ["v", None], "bare": [], "bare_group": [{"a": 1, "b": "one"}, {"a": 2, "b": None}]},
            {"rule1": None, "rule2": [], "rule3": [[]], "rule4": None, "rule4b": [], "rule5": None, "bare": [5, 6, -7], "bare_group": []},
            {"rule1": [], "rule2": None, "rule3": None, "rule4": [], "rule4b": None, "rule5": [], "bare": [], "bare_group": [{"a": 3, "b": "three"}]},
            {"rule1": [3], "rule2": [{"str": "y", "num": 8}, {"str": "z", "num": 9}], "rule3": [], "rule4": [{"str": "r"}], "rule4b": [{"str": "t"}, {"str": "u"}], "rule5": ["w"], "bare": [8], "bare_group": []}]


def old_maps(path):
    schema = [element("schema", children=4),
              element("named", OPTIONAL, children=1, converted=MAP_KEY_VALUE), element("map", REPEATED, children=2), element("str", REQUIRED, BYTE_ARRAY, converted=UTF8), element("num", OPTIONAL, INT32),
              element("marked", REQUIRED, children=1, converted=MAP), element("map", REPEATED, children=2, converted=MAP_KEY_VALUE), element("key", REQUIRED, BYTE_ARRAY, converted=UTF8), element("value", REQUIRED, INT32),
              element("numbers", OPTIONAL, children=1, converted=MAP), element("key_value", REPEATED, children=2), element("key", REQUIRED, INT32), element("value", OPTIONAL, DOUBLE),
              element("keys", OPTIONAL, children=1, converted=MAP), element("key_value", REPEATED, children=1), element("key", REQUIRED, BYTE_ARRAY, converted=UTF8)]
    columns = [Column(BYTE_ARRAY, 1, 2, [(0, 2, "a"), (1, 2, "b"), (0, 0, None), (0, 1, None)]), Column(INT32, 1, 3, [(0, 3, 1), (1, 2, None), (0, 0, None), (0, 1, None)]),
               Column(BYTE_ARRAY, 1, 1, [(0, 1, "c"), (1, 1, "c"), (0, 0, None), (0, 1, "d")]), Column(INT32, 1, 1, [(0, 1, 2), (1, 1, 3), (0, 0, None), (0, 1, 4)]),
               Column(INT32, 1, 2, [(0, 2, 5), (1, 2, 6), (0, 0, None), (0, 1, None)]), Column(DOUBLE, 1, 3, [(0, 3, 0.5), (1, 2, None), (0, 0, None), (0, 1, None)]),
               Column(BYTE_ARRAY, 1, 2, [(0, 2, "e"), (1, 2, "f"), (0, 1, None), (0, 0, None)])]
    write(path, schema, columns, 3)
    return [{"named": {"a": 1, "b": None}, "marked": {"c": 3}, "numbers": [[5, 0.5], [6, None]], "keys": ["e", "f"]}, {"named": None, "marked": {}, "numbers": None, "keys": []},
            {"named": {}, "marked": {"d": 4}, "numbers": [], "keys": None}]


def converted_types(path):
    """Annotations of before 2017. Of them a timestamp is UTC."""
    fields = [("utf8", BYTE_ARRAY, UTF8, {}, ["é", ""], None), ("enum", BYTE_ARRAY, ENUM, {}, ["RED", "GREEN"], None), ("json", BYTE_ARRAY, JSON, {}, ['{"a": [1, null]}', "no json"], [{"a": [1, None]}, "no json"]),
              ("bson", BYTE_ARRAY, BSON, {}, [b"\x05\x00\x00\x00\x00", b"\xff\xfe"], ["\x05\0\0\0\0", "base64://4="]), ("bytes", BYTE_ARRAY, None, {}, [b"plain", b"\x80"], ["plain", "base64:gA=="]),
              ("decimal32", INT32, DECIMAL, {"scale": 2, "precision": 9}, [-5, 123456789], ["-0.05", "1234567.89"]), ("decimal64", INT64, DECIMAL, {"scale": 0, "precision": 18}, [-(1 << 63), 10**17], ["-9223372036854775808", "1" + "0" * 17]),
              ("decimal_bytes", BYTE_ARRAY, DECIMAL, {"scale": 3, "precision": 60}, [(-10**40).to_bytes(18, "big", signed=True), b"\x00"], ["-1" + "0" * 37 + ".000", "0.000"]),
              ("date", INT32, DATE, {}, [0, -719_528], ["1970-01-01", "0000-01-01"]), ("time_millis", INT32, TIME_MILLIS, {}, [0, 86_399_999], ["00:00:00.000", "23:59:59.999"]),
              ("time_micros", INT64, TIME_MICROS, {}, [3_600_000_001, 86_400_000_000], ["01:00:00.000001", 86_400_000_000]),
              ("stamp_millis", INT64, TIMESTAMP_MILLIS, {}, [-1, 951_782_400_000], ["1969-12-31T23:59:59.999Z", "2000-02-29T00:00:00.000Z"]), ("stamp_micros", INT64, TIMESTAMP_MICROS, {}, [1, 4_102_444_799_999_999], ["1970-01-01T00:00:00.000001Z", "2099-12-31T23:59:59.999999Z"]),
              ("uint8", INT32, UINT_8, {}, [0, 255], None), ("uint16", INT32, UINT_16, {}, [0, 65535], None), ("uint32", INT32, UINT_32, {}, [0, -1], [0, 4294967295]), ("uint64", INT64, UINT_64, {}, [0, -1], [0, 18446744073709551615]),
              ("int8", INT32, INT_8, {}, [-128, 127], None), ("int16", INT32, INT_16, {}, [-32768, 32767], None), ("int32", INT32, INT_32, {}, [-(1 << 31), (1 << 31) - 1], None), ("int64", INT64, INT_64, {}, [-(1 << 63), (1 << 63) - 1], None),
              ("interval", FIXED, INTERVAL, {"length": 12}, [struct.pack("<III", 1, 2, 3), struct.pack("<III", 0, 4294967295, 0)], [{"months": 1, "days": 2, "milliseconds": 3}, {"months": 0, "days": 4294967295, "milliseconds": 0}])]
    schema = [element("schema", children=len(fields))] + [element(name, REQUIRED, type, converted=converted, **more) for name, type, converted, more, _, _ in fields]
    write(path, schema, [Column(type, 0, 0, [(0, 0, v) for v in values]) for _, type, _, _, values, _ in fields], 2)
    return [{name: (expected or values)[i] for name, _, _, _, values, expected in fields} for i in range(2)]


def future(path):
    """An annotation that nobody knows yet: the plain values."""
    write(path, [element("schema", children=1), element("a", OPTIONAL, INT32, converted=77)], [Column(INT32, 0, 1, [(0, 1, 1), (0, 0, None)])], 2)
    return [{"a": 1}, {"a": None}]


def old_levels(path):
    """BIT_PACKED levels: highest bit first, as Encodings.md has it. (pyarrow 26 takes the lowest bit first.)"""
    return old_encodings(path, packed_levels=True)


def old_encodings(path, packed_levels=False):
    """PLAIN_DICTIONARY on both kinds of pages, gzip in two members, an index page in between."""
    schema = [element("schema", children=3), element("a", OPTIONAL, BYTE_ARRAY, converted=UTF8), element("b", OPTIONAL, children=1, converted=LIST), element("list", REPEATED, children=1),
              element("element", OPTIONAL, INT32), element("c", OPTIONAL, DOUBLE)]
    words = ["red", None, "green", "red", "red", "blue", None, "red", "green", "blue", "red"]
    lists = [[1, None, 3], None, [], [4], [5, 6], [None], [7], [], [8], [9], None]
    entries = []
    for one in lists:
        if not one:
            entries.append((0, 0 if one is None else 1, None))
        for i, v in enumerate(one or []):
            entries.append((int(i > 0), 2 if v is None else 3, v))
    numbers = [0.5, None, -1.0, 1e300, None, 2.0, 3.0, 4.0, 5.0, 6.0, None]
    columns = [Column(BYTE_ARRAY, 0, 1, [(0, int(w is not None), w) for w in words], dictionary=True, packed_levels=packed_levels, codec=2), Column(INT32, 1, 3, entries, packed_levels=packed_levels),
               Column(DOUBLE, 0, 1, [(0, int(v is not None), v) for v in numbers], dictionary=True, junk_page=True)]
    write(path, schema, columns, len(words))
    return [{"a": a, "b": b, "c": c} for a, b, c in zip(words, lists, numbers)]


def unreadable(path):
    """Codec LZO, which has no library here."""
    write(path, [element("schema", children=1), element("a", REQUIRED, INT32)], [Column(INT32, 0, 0, [(0, 0, 1)], codec=3)], 1)
