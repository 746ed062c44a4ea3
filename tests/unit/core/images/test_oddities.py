from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sonoflow.images import oddities, pixels
from tests.unit import pictures, ultrasound
from tests.unit.core.images import mask_sets


def flow(side: int) -> Image.Image:
    """A scan with a box of red and blue in it."""
    coloured = np.repeat(ultrasound.scan(1)[:, :, None], 3, axis=2)
    coloured[50 : 50 + side, 50 : 50 + side] = (220, 30, 20)
    coloured[50 : 50 + side, 50 : 50 + side : 2] = (20, 60, 230)
    return Image.fromarray(coloured)


@pytest.mark.parametrize("mode", ["RGB", "P", "RGBA"])
@pytest.mark.parametrize(("side", "coloured"), [(60, True), (8, False), (0, False)])
def test_a_box_of_colour_is_seen_and_a_mark_is_not(side: int, coloured: bool, mode: str) -> None:
    picture = flow(side).quantize(200) if mode == "P" else flow(side).convert(mode)

    assert oddities.is_coloured(picture) == coloured
    assert pixels.decode(pictures.encode(picture)).flags == (("colour",) if coloured else ())


@pytest.mark.parametrize("mode", ["1", "L", "I;16", "CMYK"])
def test_what_has_no_colours_is_not_asked(mode: str) -> None:
    assert not oddities.is_coloured(
        Image.new(mode, (64, 64), 1 if mode != "CMYK" else (9, 0, 0, 0))
    )


def test_neighbours_are_alike_in_scans_and_not_in_noise() -> None:
    smooth, noise = (
        oddities.texture(ultrasound.scan(1)),
        oddities.texture(np.asarray(pictures.scan())),
    )
    speckle = oddities.texture(mask_sets.sample("benign", 1)[0])

    assert smooth is not None and speckle is not None and noise is not None
    assert smooth > 0.9 > speckle > 0.2 > 0.1 > noise
    hollow = np.pad(ultrasound.scan(1, 60, 200), ((0, 0), (0, 300)))
    assert oddities.texture(hollow) == pytest.approx(1, abs=0.05)
    assert oddities.texture(np.full((64, 64), 90, dtype=np.uint8)) is None


def test_text_and_calipers_are_sharp_bright_lines() -> None:
    plain = [oddities.strokes(ultrasound.scan(seed)) for seed in range(8)]
    marked = [oddities.strokes(ultrasound.annotated(ultrasound.scan(seed))) for seed in range(8)]

    assert max(plain) < 0.001 < 0.002 < min(marked)
    assert oddities.strokes(np.full((8, 200), 255, dtype=np.uint8)) == 0
