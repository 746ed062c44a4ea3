from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sonoflow.images import derived, kinds
from sonoflow.images.kinds import Look
from tests.unit import pictures, ultrasound

PICTURES = [Image.fromarray(ultrasound.scan(seed)) for seed in range(4)]


def look(image: Image.Image) -> Look:
    found = kinds.look(pictures.encode(image))
    assert found is not None
    return found


def stacked(*images: Image.Image, across: bool) -> Image.Image:
    arrays = [np.asarray(image) for image in images]
    return Image.fromarray(np.hstack(arrays) if across else np.vstack(arrays))


WHOLE, OTHER = PICTURES[:2]
PART = WHOLE.crop((60, 50, 260, 210))
HEAT = Image.fromarray(np.dstack([np.asarray(OTHER), 255 - np.asarray(OTHER), np.asarray(OTHER)]))


@pytest.mark.parametrize(
    ("image", "relation"),
    [
        (WHOLE, derived.COPY),
        (stacked(WHOLE, OTHER, across=True), derived.PANEL),
        (stacked(OTHER, WHOLE, across=False), derived.PANEL),
        (stacked(OTHER, WHOLE, PICTURES[2], across=True), derived.PANEL),
        (PART, derived.CROP),
        (PART.resize((160, 128)), derived.CROP),
        (PART.resize((512, 410)), derived.CROP),
        (HEAT, derived.HEAT_MAP),
        (OTHER, None),
        (stacked(OTHER, PICTURES[2], across=True), None),
        (OTHER.crop((60, 50, 260, 210)), None),
    ],
)
def test_what_one_picture_is_of_another(image: Image.Image, relation: str | None) -> None:
    assert derived.relation(look(image), look(WHOLE)) == relation


def test_one_of_several_side_by_side_is_no_crop_of_them() -> None:
    assert derived.relation(look(WHOLE), look(stacked(WHOLE, OTHER, across=True))) is None


def test_a_coloured_picture_of_a_coloured_one_is_no_heat_map() -> None:
    assert derived.relation(look(HEAT), look(Image.merge("RGB", [OTHER, WHOLE, OTHER]))) is None


def test_the_best_place_is_found_and_nothing_is_like_one_grey() -> None:
    whole = np.asarray(WHOLE)[:80, :90].astype(float)

    assert derived.best_likeness(whole[20:50, 30:70], whole) == pytest.approx(1, abs=0.01)
    assert derived.best_likeness(np.ones((9, 9)), whole) == 0
    assert derived.best_likeness(whole[20:50, 30:70], np.ones((80, 90))) == 0
