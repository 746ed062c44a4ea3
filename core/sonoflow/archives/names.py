"""The names of members, as bytes say them: in UTF-8, or in the code page of some machine.

After PKWARE's APPNOTE 6.3.10, sections 4.4.17 and 4.6.9.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

from sonoflow.archives import code_pages

UTF8 = 0x800  # bit of a member's flags


def decode_name(raw: bytes, flags: int, extras: dict[int, bytes]) -> str | None:
    """A member's name, None where it claims to be UTF-8 and is not.

    Many archivers write UTF-8 without saying so. Bytes of code page 437 that happen to be valid
    UTF-8 beyond ASCII make no words.
    """
    if flags & UTF8:
        return utf8(raw)
    if unicode_path := _unicode_path(raw, extras):
        return utf8(unicode_path)
    name = utf8(raw)
    return name if name is not None else raw.decode(code_pages.FALLBACK)


def _unicode_path(raw: bytes, extras: dict[int, bytes]) -> bytes:
    """The name in UTF-8 that Info-ZIP adds, if it is that of these bytes."""
    field = extras.get(0x7075, b"")
    if len(field) > 5 and field[0] == 1:
        (crc,) = struct.unpack_from("<L", field, 1)
        if crc == zlib.crc32(raw):
            return field[5:]
    return b""


def declared(raw: bytes, flags: int, extras: dict[int, bytes]) -> bool:
    """Whether it is known how a name is written."""
    return bool(raw.isascii() or flags & UTF8 or _unicode_path(raw, extras))


def is_named(name: str, raw: bytes, flags: int, extra: bytes) -> bool:
    """Whether a local header names the member that the directory does, by the same rules."""
    extras = dict(extra_fields(extra))
    if decode_name(raw, flags, extras) == name:
        return True
    return not declared(raw, flags, extras) and code_pages.may_say(raw, name)


def extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    """The extra fields by their number; what is cut off is left out."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        yield kind, extra[at + 4 : at + 4 + length]
        at += 4 + length


def utf8(raw: bytes) -> str | None:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
