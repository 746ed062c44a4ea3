from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from sonoflow.errors import ImageRejected
from sonoflow.images import pixels as images
from tests.unit import pictures

GREY = pictures.scan()


def decoded(image: Image.Image, kind: str = "PNG", **options: object) -> images.Decoded:
    return images.decode(pictures.encode(image, kind, **options))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P"])
def test_grey_pixels_survive_every_way_to_store_them(kind: str, mode: str) -> None:
    if kind == "BMP" and mode == "LA":
        return  # BMP has no such mode
    image = GREY.convert("RGB").quantize(256) if mode == "P" else GREY.convert(mode)

    pixels = decoded(image, kind).pixels

    assert pixels.dtype == np.uint8
    assert pixels.shape == (pictures.HEIGHT, pictures.WIDTH)
    tolerance = 4 if mode == "P" else 0  # quantising itself is not exact
    difference = np.abs(pixels.astype(int) - np.asarray(GREY).astype(int))
    assert difference.max() <= tolerance


def test_a_jpeg_is_close() -> None:
    smooth = Image.linear_gradient("L")

    pixels = decoded(smooth, "JPEG", quality=95).pixels

    assert np.abs(pixels.astype(int) - np.asarray(smooth).astype(int)).max() <= 3


def test_one_bit_becomes_black_and_white() -> None:
    pixels = decoded(pictures.lesion(10, 10, 30, 20).convert("1")).pixels

    assert sorted(np.unique(pixels)) == [0, 255]
    assert (pixels == 255).sum() == 200


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_to_eight(kind: str) -> None:
    wide = np.linspace(0, 65535, 64 * 96).reshape(64, 96).astype(np.uint16)

    pixels = decoded(Image.fromarray(wide), kind).pixels

    assert (pixels.min(), pixels.max()) == (0, 255)
    assert np.abs(pixels.astype(float) - wide / 257).max() <= 0.51


def test_big_endian_sixteen_bits_are_read_alike() -> None:
    wide = np.linspace(0, 65535, 64 * 96).reshape(64, 96).astype(np.uint16)
    header = struct.pack(">2sHI", b"MM", 42, 8)
    tags = [(256, 3, 96), (257, 3, 64), (258, 3, 16), (259, 3, 1), (262, 3, 1)]
    tags += [(273, 4, 200), (277, 3, 1), (278, 3, 64), (279, 4, 64 * 96 * 2)]
    ifd = struct.pack(">H", len(tags))
    for tag, kind, value in tags:
        packed = struct.pack(">HH", value, 0) if kind == 3 else struct.pack(">I", value)
        ifd += struct.pack(">HHI", tag, kind, 1) + packed
    tiff = (header + ifd + bytes(4)).ljust(200, b"\0") + wide.astype(">u2").tobytes()

    pixels = images.decode(tiff).pixels

    assert np.abs(pixels.astype(float) - wide / 257).max() <= 0.51


def test_colours_become_their_luma() -> None:
    colours = Image.new("RGB", (64, 64), (200, 100, 50))

    assert set(np.unique(decoded(colours).pixels)) == {round(0.299 * 200 + 0.587 * 100 + 5.7)}


def test_what_is_transparent_is_black() -> None:
    image = Image.new("RGBA", (64, 64), (255, 255, 255, 0))
    image.paste((255, 255, 255, 255), (0, 0, 32, 64))

    pixels = decoded(image).pixels

    assert (pixels[:, :32] == 255).all()
    assert (pixels[:, 32:] == 0).all()


def test_a_palette_with_a_transparent_colour_is_read_alike() -> None:
    image = Image.new("P", (64, 64), 0)
    image.putpalette([255, 255, 255, 90, 90, 90])
    image.paste(1, (0, 0, 32, 64))

    pixels = decoded(image, transparency=0).pixels

    assert (pixels[:, :32] == 90).all()
    assert (pixels[:, 32:] == 0).all()


