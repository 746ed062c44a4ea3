"""What a person has to be told of a result that looks like one and is none."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

FEW_PER_CLASS = 60  # images of the smallest class, below which little is learned
ENOUGH_PER_CLASS = 200
_SIGMAS = 1.96  # of a 95 % interval


def of_run(output: Mapping[str, Any]) -> list[str]:
    """Sentences on a run's output; none where there is nothing to be told."""
    return [*at_chance(output), *few(output)]


def at_chance(output: Mapping[str, Any]) -> Iterator[str]:
    """For each model of classes whose test figure chance could reach too."""
    counts = output.get("split", {}).get("splits", {}).get("test", {})
    for release in output.get("releases", ()):
        accuracy = (release.get("metrics") or {}).get("accuracy")
        if accuracy is not None and counts and is_chance(accuracy, counts):
            number = sum(counts.values())
            yield (
                f"{release['model']}: an accuracy of {accuracy:.3f} on {number} test cases cannot"
                f" be told from chance: to always name the largest class would reach"
                f" {max(counts.values()) / number:.3f}. Nothing shows that this model has learned"
            )


def is_chance(accuracy: float, counts: Mapping[str, int]) -> bool:
    """Whether the lower end of the accuracy's 95 % interval (Wilson) lies no higher than the share
    of the largest class of the test split."""
    number = sum(counts.values())
    return _wilson_lower(accuracy, number) <= max(counts.values()) / number


def few(output: Mapping[str, Any]) -> Iterator[str]:
    """Of images too few to learn from."""
    images = output.get("split", {}).get("images") or {}
    if images and min(images.values()) < FEW_PER_CLASS:
        yield (
            f"{sum(images.values())} images teach nothing that holds elsewhere: the smallest class"
            f" has {min(images.values())}; {ENOUGH_PER_CLASS} of each class do"
        )


def _wilson_lower(share: float, number: int) -> float:
    """https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval"""
    square = _SIGMAS**2 / number
    spread = _SIGMAS * math.sqrt(share * (1 - share) / number + square / (4 * number))
    return (share + square / 2 - spread) / (1 + square)
