from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sonoflow.images import png
from tests.unit import pictures, ultrasound

GREY = pictures.scan()


def read(data: bytes) -> np.ndarray:
    """By Pillow, which checks every CRC."""
    image = Image.open(io.BytesIO(data), formats=("PNG",))
    assert image.mode == "L"
    return np.asarray(image)


@settings(deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 99))
def test_pixels_of_any_size_come_back_as_they_were(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)

    assert np.array_equal(read(png.encode(pixels)), pixels)
    assert np.array_equal(read(png.encode(pixels > 127)), np.where(pixels > 127, 255, 0))


def test_an_image_written_in_several_steps_is_whole() -> None:
    pixels = np.asarray(pictures.scan(width=1201, height=1801))

    assert np.array_equal(read(png.encode(pixels)), pixels)


def test_pixels_that_lie_apart_in_memory_are_written_alike() -> None:
    pixels = np.asarray(GREY)

    assert png.encode(pixels[::2, ::2]) == png.encode(pixels[::2, ::2].copy())
    assert png.encode(pixels) == png.encode(pixels)


def test_files_are_about_as_small_as_those_of_a_general_encoder() -> None:
    pixels = ultrasound.scan(3)
    mask = pixels > 127

    assert len(png.encode(pixels)) < 1.1 * len(pictures.encode(Image.fromarray(pixels)))
    assert len(png.encode(mask)) < 1.1 * len(pictures.encode(Image.fromarray(mask)))


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        (pictures.png(), True),
        (png.encode(np.asarray(GREY)), True),
        (pictures.encode(GREY.convert("RGB")), False),
        (pictures.encode(GREY.convert("1")), False),
        (pictures.encode(GREY, dpi=(72, 72)), False),
        (pictures.png() + b"patient 17", False),
        (pictures.png()[:-6], False),
        (pictures.png()[:60] + b"?" + pictures.png()[61:], False),
    ],
    ids=[
        "plain",
        "ours",
        "colour",
        "one bit",
        "more than pixels",
        "bytes behind",
        "cut",
        "damaged",
    ],
)
def test_only_a_file_of_nothing_but_grey_pixels_is_plain(data: bytes, plain: bool) -> None:
    assert png.is_plain(data) is plain


def test_of_a_damaged_file_the_parts_that_pixels_need_are_kept() -> None:
    text = png.labelled(pictures.png(), "ward", "3")
    damaged = text.replace(b"ward", b"wird")

    mended = png.mended(damaged)

    assert mended == pictures.png()
    assert png.mended(text) is None, "nothing is damaged"


@pytest.mark.parametrize("kind", [b"IHDR", b"IDAT"])
def test_a_file_whose_pixels_are_damaged_is_not_mended(kind: bytes) -> None:
    data = bytearray(pictures.png())
    data[data.index(kind) + 6] ^= 1

    with pytest.raises(ValueError, match=f"checksum.*{kind.decode()}"):
        png.mended(bytes(data))
    with pytest.raises(ValueError, match="cut off"):
        png.mended(pictures.png()[:-200])
