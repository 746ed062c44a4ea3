from __future__ import annotations

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from sonoflow.errors import ImageRejected
from sonoflow.images import depths, pixels, png
from tests.unit import ultrasound
from tests.unit.core.images import mask_sets


@pytest.mark.parametrize(
    ("highest", "bits"),
    [(0, 8), (255, 8), (256, 10), (1023, 10), (1024, 12), (4096, 14), (16384, 16), (65535, 16)],
)
def test_so_many_bits_are_used_as_the_brightest_pixel_needs(highest: int, bits: int) -> None:
    wide = np.array([[0, highest]], dtype=np.uint16)

    assert depths.needed(wide) == bits
    assert depths.used(Image.fromarray(wide)) == bits
    assert depths.used(Image.new("L", (2, 2))) is None


@pytest.mark.parametrize(
    ("known", "white", "flags"),
    [
        (None, 255, ("depth-10-of-16",)),
        (12, 63, ("depth-12-of-16",)),
        (16, 4, ()),
        (8, 255, ("depth-10-of-16", "depth-unlike-the-others")),
    ],
)
def test_what_is_known_of_the_set_goes_before_what_one_picture_uses(
    known: int | None, white: int, flags: tuple[str, ...]
) -> None:
    narrowed, told = depths.narrowed(np.array([[0, 1023]], dtype=np.uint16), known)

    assert (narrowed.tolist(), told) == ([[0, white]], flags)


def coloured(grey: mask_sets.Grey, bits: int, kind: int) -> bytes:
    """A PNG of 16 bits for each of its channels: 2 is RGB, 4 grey and alpha, 6 RGB and alpha."""
    channels = {2: 3, 4: 2, 6: 4}[kind]
    wide = np.repeat((grey.astype(np.uint16) << (bits - 8))[..., None], channels, axis=2)
    if kind != 2:
        wide[..., -1] = 65535
    height, width = grey.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in wide)
    head = struct.pack(">2L5B", width, height, 16, kind, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return png.SIGNATURE + b"".join(
        struct.pack(">L", len(data)) + name + data + struct.pack(">L", zlib.crc32(name + data))
        for name, data in parts
    )


@pytest.mark.parametrize("kind", [2, 6])
@pytest.mark.parametrize("bits", [8, 10, 12, 14])
def test_colours_of_sixteen_bits_are_scaled_by_what_is_used_too(kind: int, bits: int) -> None:
    grey = ultrasound.scan(1)

    decoded = pixels.decode(coloured(grey, bits, kind))

    assert decoded.flags == (f"depth-{bits}-of-16",)
    assert (decoded.pixels == grey).all()


def test_what_cannot_be_read_to_its_last_bit_is_rejected() -> None:
    grey = ultrasound.scan(1)

    with pytest.raises(ImageRejected, match=r"unsupported-mode.*as grey"):
        pixels.decode(coloured(grey, 12, 4))
    assert (pixels.decode(coloured(grey, 16, 4)).pixels == grey).all()
