"""From a segmenter's probabilities to a mask: the rule that validation chooses and serving keeps.

A pixel is lesion from `threshold` on. The image has no lesion at all, and an empty mask, where the
presence head's probability or the marked share of the frame is below its minimum: without that, a
segmenter marks a few pixels on most normal images.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from sonomodel.model import components

Probabilities = NDArray[np.float32]  # [height, width]
SUSPICIOUS = 0.01  # share of the frame's pixels, the likeliest
CERTAIN = 1e-6  # probabilities are kept as far from 0 and 1


@dataclasses.dataclass(frozen=True)
class LesionRule:
    threshold: float = 0.5  # probability
    minimum_presence: float = 0.0  # probability, as `presence_of` gives it
    minimum_area: float = 0.0  # share of the network's frame
    largest_component: bool = False  # nothing else is kept

    def finds_lesion(self, frame: Probabilities, presence: float | None) -> bool:
        """`frame` [side, side]; `presence` as `presence_of` gives it, None without the head."""
        if presence is not None and presence < self.minimum_presence:
            return False
        area = np.count_nonzero(frame >= self.threshold) / frame.size
        return bool(area >= self.minimum_area)

    def mask(self, probabilities: Probabilities) -> NDArray[np.bool_]:
        """Of an image in which there is a lesion; at any size."""
        marked = np.asarray(probabilities >= self.threshold)
        return components.largest(marked) if self.largest_component else marked


def presence_of(frame: Probabilities, head: float) -> float:
    """The probability that there is a lesion: from the head's logit and that of the most suspicious
    pixels, averaged. Each errs where the other does not: the head sees the whole image and is shown
    it once, the mask has learnt from every pixel."""
    suspicious = max(1, round(SUSPICIOUS * frame.size))
    likeliest = np.partition(frame, -suspicious, axis=None)[-suspicious:]
    mean = float(np.clip(likeliest.mean(), CERTAIN, 1 - CERTAIN))
    return 1 / (1 + math.exp(-(head + math.log(mean / (1 - mean))) / 2))