@pytest.mark.parametrize(("kind", "mode"), [("TIFF", "F"), ("TIFF", "I")])
def test_a_mode_that_is_not_known_is_named(kind: str, mode: str) -> None:
    with pytest.raises(ImageRejected, match=f"unsupported-mode.*'{mode}'"):
        decoded(GREY.convert(mode), kind)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"Dear colleague, see below.", "not-an-image"),
        (pictures.encode(GREY, "GIF"), "not-an-image"),
        (pictures.png()[:1000], "truncated"),
        (pictures.encode(GREY, "JPEG")[:800], "truncated"),
        (pictures.encode(GREY, "TIFF")[:3000], "truncated"),
        (pictures.encode(GREY, "BMP")[:3000], "truncated"),
        (pictures.encode(pictures.scan(width=31)), "too-small"),
    ],
    ids=["empty", "text", "gif", "png cut", "jpeg cut", "tiff cut", "bmp cut", "tiny"],
)
def test_what_cannot_be_used_is_rejected_with_a_reason(data: bytes, reason: str) -> None:
    with pytest.raises(ImageRejected) as caught:
        images.decode(data)

    assert caught.value.reason == reason


@pytest.mark.parametrize("side", [7_000, 12_000, 60_000])
def test_a_decompression_bomb_is_rejected_before_it_is_unpacked(side: int) -> None:
    data = bytearray(pictures.png())
    data[16:24] = struct.pack(">II", side, side)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))

    with pytest.raises(ImageRejected, match="too-large"):
        images.decode(bytes(data))


def test_a_file_of_several_images_is_rejected_instead_of_judged_by_its_first() -> None:
    loop = pictures.encode(GREY, "TIFF", save_all=True, append_images=[pictures.scan(2)])

    with pytest.raises(ImageRejected, match=r"several-frames.*2 images"):
        images.decode(loop)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(["PNG", "JPEG", "BMP", "TIFF"]), st.data())
@pytest.mark.filterwarnings("ignore::UserWarning")  # what Pillow has to say about bad TIFF tags
def test_damaged_bytes_never_raise_anything_but_a_rejection(kind: str, data: st.DataObject) -> None:
    damaged = bytearray(pictures.encode(pictures.scan(width=40, height=40), kind))
    for _ in range(data.draw(st.integers(1, 5))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    keep = data.draw(st.integers(len(damaged) // 2, len(damaged)))

    try:
        pixels = images.decode(bytes(damaged[:keep])).pixels
    except ImageRejected:
        return
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_as_exif_says(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = pictures.encode(GREY, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))

    decoded = images.decode(data)

    assert (decoded.pixels == np.asarray(upright)).all()


@pytest.mark.parametrize("mode", ["RGBA", "L", "CMYK"])
def test_a_large_image_is_converted_in_strips_without_seams(mode: str) -> None:
    large = pictures.scan(width=1201, height=1801)

    data = pictures.encode(large.convert(mode), "TIFF")

    assert (images.decode(data).pixels == np.asarray(large)).all()


def test_a_blank_image_is_told_from_a_dark_one() -> None:
    dark = np.zeros((64, 64), dtype=np.uint8)
    dark[10, 10] = 9

    images.check_not_blank(images.Decoded(dark))
    with pytest.raises(ImageRejected, match="blank"):
        images.check_not_blank(images.Decoded(dark // 2))


def test_the_digest_is_of_size_and_pixels() -> None:
    pixels = np.asarray(GREY)

    assert images.digest(pixels) == images.digest(pixels.copy())
    assert images.digest(pixels) != images.digest(pixels.reshape(96, 64))
    assert images.digest(pixels) != images.digest(255 - pixels)


def test_pixels_are_counted_by_ranges_of_sixteen_grey_levels() -> None:
    pixels = np.array([[0, 15, 16, 255], [31, 32, 240, 239]], dtype=np.uint8)

    counts = images.histogram(images.levels(pixels))

    assert counts == [2, 2, 1] + [0] * 11 + [1, 2]
    assert all(type(count) is int for count in counts), "must go into JSON"


def test_a_histogram_is_the_one_that_numpy_counts_of_any_view() -> None:
    pixels = np.asarray(pictures.scan(3))[::-1, ::2]

    expected = np.histogram(pixels, bins=16, range=(0, 256))[0]

    assert images.histogram(images.levels(pixels)) == expected.tolist()
