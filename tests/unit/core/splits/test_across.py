"""Pictures of another set are found however its copies were made, and unlike ones are not."""

from __future__ import annotations

import numpy as np
import pytest

from sonoflow.images.fingerprints import Fingerprint, fingerprint
from sonoflow.splits import across
from tests.unit import ultrasound

KNOWN = [fingerprint(ultrasound.scan(seed)) for seed in range(40)]


def darker(pixels: ultrasound.Pixels) -> ultrasound.Pixels:
    return np.rint(pixels * 0.7 + 9).astype(np.uint8)


@pytest.mark.parametrize(
    "altered", [darker, ultrasound.crop, ultrasound.gamma, ultrasound.smaller, np.array]
)
def test_a_copy_is_found_with_the_image_that_it_is_of(altered: object) -> None:
    copies = [fingerprint(altered(ultrasound.scan(seed))) for seed in (7, 31)]  # type: ignore[operator]

    found = across.matches(copies, KNOWN)

    assert [(match.place, match.other) for match in found] == [(0, 7), (1, 31)]
    assert all(match.correlation > 0.85 for match in found)


def test_other_pictures_are_not() -> None:
    others = [fingerprint(ultrasound.scan(seed)) for seed in range(1000, 1060)]

    assert across.matches(others, KNOWN) == []


def test_of_several_the_most_alike_is_named() -> None:
    image = ultrasound.scan(3)
    known = [fingerprint(ultrasound.gamma(image)), fingerprint(image)]

    (match,) = across.matches([fingerprint(image)], known)

    assert (match.other, match.distance, match.correlation) == (1, 0, 1.0)


def test_more_than_a_tile_of_either() -> None:
    blank = Fingerprint(0, np.zeros((32, 32), np.uint8))
    many = [blank] * 600 + [KNOWN[5]]

    found = across.matches(many, [blank] * 600 + KNOWN)

    assert [(match.place, match.other) for match in found] == [(600, 605)]


def test_nothing_matches_nothing() -> None:
    assert across.matches([], KNOWN) == across.matches(KNOWN, []) == []
