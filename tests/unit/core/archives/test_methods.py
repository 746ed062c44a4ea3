from __future__ import annotations

import bz2
import io
import lzma
import struct
import zipfile
import zlib

import pytest

from sonoflow.archives import methods
from sonoflow.errors import ImageRejected

CONTENT = bytes(range(256)) * 500


def by_zipfile(method: int) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", method) as archive:
        archive.writestr("x", CONTENT)
        packed = archive.infolist()[0].compress_size
    return held.getvalue()[31 : 31 + packed]


PACKED = {
    methods.STORED: CONTENT,
    methods.DEFLATED: by_zipfile(zipfile.ZIP_DEFLATED),
    methods.BZIP2: bz2.compress(CONTENT),
    methods.LZMA: by_zipfile(zipfile.ZIP_LZMA),
    methods.XZ: lzma.compress(CONTENT, lzma.FORMAT_XZ),
}


@pytest.mark.parametrize("method", PACKED)
def test_every_method_that_is_read_gives_the_content(method: int) -> None:
    assert methods.inflate(memoryview(PACKED[method]), method, len(CONTENT)) == CONTENT


@pytest.mark.parametrize("method", [m for m in PACKED if m != methods.STORED])
def test_no_more_than_the_told_size_is_unpacked(method: int) -> None:
    with pytest.raises(ImageRejected, match="unpacks to more than 1000 bytes"):
        methods.inflate(memoryview(PACKED[method]), method, 1000)


@pytest.mark.parametrize("method", [m for m in PACKED if m not in (methods.STORED, methods.LZMA)])
def test_data_that_break_off_are_told(method: int) -> None:
    with pytest.raises((ImageRejected, zlib.error)):
        methods.inflate(memoryview(PACKED[method][:-20]), method, len(CONTENT))


def test_lzma_that_breaks_off_gives_less() -> None:
    """Its end need not be marked: that the size is wrong is seen by whoever knows it."""
    cut = PACKED[methods.LZMA][:-40]

    assert len(methods.inflate(memoryview(cut), methods.LZMA, len(CONTENT))) < len(CONTENT)


@pytest.mark.parametrize(
    "header",
    [
        b"\x09\x14\x05\x00",
        struct.pack("<2xHBL", 5, 93, 1 << 30),
        struct.pack("<2xHBL", 5, 255, 4096),
        struct.pack("<2xHBL", 6, 93, 4096),
    ],
)
def test_an_lzma_header_that_asks_for_too_much_is_refused(header: bytes) -> None:
    with pytest.raises(ImageRejected, match="corrupt"):
        methods.inflate(memoryview(header + b"x"), methods.LZMA, 100)


@pytest.mark.parametrize(("method", "name"), [(9, "Deflate64"), (93, "Zstandard"), (98, "PPMd")])
def test_other_methods_are_named_with_what_to_do(method: int, name: str) -> None:
    assert method not in methods.READ
    assert f"{method} ({name}) is not read; zip again with Deflate" in methods.unsupported(method)
