from __future__ import annotations

import numpy as np
import pytest

from sonoflow.errors import ImageRejected
from sonoflow.images import stored_masks
from sonoflow.images.reading import Token
from tests.unit.core.images import mask_sets

LESION = mask_sets.lesion(3)
OPAQUE = mask_sets.transparent(255, 255, 255, 0)


@pytest.mark.parametrize(
    ("write", "kind", "tokens", "flags"),
    [
        (mask_sets.two(0, 2), "grey", {(0,), (2,)}, ()),
        (mask_sets.two(0, 65535, np.uint16), "grey", {(0,), (65535,)}, ()),
        (mask_sets.soft(0, 255, 9), "grey", set(), ()),
        (mask_sets.colours((7, 7, 7), (9, 9, 9)), "grey", {(7,), (9,)}, ()),
        (
            mask_sets.colours(mask_sets.BLACK, mask_sets.RED),
            "colour",
            {(0, 0, 0), (255, 0, 0)},
            (),
        ),
        (
            mask_sets.palette(mask_sets.BLACK, mask_sets.BLACK),
            "index",
            {(0,), (1,)},
            ("mask-by-palette-index",),
        ),
        (mask_sets.palette(mask_sets.BLACK, mask_sets.WHITE), "grey", {(0,), (255,)}, ()),
        (OPAQUE, "grey", {(0,), (255,)}, ()),
        (mask_sets.transparent(0, 255, 0), "alpha", {(0,), (255,)}, ("mask-by-alpha",)),
        (mask_sets.transparent(255, 255, 0), "grey", {(0,), (255,)}, ()),
        (mask_sets.tiff(np.int32, 7), "grey", {(0,), (7,)}, ()),
        (mask_sets.tiff(np.float32, 0.5), "grey", {(0,), (128,)}, ()),
        (mask_sets.transparent(9, 0, 0, 3), "grey", {(3,), (9,)}, ("mask-alpha-ignored",)),
    ],
)
def test_a_mask_is_read_where_its_pixels_differ(
    write: mask_sets.Write, kind: str, tokens: set[Token], flags: tuple[str, ...]
) -> None:
    stored = stored_masks.load(write(LESION))

    assert (stored.kind, set(stored.tokens), stored.flags) == (kind, tokens, flags)
    assert stored.shape == LESION.shape
    assert stored.exact


@pytest.mark.parametrize(
    ("write", "outside", "inside", "around"),
    [
        (mask_sets.two(1, 2), (0,), 2, 1),
        (mask_sets.two(1, 2), (1,), 1, 0),
        (mask_sets.two(0, 1), (255,), 0, 1),
        (mask_sets.two(0, 65535, np.uint16), (255,), 0, 65535),
        (mask_sets.colours(mask_sets.PURPLE, mask_sets.YELLOW), mask_sets.PURPLE, 230, 0),
        (mask_sets.colours(mask_sets.WHITE, mask_sets.RED), (255,), 255, 0),
    ],
)
def test_the_distance_from_the_outside_is_that_of_the_farthest_channel(
    write: mask_sets.Write, outside: Token, inside: int, around: int
) -> None:
    far = stored_masks.distance(stored_masks.load(write(LESION)), outside)

    assert (set(far[LESION].tolist()), set(far[~LESION].tolist())) == ({inside}, {around})


def test_a_jpeg_is_not_exact() -> None:
    assert not stored_masks.load(mask_sets.soft(0, 255, kind="JPEG")(LESION)).exact


@pytest.mark.parametrize("inside", [-1.0, 70_000.0, float("nan")])
def test_numbers_that_are_no_labels_are_rejected(inside: float) -> None:
    with pytest.raises(ImageRejected, match="unsupported-mode"):
        stored_masks.load(mask_sets.tiff(np.float32, inside)(LESION))
