"""The line around lesions, as overlays and reports draw it."""

from __future__ import annotations

import numpy as np

from sonoflow.images.pixels import Mask

COLOUR = (255, 176, 0)  # amber: far from anything in a grey image, seen by all eyes


def outline(mask: Mask, width: int) -> Mask:
    """A line around each lesion, outside of it so that it hides nothing."""
    grown = mask
    for _ in range(width):
        padded = np.pad(grown, 1)
        grown = (
            padded[1:-1, 1:-1]
            | padded[:-2, 1:-1]
            | padded[2:, 1:-1]
            | padded[1:-1, :-2]
            | padded[1:-1, 2:]
        )
    return grown & ~mask
