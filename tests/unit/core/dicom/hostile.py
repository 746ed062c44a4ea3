"""DICOM files that lie, are cut off, would fill the memory, or are something else as well."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import numpy as np
from pydicom import uid

from tests.unit.core.dicom import samples
from tests.unit.core.dicom.test_frames import coded, lossless, ls

GREY = samples.ramp(40, 64, 2)
COLOURS = np.stack([GREY, GREY // 2, 255 - GREY], axis=3)
PLAIN = samples.file(GREY)
_DEEP = 400


def corpus() -> Iterator[tuple[str, bytes]]:
    """Name, file."""
    yield from _cut_off()
    yield from _lies()
    yield from _bombs()
    yield from _others()
    yield from _odd()


def _cut_off() -> Iterator[tuple[str, bytes]]:
    """At the beginning and in the middle of every element."""
    found = samples.dataset(GREY)
    at = PLAIN.index(b"\x08\x00\x16\x00")
    for element in found:
        start = PLAIN.index(struct.pack("<HH", element.tag.group, element.tag.element), at)
        yield f"cut before {element.keyword}", PLAIN[:start]
        yield f"cut in the header of {element.keyword}", PLAIN[: start + 6]
        yield f"cut in {element.keyword}", PLAIN[: start + 9]
    for end in (1, 128, 131, 132, 136, 140, 150):
        yield f"cut at {end}", PLAIN[:end]
    packed = samples.packed([lossless(one) for one in GREY], GREY, uid.JPEGLosslessSV1)
    for back in (1, 8, 9, 20, 1000, 3000):
        yield f"packed, cut {back} before its end", packed[:-back]


def _lies() -> Iterator[tuple[str, bytes]]:
    for rows, columns in ((65535, 65535), (65535, 600), (0, 64), (40, 0), (41, 64), (6000, 6000)):
        yield f"{rows} × {columns} announced", samples.file(GREY, Rows=rows, Columns=columns)
    for frames in ("0", "3", "99999", "-1", "2000000000"):
        yield f"{frames} frames announced", samples.file(GREY, NumberOfFrames=frames)
    at = PLAIN.index(struct.pack("<HH", 0x7FE0, 0x10)) + 8
    for length in (0, 1, 0x7FFFFFFF, 0xFFFFFFFE, 0xFFFFFFFF):
        yield f"pixels of {length} bytes", PLAIN[:at] + struct.pack("<L", length) + PLAIN[at + 4 :]
    yield "bits that do not fit", samples.file(GREY, BitsStored=16, HighBit=15)
    yield "sixteen bits of eight", samples.file(GREY, BitsAllocated=16, BitsStored=16)
    for syntax in (uid.RLELossless, uid.JPEGBaseline8Bit, uid.JPEGLSLossless, uid.JPEG2000):
        yield f"noise as {syntax.name}", samples.packed([bytes(range(256)) * 9] * 2, GREY, syntax)
        yield f"nothing as {syntax.name}", samples.packed([bytes(2)] * 2, GREY, syntax)
    wide = [coded(np.zeros((4000, 4000), np.uint8), "JPEG")] * 2
    yield "a frame larger than announced", samples.packed(wide, GREY, uid.JPEGBaseline8Bit)
    grey = [coded(one, "JPEG") for one in GREY]
    yield "grey announced as colours", samples.packed(grey, COLOURS, uid.JPEGBaseline8Bit)
    yield "another process", samples.packed(grey, GREY, uid.JPEGLosslessSV1)
    huge = [ls(one).replace(b"\0\x28\0\x40", b"\xff\xff\xff\xff", 1) for one in GREY]
    yield "a huge JPEG-LS frame", samples.packed(huge, GREY, uid.JPEGLSLossless)


def _bombs() -> Iterator[tuple[str, bytes]]:
    deflated = samples.file(GREY, samples.DEFLATED)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    yield "a deflated bomb", deflated[: samples.body_at(deflated)] + bomb
    runs = struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81\0" * 500_000
    yield "a bomb of runs", samples.packed([runs, runs], GREY, uid.RLELossless)
    many = struct.pack("<HH2sH", 9, 0x11, b"LO", 0) * 500_000
    at = PLAIN.index(struct.pack("<HH", 0x28, 2))
    yield "half a million elements", PLAIN[:at] + many + PLAIN[at:]
    item = struct.pack("<HHL", 0xFFFE, 0xE000, 0)
    inside = struct.pack("<HH2sHL", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF) + item * 500_000
    yield "half a million items", PLAIN[:at] + inside + PLAIN[at:]
    head = struct.pack("<HH2sHL", 8, 0x1140, b"SQ", 0, 0xFFFFFFFF)
    deep = (head + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)) * 50_000
    yield "fifty thousand sequences in each other", PLAIN[:at] + deep + PLAIN[at:]
    nest = b""
    for _ in range(_DEEP):
        inner = struct.pack("<HHL", 0xFFFE, 0xE000, len(nest)) + nest
        nest = struct.pack("<HH2sHL", 8, 0x1140, b"SQ", 0, len(inner)) + inner
    yield "sequences of known length in each other", PLAIN[:at] + nest + PLAIN[at:]
    pieces = struct.pack("<HHL", 0xFFFE, 0xE000, 0) * 500_000
    packed = samples.packed([b"ab", b"cd"], GREY, uid.JPEGBaseline8Bit)
    yield "half a million pieces", packed[:-8] + pieces + packed[-8:]


def _others() -> Iterator[tuple[str, bytes]]:
    """Files that are something else, or DICOM and something else."""
    yield "nothing", b""
    yield "zeros", bytes(1000)
    yield "a PNG", coded(GREY[0], "PNG")
    yield "a TIFF that begins DICOM", b"II*\0\x08\0\0\0" + PLAIN[8:]
    yield "a PNG that begins DICOM", (coded(GREY[0], "PNG")[:128] + PLAIN[128:])
    yield "a PDF in the preamble", b"%PDF-1.7".ljust(128, b"\0") + PLAIN[128:]
    yield "a shell script in the preamble", b"#!/bin/sh\nexit\n".ljust(128, b"\0") + PLAIN[128:]
    yield "a zip behind it", PLAIN + b"PK\5\6" + bytes(18)
    yield "DICM and no more", bytes(128) + b"DICM"
    yield "DICM and noise", bytes(128) + b"DICM" + bytes(range(256)) * 40
    yield "no header", bytes(128) + b"DICM" + PLAIN[PLAIN.index(b"\x08\x00\x16\x00") :]


def _odd() -> Iterator[tuple[str, bytes]]:
    without = samples.dataset(GREY)
    del without.PixelData
    yield "no pixels", samples.encode(without)
    for name in ("Rows", "SamplesPerPixel", "BitsAllocated", "PhotometricInterpretation"):
        yield f"no {name}", samples.file(GREY, **{name: None})
    for charset in ("ISO_IR 192", "ISO 2022 IR 87", "GB18030", "NONSENSE", "ISO_IR 999"):
        found = samples.dataset(GREY, SpecificCharacterSet=charset)
        found.add_new(0x00100010, "PN", b"\xff\xfe\x1b$B\x80^^^=\x00")
        yield f"names in {charset[:12]}", samples.encode(found)
    for value in ("1e308\\1e308", "nan", "", "\\", "-0", "1" * 16):
        yield (
            f"a window of {value[:9]}",
            samples.file(GREY).replace(
                b"\x28\0\2\0US", _text(0x00281050, value) + b"\x28\0\2\0US", 1
            ),
        )
    yield (
        "a region of noise",
        samples.file(GREY).replace(
            b"\x28\0\2\0US",
            struct.pack("<HH2sHL", 0x18, 0x6011, b"SQ", 0, 40) + b"\x7f" * 40 + b"\x28\0\2\0US",
            1,
        ),
    )
    yield "rows as text", PLAIN.replace(b"\x28\0\x10\0US\2\0\x28\0", b"\x28\0\x10\0LO\2\x0040")
    yield "rows twice", PLAIN.replace(b"\x28\0\x10\0US\2\0\x28\0", b"\x28\0\x10\0US\2\0\x28\0" * 2)
    yield "a mammogram", samples.file(GREY, Modality="MG")
    yield "a mammogram that says ultrasound", samples.file(GREY, SOPClassUID=samples.MAMMOGRAPHY)


def _text(tag: int, value: str) -> bytes:
    data = value.encode() + b" " * (len(value) % 2)
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, b"DS", len(data)) + data
