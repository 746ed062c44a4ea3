from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from sonoflow.errors import ImageRejected
from sonoflow.images import modes, pixels
from tests.unit import pictures, ultrasound
from tests.unit.core.images import mask_sets

PICTURE = ultrasound.scan(1, 96, 72)


def signed(values: np.ndarray) -> bytes:
    data = pictures.encode(Image.fromarray(values), "TIFF", tiffinfo={339: 2})
    assert Image.open(io.BytesIO(data)).mode == "L"
    return data


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_white_zero_is_told_by_the_tag_alone(bits: int) -> None:
    negative = Image.open(io.BytesIO(mask_sets.negative(bits)(PICTURE)))
    positive = Image.open(io.BytesIO(mask_sets.deep(bits)(PICTURE)))

    assert modes.is_white_zero(negative)
    assert not modes.is_white_zero(positive)


def test_eight_bits_are_turned_around_by_pillow_itself() -> None:
    data = pictures.encode(Image.fromarray(PICTURE), "TIFF", tiffinfo={262: 0})

    assert (255 - PICTURE).tobytes() in data
    assert not modes.is_white_zero(Image.open(io.BytesIO(data)))
    assert (pixels.decode(data).pixels == PICTURE).all()


def test_fractions_are_turned_around_within_one() -> None:
    values = np.array([[0.0, 1.0]], dtype=np.float32)

    assert np.asarray(modes.turned_around(Image.fromarray(values))).tolist() == [[1.0, 0.0]]


def test_numbers_below_zero_are_no_brightest_ones() -> None:
    with pytest.raises(ImageRejected, match=r"unsupported-mode: .*sign"):
        pixels.decode(signed(PICTURE))
    small = PICTURE // 2

    assert (pixels.decode(signed(small)).pixels == small).all()


@pytest.mark.parametrize(
    ("kind", "named"), [(np.int32, "whole numbers"), (np.float32, "fractions")]
)
def test_what_is_not_read_is_named_with_the_way_out(kind: type, named: str) -> None:
    data = pictures.encode(Image.fromarray(PICTURE.astype(kind)), "TIFF")

    with pytest.raises(ImageRejected, match=f"unsupported-mode: .*{named}.*8 or 16 bits"):
        pixels.decode(data)
