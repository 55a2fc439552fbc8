#!/usr/bin/env python3
"""Makes archive.zip and archive.tar.gz beside this script, with Python's own zipfile and tarfile."""
import io
import pathlib
import tarfile
import zipfile

HERE = pathlib.Path(__file__).parent
MEMBERS = {"one.txt": b"first\n", "other.bin": b"\0\1", "folder/two.txt": b"zweite\n"}

with zipfile.ZipFile(HERE / "archive.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    for name, content in MEMBERS.items():
        archive.writestr(zipfile.ZipInfo(name), content)
with tarfile.open(HERE / "archive.tar.gz", "w:gz") as archive:
    for name, content in MEMBERS.items():
        info = tarfile.TarInfo(name)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
