from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sonoflow.errors import ImageRejected
from sonoflow.images import kinds
from sonoflow.images.pixels import Decoded
from tests.unit import pictures, ultrasound


def look(image: Image.Image, kind: str = "PNG", **options: object) -> kinds.Look:
    found = kinds.look(pictures.encode(image, kind, **options))
    assert found is not None
    return found


MASK = pictures.lesion(10, 10, 60, 50)


def palette(first: list[int], second: list[int]) -> Image.Image:
    image = Image.frombytes("P", MASK.size, MASK.point(lambda v: v // 255).tobytes())
    image.putpalette([*first, *second])
    return image


@pytest.mark.parametrize(
    "mask",
    [
        MASK,
        MASK.convert("1"),
        MASK.convert("RGB"),
        MASK.point(lambda v: v // 255),
        Image.fromarray((np.asarray(MASK) > 0).astype(np.uint16)),
        palette([0, 0, 0], [128, 0, 0]),
        palette([0, 0, 0], [0, 0, 0]),
        Image.merge("RGB", [MASK, Image.new("L", MASK.size), Image.new("L", MASK.size)]),
        Image.new("L", MASK.size),
    ],
    ids=["L", "1", "RGB", "0 and 1", "16 bit", "VOC", "two blacks", "red", "empty"],
)
def test_a_mask_is_drawn_however_it_is_stored(mask: Image.Image) -> None:
    assert look(mask).drawn


def test_a_mask_as_jpeg_is_drawn_too() -> None:
    assert look(MASK, "JPEG", quality=70).drawn
    assert look(MASK.resize((300, 220), Image.Resampling.BILINEAR)).drawn


@pytest.mark.parametrize("seed", range(4))
def test_a_scan_is_not_drawn(seed: int) -> None:
    pixels = ultrasound.scan(seed)
    dark = np.where(np.indices(pixels.shape)[1] < 300, 0, pixels)

    assert not look(Image.fromarray(pixels)).drawn
    assert not look(Image.fromarray(dark.astype(np.uint8)), "JPEG").drawn
    assert not look(pictures.scan(seed)).drawn


def test_an_overlay_is_alike_and_coloured() -> None:
    scan = Image.fromarray(ultrasound.scan(3))
    overlay = scan.convert("RGB")
    ImageDraw.Draw(overlay).ellipse((100, 80, 220, 200), outline=(255, 0, 0), width=3)

    assert kinds.alike(look(overlay), look(scan))
    assert kinds.alike(look(overlay.point(lambda level: level // 2)), look(scan))
    assert look(overlay).coloured
    assert not look(scan.convert("RGB")).coloured


def test_other_scans_are_not_alike() -> None:
    seen = [look(Image.fromarray(ultrasound.scan(seed))) for seed in range(12)]

    assert not any(kinds.alike(a, b) for a in seen for b in seen if a is not b)


@pytest.mark.parametrize("data", [None, b"", b"x", pictures.png()[:60]])
def test_what_cannot_be_read_has_no_look(data: bytes | None) -> None:
    assert kinds.look(data) is None


def test_a_picture_beyond_the_limit_has_no_look() -> None:
    held = io.BytesIO()
    Image.new("1", (20_000, 10_000)).save(held, "PNG")

    assert kinds.look(held.getvalue()) is None


@pytest.mark.parametrize("drawn", [MASK, MASK.resize((300, 220), Image.Resampling.BILINEAR)])
def test_a_drawing_is_no_picture_to_train_on(drawn: Image.Image) -> None:
    with pytest.raises(ImageRejected, match=r"drawn: .*call it <image>_mask.png"):
        kinds.check_scan(Decoded(np.asarray(drawn)))


@pytest.mark.parametrize("seed", range(3))
def test_a_scan_is_one_however_dark_it_is(seed: int) -> None:
    pixels = ultrasound.scan(seed)

    kinds.check_scan(Decoded(pixels))
    kinds.check_scan(Decoded((pixels // 24).astype(np.uint8)))
