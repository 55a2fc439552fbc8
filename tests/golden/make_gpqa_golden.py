#!/usr/bin/env python3
"""Makes gpqa_invented.zip beside this script: an archive as GPQA's authors publish theirs (dataset/*.csv under PKWARE's traditional encryption), with
invented questions under the password "invented". Nothing of GPQA is in it.

Python's zipfile reads such archives and does not write them, so the cipher is here (APPNOTE.TXT 6.1); what was written is read again by zipfile. Prints the
options as openai/simple-evals permutes them, for tests/datasets/choice_importer_test.cpp.
"""
import csv
import io
import pathlib
import random
import struct
import zipfile
import zlib

HERE = pathlib.Path(__file__).parent
PASSWORD = b"invented"
CRC = []
for byte in range(256):
    for _ in range(8):
        byte = (byte >> 1) ^ (0xEDB88320 if byte & 1 else 0)
    CRC.append(byte)


def encrypted(data, password, check):
    keys = [0x12345678, 0x23456789, 0x34567890]

    def update(byte):
        keys[0] = CRC[(keys[0] ^ byte) & 255] ^ (keys[0] >> 8)
        keys[1] = ((keys[1] + (keys[0] & 255)) * 134775813 + 1) & 0xFFFFFFFF
        keys[2] = CRC[(keys[2] ^ (keys[1] >> 24)) & 255] ^ (keys[2] >> 8)

    for byte in password:
        update(byte)
    out = bytearray()
    for byte in bytes(random.Random(3).randrange(256) for _ in range(11)) + bytes([check]) + data:
        word = (keys[2] | 2) & 0xFFFF
        out.append(byte ^ ((word * (word ^ 1)) >> 8 & 255))
        update(byte)
    return bytes(out)


def archive(members, password):
    out, directory = bytearray(), bytearray()
    for name, content in members.items():
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        packed = packer.compress(content) + packer.flush()
        crc = zlib.crc32(content)
        packed = encrypted(packed, password, crc >> 24)
        head = struct.pack("<HHHHHIIIHH", 20, 1, 8, 0, 33, crc, len(packed), len(content), len(name), 0)
        directory += b"PK\1\2" + struct.pack("<H", 20) + head + struct.pack("<HHHII", 0, 0, 0, 0, len(out)) + name.encode()
        out += b"PK\3\4" + head + name.encode() + packed
    return bytes(out + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(out), 0))


QUESTIONS = [
    ("recA", "What does a glorp eat,\nif it is \"hungry\"?", "moss \n", "stones", "rain", "glass, broken", "Biology", "Glorps"),
    ("recB", "How many zibs make a zab?", "7", "8", "9", "10", "Physics", ""),
    ("recC", "Which of these is blue?", "A blue thing", "A red thing", "A green thing", "Naïve ☃", "Chemistry", "Colours"),
    ("recD", "Which number is even?", "2", "3", "5", "2", "Physics", "Two options are equal"),
    ("recE", "Who wrote the Book of Nothing?", "Nobody", "Somebody", "Anybody", "Everybody", "Chemistry", ""),
    ("recF", "Last question?", "yes", "no", "maybe", "perhaps", "Biology", ""),
]
COLUMNS = ["Pre-Revision Question", "Subdomain", "Question", "Correct Answer", "Incorrect Answer 1", "Incorrect Answer 2", "Incorrect Answer 3", "High-level domain", "Record ID", "Canary String"]


def table(questions):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for record, question, right, *wrong, domain, subdomain in questions:
        writer.writerow(["before, \"it\"\nwas revised", subdomain, question, right, *wrong, domain, record, "none"])
    return text.getvalue().encode()


members = {"dataset/gpqa_main.csv": table(QUESTIONS[:1]), "dataset/gpqa_diamond.csv": table(QUESTIONS), "dataset/license.txt": b"none\n"}
(HERE / "gpqa_invented.zip").write_bytes(archive(members, PASSWORD))
(HERE / "gpqa_other.zip").write_bytes(archive({"dataset/other.csv": b"a,b\n1,2\n"}, PASSWORD))
with zipfile.ZipFile(HERE / "gpqa_invented.zip") as read:
    for name, content in members.items():
        assert read.read(name, pwd=PASSWORD) == content
rng = random.Random(0)
for record, question, right, *wrong, domain, subdomain in QUESTIONS:
    order = rng.sample(range(4), 4)
    choices = [[right, *wrong][i] for i in order]
    print(record, order, "ABCD"[choices.index(right)], choices)
