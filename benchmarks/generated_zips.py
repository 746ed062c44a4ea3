"""Zip archives whose entries say whatever they are told to, made of files one by one."""

from __future__ import annotations

import bz2
import dataclasses
import io
import lzma
import random
import struct
import zipfile
import zlib

STORED, DEFLATED, BZIP2, LZMA, XZ = 0, 8, 12, 14, 95
UNREAD = (1, 6, 9, 93, 97, 98, 99)
_ENTRY, _LOCAL = struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s5H3L2H")
_END = struct.Struct("<4s4H2LH")
LINK, DEVICE = 0o120777 << 16, 0o020666 << 16
LIES = ("size", "less", "bomb", "crc", "offset", "beyond", "same", "cut", "noise", "zeros")


@dataclasses.dataclass(frozen=True)
class File:
    """A file of an archive: its name's bytes, what it holds, and what its entry says of it."""

    name: bytes
    content: bytes
    method: int = DEFLATED
    flags: int = 0
    attributes: int = 0
    lie: str = ""
    system: bool = False  # of an operating system or a program, none of the data: passed over


@dataclasses.dataclass(frozen=True)
class Archive:
    """What is uploaded, and the mapping beside it."""

    parts: tuple[File, ...]
    mapping: bytes | None
    before: bytes = b""
    after: bytes = b""
    cut: int = 0  # bytes that the end lacks

    @property
    def data(self) -> bytes:
        whole = self.before + pack(self.parts) + self.after
        return whole[: len(whole) - self.cut]

    def without(self, number: int) -> Archive:
        left = self.parts[:number] + self.parts[number + 1 :]
        return dataclasses.replace(self, parts=left)

    def described(self) -> list[str]:
        return [
            f"{part.name!r} {len(part.content)} bytes, method {part.method} {part.lie}".strip()
            for part in self.parts
        ]


def pack(files: tuple[File, ...]) -> bytes:
    """A zip whose entries say what each file tells them to."""
    body, entries = bytearray(), bytearray()
    previous = 0
    for file in files:
        packed = _packed(file)
        size, crc, offset = len(file.content), zlib.crc32(file.content), len(body)
        length = len(packed)
        if file.lie == "size":
            size += 7
        elif file.lie == "less":
            size = max(0, size - 7)
        elif file.lie == "bomb":
            size = 0xFFFFFF00
        elif file.lie == "crc":
            crc ^= 1
        elif file.lie == "offset":
            offset += 3
        elif file.lie == "beyond":
            length += 1 << 24
        elif file.lie == "same":
            offset = previous
        version = (file.flags, file.method, 0, 33)
        body += _LOCAL.pack(b"PK\3\4", 20, *version, crc, len(packed), size, len(file.name), 0)
        body += file.name + packed
        sizes = (crc, length, size, len(file.name), 0, 0, 0, 0)
        made = (3 << 8 | 20, 20, *version)
        entries += _ENTRY.pack(b"PK\1\2", *made, *sizes, file.attributes, offset) + file.name
        previous = offset
    count = min(len(files), 0xFFFF)
    return bytes(body + entries) + _END.pack(
        b"PK\5\6", 0, 0, count, count, len(entries), len(body), 0
    )


def _packed(file: File) -> bytes:
    packed = _compressed(file.content, file.method)
    if file.lie == "cut":
        return packed[: len(packed) // 2]
    if file.lie == "noise":
        return random.Random(len(packed)).randbytes(len(packed))  # noqa: S311
    return bytes(len(packed)) if file.lie == "zeros" else packed


def _compressed(content: bytes, method: int) -> bytes:
    if method == DEFLATED:
        squeezed = zlib.compressobj(1, zlib.DEFLATED, -15)
        return squeezed.compress(content) + squeezed.flush()
    if method == BZIP2:
        return bz2.compress(content)
    if method == XZ:
        return lzma.compress(content)
    if method == LZMA:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", zipfile.ZIP_LZMA) as archive:
            archive.writestr("x", content)
            packed = archive.infolist()[0].compress_size
        return held.getvalue()[31 : 31 + packed]
    return content
