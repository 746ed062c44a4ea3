"""How members are compressed: what is read, and what the others are called.

Method numbers are those of PKWARE's APPNOTE 6.3.10, section 4.4.5.
"""

from __future__ import annotations

import bz2
import lzma
import struct
import zlib

from sonoflow.errors import ImageRejected

STORED, DEFLATED, BZIP2, LZMA, XZ = 0, 8, 12, 14, 95
READ = frozenset({STORED, DEFLATED, BZIP2, LZMA, XZ})
IN_STEPS = frozenset({STORED, DEFLATED})  # of which a beginning can be had without the rest
_NAMES = {
    1: "Shrink",
    6: "Implode",
    9: "Deflate64",
    20: "Zstandard",
    93: "Zstandard",
    96: "JPEG variant",
    97: "WavPack",
    98: "PPMd",
    99: "AES encryption",
}
_STEP_BYTES = 256 * 1024
_DICTIONARY_LIMIT = 64 * 1024 * 1024  # of LZMA: what a decoder holds, whatever the member's size
_LZMA_HEADER = struct.Struct("<2xHBL")  # version, size of the properties, properties

DAMAGED = (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError)


def unsupported(method: int) -> str:
    """Why a member cannot be read, and what to do."""
    named = f" ({_NAMES[method]})" if method in _NAMES else ""
    return (
        f"compression method {method}{named} is not read; zip again with Deflate, as `zip -r` does "
        "(7-Zip: -tzip -mm=Deflate; Windows uses Deflate64 above 2 GB: send smaller archives)"
    )


def inflate(data: memoryview, method: int, size: int) -> bytes:
    """Never holds more than `size`, which the directory gives, and a step. Raises ImageRejected, or
    one of DAMAGED."""
    if method == STORED:
        return bytes(data)
    if method == DEFLATED:
        return _deflated(data, size)
    if method == BZIP2:
        return _drain(bz2.BZ2Decompressor(), data, size)
    if method == XZ:
        limit = _DICTIONARY_LIMIT + 32 * 1024 * 1024
        return _drain(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=limit), data, size)
    return _lzma(data, size)


def _deflated(data: memoryview, size: int) -> bytes:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    content = bytearray()
    for start in range(0, len(data), _STEP_BYTES):
        room = size + 1 - len(content)
        content += inflater.decompress(data[start : start + _STEP_BYTES], room)
        if len(content) > size:
            raise _more_than(size)
        if inflater.eof:
            if inflater.unused_data or start + _STEP_BYTES < len(data):
                raise ImageRejected("size-mismatch", "the data end before the directory says")
            return bytes(content)
    raise _broken_off()


def _lzma(data: memoryview, size: int) -> bytes:
    if len(data) < _LZMA_HEADER.size:
        raise _broken_off()
    length, packed, dictionary = _LZMA_HEADER.unpack_from(data)
    if length != 5 or packed >= 9 * 5 * 5 or dictionary > _DICTIONARY_LIMIT:
        raise ImageRejected("corrupt", "its LZMA properties make no sense, or ask for much memory")
    filters = [
        {
            "id": lzma.FILTER_LZMA1,
            "dict_size": max(4096, dictionary),
            "lc": packed % 9,
            "lp": packed // 9 % 5,
            "pb": packed // 45,
        }
    ]
    expander = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=filters)
    # An end may be marked or not: what is missing, the size and the CRC show.
    return _drain(expander, data[_LZMA_HEADER.size :], size, marked=False)


def _drain(
    expander: bz2.BZ2Decompressor | lzma.LZMADecompressor,
    data: memoryview,
    size: int,
    marked: bool = True,
) -> bytes:
    content = expander.decompress(data, size + 1)
    while not expander.eof and not expander.needs_input and len(content) <= size:
        more = expander.decompress(b"", size + 1 - len(content))
        if not more and not marked:
            break
        content += more
    if len(content) > size:
        raise _more_than(size)
    if marked and not expander.eof:
        raise _broken_off()
    return content


def _more_than(size: int) -> ImageRejected:
    return ImageRejected("size-mismatch", f"unpacks to more than {size} bytes")


def _broken_off() -> ImageRejected:
    return ImageRejected("corrupt", "the compressed data break off")
