from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sonoflow.dicom import lossless
from sonoflow.errors import ImageRejected
from tests.unit.core.dicom.lossless_encoder import encode

RANDOM = np.random.default_rng(5)
DEEP = RANDOM.integers(0, 1 << 16, (1, 13, 17), dtype=np.uint16)
COLOURS = RANDOM.integers(0, 256, (3, 13, 17), dtype=np.uint16)


@pytest.mark.parametrize("predictor", range(1, 8))
def test_every_prediction_comes_back(predictor: int) -> None:
    assert (lossless.decode(encode(DEEP, 16, predictor)) == DEEP).all()
    assert (lossless.decode(encode(COLOURS, 8, predictor)) == COLOURS).all()


@pytest.mark.parametrize(
    "how", [{"rows_per_restart": 1}, {"rows_per_restart": 5}, {"one_scan": False}, {"shift": 3}]
)
def test_restarts_scans_of_one_colour_and_shifted_samples(how: dict[str, Any]) -> None:
    expected = COLOURS >> 3 << 3 if "shift" in how else COLOURS

    assert (lossless.decode(encode(COLOURS, 8, **how)) == expected).all()


def test_samples_that_need_several_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lossless, "_CHUNK_BYTES", 7)

    assert (lossless.decode(encode(COLOURS, 8)) == COLOURS).all()
    assert (lossless.decode(encode(DEEP, 16, 5)) == DEEP).all()


def test_the_greatest_difference_has_no_bits_of_its_own() -> None:
    steps = np.array([[[0, 32768, 0, 1]]], dtype=np.uint16)

    assert (lossless.decode(encode(steps, 16)) == steps).all()


def test_what_is_cut_off_anywhere_is_refused() -> None:
    data = encode(COLOURS, 8)[:-2]
    for end in range(2, len(data)):
        with pytest.raises(ImageRejected):
            lossless.decode(data[:end])


def test_samples_beyond_the_limit_are_refused_before_they_are_made() -> None:
    data = encode(COLOURS, 8).replace(b"\0\x0d\0\x11\3", b"\xff\xff\xff\xff\3")

    with pytest.raises(ImageRejected, match="too-large"):
        lossless.decode(data)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\1\0\2\0\3\0\1\0\0", b"\1\0\2\0\3\0\0\0\0"),  # no predictor
        (b"\1\0\2\0\3\0\1\0\0", b"\1\0\2\0\2\0\1\0\0"),  # a component twice
        (b"\1\0\2\0\3\0\1\0\0", b"\1\x10\2\0\3\0\1\0\0"),  # no such table
        (b"\0\0\0\0\0\x11", b"\0\xff\0\0\0\x11"),  # more codes than there are bits
        (b"\1\x11\0\2\x11\0", b"\1\x22\0\2\x11\0"),  # of different sizes
        (b"\x10\xff\xc3", b"\x11\xff\xc3"),  # a category of 17
    ],
)
def test_headers_that_make_no_sense_are_refused(old: bytes, new: bytes) -> None:
    data = encode(COLOURS, 8)
    assert old in data

    with pytest.raises(ImageRejected):
        lossless.decode(data.replace(old, new, 1))
