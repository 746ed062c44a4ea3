from __future__ import annotations

import struct
import zlib

import pytest

from sonoflow.archives import names

GBK = "良性.png".encode("gbk")
EXTRA = (
    struct.pack("<2HBL", 0x7075, 5 + len("良性.png".encode()), 1, zlib.crc32(GBK))
    + "良性.png".encode()
)


@pytest.mark.parametrize(
    ("raw", "flags", "extra", "name", "declared"),
    [
        (b"x.png", 0, b"", "x.png", True),
        ("ä.png".encode(), names.UTF8, b"", "ä.png", True),
        (b"\xff", names.UTF8, b"", None, True),
        (GBK, 0, EXTRA, "良性.png", True),
        ("ä.png".encode(), 0, b"", "ä.png", False),
        (b"\x84.png", 0, b"", "ä.png", False),
    ],
)
def test_a_name_is_read_as_its_flags_and_fields_say(
    raw: bytes, flags: int, extra: bytes, name: str | None, declared: bool
) -> None:
    extras = dict(names.extra_fields(extra))

    assert names.decode_name(raw, flags, extras) == name
    assert names.declared(raw, flags, extras) is declared


@pytest.mark.parametrize(
    ("name", "raw", "flags", "same"),
    [
        ("良性.png", GBK, 0, True),
        ("恶性.png", GBK, 0, False),
        ("良性.png", GBK, names.UTF8, False),
        ("x.png", b"x.png", 0, True),
        ("y.png", b"x.png", 0, False),
    ],
)
def test_a_local_header_names_its_member_in_any_page(
    name: str, raw: bytes, flags: int, same: bool
) -> None:
    assert names.is_named(name, raw, flags, b"") is same


def test_a_field_for_another_name_is_passed_over() -> None:
    assert names.decode_name(b"other", 0, dict(names.extra_fields(EXTRA))) == "other"
    assert list(names.extra_fields(EXTRA[:3])) == []
