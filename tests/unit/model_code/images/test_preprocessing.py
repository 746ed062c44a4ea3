from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from sonoflow.images import pixels
from sonomodel.errors import ImageUnreadable
from sonomodel.images.preprocessing import GreyImage, Letterbox, decode_grey
from tests.unit import ultrasound
from tests.unit.core.images import mask_sets

SIZES = [(64, 64), (100, 37), (37, 100), (5, 300), (1, 1), (320, 240)]


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_mask_comes_back_at_the_size_of_its_source(width: int, height: int) -> None:
    letterbox = Letterbox(width, height, side=64)

    restored = letterbox.restore(np.ones((64, 64), dtype=np.float32))

    assert restored.shape == (height, width)
    assert restored.min() == restored.max() == 1


@pytest.mark.parametrize(("width", "height"), [(64, 64), (100, 60), (60, 100), (320, 240)])
def test_shapes_keep_their_place_and_proportion(width: int, height: int) -> None:
    y, x = np.mgrid[:height, :width]
    ellipse = ((x - 0.4 * width) / (0.3 * width)) ** 2 + ((y - 0.6 * height) / 15) ** 2 <= 1
    letterbox = Letterbox(width, height, side=96)

    there = letterbox.fit_mask(np.where(ellipse, 255, 0).astype(np.uint8))
    back = letterbox.restore(there.astype(np.float32)) >= 0.5

    assert np.count_nonzero(back ^ ellipse) < 0.06 * np.count_nonzero(ellipse)


def test_aspect_ratio_is_kept() -> None:
    wide = Letterbox(200, 100, side=64)

    assert wide.box == (0, 16, 64, 48)
    frame = wide.fit(np.full((100, 200), 200, dtype=np.uint8))
    assert set(np.unique(frame[16:48])) == {200}
    assert not frame[:16].any()
    assert not frame[48:].any()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
def test_pixels_are_those_that_staging_trained_on(mode: str, encode: Callable[..., bytes]) -> None:
    data = encode(mode)

    np.testing.assert_array_equal(decode_grey(data), pixels.decode(data).pixels)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_sixteen_bits_are_scaled_by_those_that_are_used_not_clipped(kind: str, bits: int) -> None:
    deep = np.linspace(0, 2**bits - 1, 40 * 50).reshape(40, 50).astype(np.uint16)
    stream = io.BytesIO()
    Image.fromarray(deep).save(stream, kind)

    grey = decode_grey(stream.getvalue())

    np.testing.assert_array_equal(grey, pixels.decode(stream.getvalue()).pixels)
    assert grey.min() == 0
    assert grey.max() == 255


@pytest.mark.parametrize(
    "write",
    [mask_sets.negative(bits) for bits in (8, 12, 16)]
    + [mask_sets.dimmed(alpha) for alpha in (0, 1, 60, 254)]
    + [mask_sets.dimmed(60, 0), mask_sets.dimmed(60, 255)],
)
def test_white_zeros_and_transparency_are_read_as_staging_does(
    write: Callable[[GreyImage], bytes],
) -> None:
    data = write(ultrasound.scan(1))

    np.testing.assert_array_equal(decode_grey(data), pixels.decode(data).pixels)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
def test_all_promised_formats_are_read(kind: str, encode: Callable[..., bytes]) -> None:
    assert decode_grey(encode("L", kind=kind)).shape == (41, 53)


def bomb(width: int, height: int) -> bytes:
    """A PNG that claims a size it has no bytes for."""

    def chunk(name: bytes, data: bytes) -> bytes:
        checked = name + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(bytes(1000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7_000, 10_000, 60_000])
def test_decompression_bomb_is_refused_before_it_is_unpacked(side: int) -> None:
    with pytest.raises(ImageUnreadable, match="pixels"):
        decode_grey(bomb(side, side))


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"no image at all" * 50, b"\x89PNG\r\n\x1a\n"])
def test_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(ImageUnreadable):
        decode_grey(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_truncated_image_is_refused(kind: str, share: float, encode: Callable[..., bytes]) -> None:
    data = encode("L", (200, 160), kind)

    with pytest.raises(ImageUnreadable):
        decode_grey(data[: int(len(data) * share)])


def test_other_formats_are_refused_even_where_pillow_reads_them(
    encode: Callable[..., bytes],
) -> None:
    with pytest.raises(ImageUnreadable, match="PNG, JPEG, BMP, TIFF"):
        decode_grey(encode("L", kind="GIF"))


@pytest.mark.parametrize("kind", ["TIFF", "PNG", "MPO"])
def test_several_frames_are_refused(kind: str) -> None:
    stream = io.BytesIO()
    first, *others = (Image.new("L", (40, 40), grey) for grey in (0, 90, 200))
    first.save(stream, kind, save_all=True, append_images=others)

    with pytest.raises(ImageUnreadable, match="3 images"):
        decode_grey(stream.getvalue())


@pytest.mark.parametrize("seed", range(40))
def test_damaged_bytes_never_end_in_another_error(seed: int, encode: Callable[..., bytes]) -> None:
    rng = np.random.default_rng(seed)
    data = bytearray(encode("RGB", kind=["PNG", "JPEG", "BMP", "TIFF"][seed % 4]))
    for position in rng.integers(8, len(data), 20):
        data[position] = rng.integers(0, 256)

    try:
        decoded = decode_grey(bytes(data))
    except ImageUnreadable:
        return
    assert decoded.dtype == np.uint8
