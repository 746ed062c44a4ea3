"""From a segmenter's probabilities to a mask: the rule that validation chooses and serving keeps.

A pixel is lesion from `threshold` on. The image has no lesion at all, and an empty mask, where the
presence head's probability or the marked share of the frame is below its minimum: without that, a
segmenter marks a few pixels on most normal images.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sonomodel.evaluation.metrics import Overlap
from sonomodel.model import components

Probabilities = NDArray[np.float32]  # [height, width]
THRESHOLDS = [step / 20 for step in range(2, 19)]  # 0.10 to 0.90
PRESENCES = [step / 20 for step in range(20)]  # 0 (no gate) to 0.95
AREAS = [0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02]  # shares of the frame; 0 is no gate
SUSPICIOUS = 0.01  # share of the frame's pixels, the likeliest
CERTAIN = 1e-6  # probabilities are kept as far from 0 and 1
WORTHWHILE = 0.001  # mean agreement that a further step must gain


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


@dataclasses.dataclass(frozen=True)
class Validated:
    """A validation image at network size."""

    probabilities: Probabilities
    presence: float | None
    lesion: NDArray[np.bool_]

    def agreement(self, rule: LesionRule) -> float:
        """Dice; on an image without a lesion 1 for an empty mask and 0 for any other."""
        return self.overlap(rule).agreement

    def overlap(self, rule: LesionRule) -> Overlap:
        found = rule.finds_lesion(self.probabilities, self.presence)
        empty = np.zeros_like(self.lesion)
        return Overlap.of(rule.mask(self.probabilities) if found else empty, self.lesion)


def presence_of(frame: Probabilities, head: float) -> float:
    """The probability that there is a lesion: from the head's logit and that of the most suspicious
    pixels, averaged. Each errs where the other does not: the head sees the whole image and is shown
    it once, the mask has learnt from every pixel."""
    suspicious = max(1, round(SUSPICIOUS * frame.size))
    likeliest = np.partition(frame, -suspicious, axis=None)[-suspicious:]
    mean = float(np.clip(likeliest.mean(), CERTAIN, 1 - CERTAIN))
    return 1 / (1 + math.exp(-(head + math.log(mean / (1 - mean))) / 2))


def choose(images: Sequence[Validated]) -> LesionRule:
    """The rule with the highest mean agreement.

    Of equals the one with the threshold nearest to one half and the smallest area; of the presences
    that are left the middle one, which is farthest from where the agreement would fall. Without an
    image to try it on, or where no rule finds a lesion, there is no gate. Keeping the largest
    component alone must gain something of its own.
    """
    scored = [
        (round(float(np.mean(agreements)), 6), rule) for rule, agreements in _agreements(images)
    ]
    if not scored:
        return LesionRule()
    best = max(score for score, _ in scored)
    equals = [rule for score, rule in scored if score == best]
    plainest = min(map(_plainness, equals))
    left = [rule for rule in equals if _plainness(rule) == plainest]
    chosen = left[len(left) // 2]
    tidied = dataclasses.replace(chosen, largest_component=True)
    gain = np.mean([image.agreement(tidied) for image in images]) - best
    return tidied if gain >= WORTHWHILE else chosen


def _plainness(rule: LesionRule) -> tuple[float, float, float]:
    return round(abs(rule.threshold - 0.5), 6), rule.threshold, rule.minimum_area


def gated_agreement(images: Sequence[Validated], threshold: float) -> float:
    """The mean agreement with the gates that suit these images best; 0 if no lesion is met."""
    means = (float(np.mean(agreements)) for _, agreements in _agreements(images, [threshold]))
    return max(means, default=0.0)


def _agreements(
    images: Sequence[Validated], thresholds: Sequence[float] = THRESHOLDS
) -> Iterator[tuple[LesionRule, NDArray[np.float64]]]:
    """Every rule, by rising presence, and what each image's agreement with it is.

    Rules that find no lesion at all are left out: on a few images, empty masks throughout would do
    as well as masks that begin to be right.
    """
    normal = np.array([not image.lesion.any() for image in images])
    heads = bool(normal.any()) and all(image.presence is not None for image in images)
    presence = np.array([1.0 if i.presence is None else i.presence for i in images])
    for threshold in thresholds:
        plain = LesionRule(threshold)
        areas = np.array([np.mean(image.probabilities >= threshold) for image in images])
        agreements = np.array([image.agreement(plain) for image in images])
        for least, area in itertools.product(PRESENCES if heads else [0.0], AREAS):
            empty = (presence < least) | (areas < area)
            gated = np.where(empty, normal, agreements)
            if normal.all() or gated[~normal].any():
                yield LesionRule(threshold, least, area), gated
