from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from sonoflow.images import transparency
from tests.unit import ultrasound

PICTURE = ultrasound.scan(1, 96, 72)


def shown(alpha: np.ndarray, picture: np.ndarray = PICTURE) -> tuple[np.ndarray, tuple[str, ...]]:
    colours = np.dstack([picture, picture, picture, alpha.astype(np.uint8)])
    return transparency.on_black(Image.fromarray(colours))


def test_what_is_opaque_is_shown_and_the_rest_is_black() -> None:
    alpha = np.full(PICTURE.shape, 255)
    alpha[:20] = 0

    grey, flags = shown(alpha)

    assert (grey[20:] == PICTURE[20:]).all()
    assert not grey[:20].any()
    assert flags == ()


@pytest.mark.parametrize("most", [0, 1, 60, 254])
def test_nothing_opaque_counts_as_opaque_where_it_is_most(most: int) -> None:
    grey, flags = shown(np.full(PICTURE.shape, most))

    assert np.abs(grey.astype(int) - PICTURE).max() <= 1
    assert flags == ("transparent",)


def test_strips_of_a_large_picture_are_stretched_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    alpha = np.linspace(0, 120, PICTURE.size).reshape(PICTURE.shape)
    whole, _ = shown(alpha)

    monkeypatch.setattr(transparency, "_STRIP_PIXELS", 96 * 5)

    assert (shown(alpha)[0] == whole).all()


def test_a_cut_out_of_which_most_is_hidden_is_flagged() -> None:
    alpha = np.zeros(PICTURE.shape)
    alpha[20:40, 20:40] = 255

    assert shown(alpha)[1] == ("transparent",)


def test_a_plain_colour_under_transparency_hides_nothing() -> None:
    alpha = np.zeros(PICTURE.shape)
    alpha[20:40, 20:40] = 255

    assert shown(alpha, np.where(alpha > 0, PICTURE, 255).astype(np.uint8))[1] == ()


def test_pictures_without_transparency_have_no_flag() -> None:
    assert transparency.flags(Image.fromarray(PICTURE)) == ()
