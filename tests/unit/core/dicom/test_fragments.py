from __future__ import annotations

import struct

import pytest

from sonoflow.dicom import files, fragments
from sonoflow.dicom.elements import Element, Encoding
from sonoflow.errors import ImageRejected

END = struct.pack("<HHL", 0xFFFE, 0xE0DD, 0)


def item(content: bytes) -> bytes:
    return struct.pack("<HHL", 0xFFFE, 0xE000, len(content)) + content


def table(*offsets: int) -> bytes:
    return item(struct.pack(f"<{len(offsets)}L", *offsets))


def frames(data: bytes, count: int) -> list[bytes]:
    element = Element(files.PIXELS, "OB", 0, len(data), Encoding(), undefined=True)
    found = fragments.frames(memoryview(data), element, count)
    return [b"".join(data[start:end] for start, end in pieces) for pieces in found]


def test_pieces_make_frames_by_their_number_or_by_the_table() -> None:
    pieces = item(b"ab") + item(b"cd") + item(b"ef")

    assert frames(table() + pieces + END, 1) == [b"abcdef"]
    assert frames(table() + pieces + END, 3) == [b"ab", b"cd", b"ef"]
    assert frames(table(0, 20) + pieces + END, 2) == [b"abcd", b"ef"]


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"", 1),
        (END, 1),
        (table() + END, 1),
        (table() + item(b"ab"), 1),
        (table() + item(b"ab")[:-1], 1),
        (table() + b"\0" * 8, 1),
        (table() + item(b"ab") + END, 2),
        (table() + item(b"ab") * 3 + END, 2),
        (table(0, 11) + item(b"ab") * 3 + END, 2),
        (table(10, 20) + item(b"ab") * 3 + END, 2),
        (table(0, 0) + item(b"ab") * 3 + END, 2),
    ],
)
def test_pieces_of_which_it_is_not_said_what_they_make_are_refused(data: bytes, count: int) -> None:
    with pytest.raises(ImageRejected):
        frames(data, count)


def test_pieces_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fragments, "FRAGMENTS_LIMIT", 5)

    with pytest.raises(ImageRejected, match="pieces"):
        frames(table() + item(b"ab") * 9 + END, 1)
