from __future__ import annotations

import struct

import pytest

from sonoflow.dicom import elements
from sonoflow.dicom.elements import Encoding, Walk
from sonoflow.errors import ImageRejected

EXPLICIT, IMPLICIT = Encoding(), Encoding(explicit=False)
ITEM, ITEM_END, SEQUENCE_END = (struct.pack("<HH", 0xFFFE, n) for n in (0xE000, 0xE00D, 0xE0DD))
OPEN, NOTHING = struct.pack("<L", 0xFFFFFFFF), struct.pack("<L", 0)


def short(tag: int, value: bytes, kind: bytes = b"US") -> bytes:
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, kind, len(value)) + value


def sequence(tag: int, inside: bytes, length: bytes = OPEN) -> bytes:
    return struct.pack("<HH2sH", tag >> 16, tag & 0xFFFF, b"SQ", 0) + length + inside


def opened(*items: bytes) -> bytes:
    inside = b"".join(ITEM + OPEN + item + ITEM_END + NOTHING for item in items)
    return inside + SEQUENCE_END + NOTHING


def tags(data: bytes, encoding: Encoding = EXPLICIT) -> list[int]:
    return [one.tag for one in Walk(memoryview(data)).elements(0, len(data), encoding)]


def test_what_lies_in_sequences_is_passed_over_whether_its_length_is_known_or_not() -> None:
    inner = sequence(0x00081115, opened(short(0x00280010, b"\1\0")))
    counted = ITEM + struct.pack("<L", 10) + short(0x00280011, b"\2\0")
    data = (
        sequence(0x00081140, opened(inner, inner))
        + sequence(0x00081199, counted, struct.pack("<L", len(counted)))
        + short(0x00280010, b"\3\0")
    )

    assert tags(data) == [0x00081140, 0x00081199, 0x00280010]


def test_items_give_their_content() -> None:
    data = sequence(0x00081140, opened(short(0x00280010, b"\1\0"), short(0x00280011, b"\2\0")))
    walk = Walk(memoryview(data))
    (found,) = walk.elements(0, len(data), EXPLICIT)

    inside = [tuple(walk.elements(*item)) for item in walk.items(found)]

    assert [[one.tag for one in item] for item in inside] == [[0x00280010], [0x00280011]]


def test_an_unknown_sequence_is_written_without_representations() -> None:
    item = ITEM + OPEN + struct.pack("<HHL", 0x28, 0x10, 2) + b"\1\0" + ITEM_END + NOTHING
    data = struct.pack("<HH2sH", 9, 0x10, b"UN", 0) + OPEN + item + SEQUENCE_END + NOTHING

    assert tags(data + short(0x00280010, b"\1\0")) == [0x00090010, 0x00280010]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (short(0x00280010, b"\1\0")[:5], "truncated"),
        (short(0x00280010, b"\1\0")[:-1], "truncated"),
        (sequence(0x00081140, b"", struct.pack("<L", 1 << 30)), "truncated"),
        (sequence(0x00081140, b"")[:10], "truncated"),
        (sequence(0x00081140, ITEM + OPEN), "truncated"),
        (
            sequence(0x00081140, short(0x00280010, b"\1\0") + SEQUENCE_END + NOTHING),
            "dicom-damaged",
        ),
        (sequence(0x00081140, ITEM_END + NOTHING), "dicom-damaged"),
        (sequence(0x00081140, ITEM + OPEN + ITEM + NOTHING), "dicom-damaged"),
        (short(0x00280010, b"\1\0", b"zz"), "dicom-damaged"),
    ],
)
def test_what_is_cut_off_or_stands_where_it_cannot_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ImageRejected) as caught:
        tags(data)

    assert caught.value.reason == reason


def test_sequences_in_sequences_end_at_a_depth_and_elements_at_a_number(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside = b""
    for _ in range(elements.DEPTH_LIMIT):
        inside = sequence(0x00081140, opened(inside))
    assert tags(inside) == [0x00081140]
    with pytest.raises(ImageRejected, match="deep"):
        tags(sequence(0x00081140, opened(inside)))

    monkeypatch.setattr(elements, "ELEMENTS_LIMIT", 20)
    assert len(tags(short(0x00280010, b"\1\0") * 20)) == 20
    with pytest.raises(ImageRejected, match="too-large"):
        tags(short(0x00280010, b"\1\0") * 21)


def test_a_sequences_items_are_held_to_their_delimiters() -> None:
    data = sequence(0x00081140, short(0x00280010, b"\1\0"), struct.pack("<L", 10))
    walk = Walk(memoryview(data))
    (found,) = walk.elements(0, len(data), EXPLICIT)

    with pytest.raises(ImageRejected, match="item must be"):
        list(walk.items(found))


def test_implicit_elements_have_long_lengths() -> None:
    assert tags(struct.pack("<HHL", 0x28, 0x10, 2) + b"\1\0", IMPLICIT) == [0x00280010]
