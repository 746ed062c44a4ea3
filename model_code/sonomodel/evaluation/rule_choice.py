"""The LesionRule that a segmenter is served with: what agrees best with the validation split."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sonomodel.evaluation.metrics import Overlap
from sonomodel.model.rule import LesionRule, Probabilities

THRESHOLDS = [step / 20 for step in range(2, 19)]  # 0.10 to 0.90
PRESENCES = [step / 20 for step in range(20)]  # 0 (no gate) to 0.95
AREAS = [0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02]  # shares of the frame; 0 is no gate
WORTHWHILE = 0.001  # mean agreement that a further step must gain


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
