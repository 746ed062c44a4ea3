"""How bright an image is: how many of its pixels lie in each of a few ranges of grey."""

from __future__ import annotations

import numpy as np
from PIL import Image

from sonoflow.images.pixels import Pixels

BINS = 16
WIDTH = 256 // BINS  # grey levels of a bin


def histogram(pixels: Pixels) -> list[int]:
    """Pixels of (height, width) by range of grey, from black to white: 16 counts."""
    # Pillow counts in place; NumPy would first make eight bytes of every pixel.
    levels = np.array(Image.fromarray(pixels).histogram())
    counts: list[int] = levels.reshape(BINS, WIDTH).sum(axis=1).tolist()
    return counts
