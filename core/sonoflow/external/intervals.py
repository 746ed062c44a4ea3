"""Confidence intervals by resampling groups of images, as a release's own evaluation has them.

Images of one group look alike, or are of one patient, and succeed or fail together: resampled
singly they would make the intervals too narrow (Field and Welsh, 2007, on the cluster bootstrap).
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

RESAMPLES = 1000
# Images of all resamples together, above which there are fewer of these: a function has minutes.
RESAMPLES_LEAST, IMAGES_DRAWN = 200, 20_000_000
LEVEL = 95.0  # per cent

Picks = npt.NDArray[np.int64]  # places of images, some several times
Figures = Mapping[str, float | None]
Interval = list[float] | None


def of(
    figures: Callable[[Picks], Figures], groups: Sequence[str], seed: int = 0
) -> dict[str, Interval]:
    """[low, high] of every figure, percentiles of its values on resampled groups.

    `groups` names each image's group. None for a figure that is undefined on most resamples, or the
    same on all: of six images that are all wrong, resampling would say that every one is. And for
    all figures where there is a single group.
    """
    members: dict[str, list[int]] = collections.defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    blocks = [np.array(places, dtype=np.int64) for places in members.values()]
    if len(blocks) < 2:
        return dict.fromkeys(figures(np.arange(len(groups))))
    number = max(RESAMPLES_LEAST, min(RESAMPLES, IMAGES_DRAWN // len(groups)))
    draws = np.random.default_rng(seed).integers(len(blocks), size=(number, len(blocks)))
    values: dict[str, list[float]] = collections.defaultdict(list)
    for draw in draws:
        for name, value in figures(np.concatenate([blocks[block] for block in draw])).items():
            values[name] += [] if value is None else [value]
    return {name: wide(_percentiles(defined, number)) for name, defined in values.items()}


def wide(interval: Interval) -> Interval:
    """None in place of one without width, which says less than nothing."""
    return interval if interval is not None and interval[0] < interval[1] else None


def _percentiles(values: Sequence[float], resamples: int) -> Interval:
    if len(values) < resamples / 2:
        return None
    tail = (100 - LEVEL) / 2
    return [round(float(end), 6) for end in np.percentile(values, [tail, 100 - tail])]
