from __future__ import annotations

import struct

import numpy as np
import pytest

from sonoflow.dicom import run_lengths
from sonoflow.errors import ImageRejected


def planes(*parts: bytes) -> bytes:
    offsets, at = [], 64
    for part in parts:
        offsets.append(at)
        at += len(part)
    header = struct.pack("<16L", len(parts), *offsets, *[0] * (15 - len(parts)))
    return header + b"".join(parts)


def test_runs_literals_and_pauses_make_the_planes() -> None:
    data = planes(b"\xfd\7\x80\1\1\2", b"\5\1\2\3\4\5\6")

    found = run_lengths.decode(data, 6, 2, 1)

    assert found.tolist() == [[7, 7, 7, 7, 1, 2], [1, 2, 3, 4, 5, 6]]


def test_the_high_byte_of_a_sample_comes_first() -> None:
    assert run_lengths.decode(planes(b"\1\1\2", b"\1\3\4"), 2, 1, 2).tolist() == [[0x103, 0x204]]


def test_a_bomb_fills_no_more_than_the_pixels() -> None:
    found = run_lengths.decode(planes(b"\x81\x09" * 100_000), 300, 1, 1)

    assert found.shape == (1, 300)
    assert np.unique(found).tolist() == [9]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(64),
        planes(b"\1\1\2")[:-1],
        planes(b"\1\1\2", b"\1\1\2"),
        struct.pack("<16L", 1, 32, *[0] * 14) + b"\1\1\2",
        struct.pack("<16L", 1, 99, *[0] * 14) + b"\1\1\2",
        planes(b"\x80" * 50),
        planes(b"\xff"),
    ],
)
def test_what_is_cut_off_or_out_of_order_is_refused(data: bytes) -> None:
    with pytest.raises(ImageRejected):
        run_lengths.decode(data, 2, 1, 1)
