"""Whether one model is worse than another on the same images, beyond what chance explains.

Both answered the same images, so what is hard about an image is hard for both: the difference of a
figure is resampled, not the figures (the paired bootstrap; Efron and Tibshirani, An Introduction to
the Bootstrap, 1993). Whole groups are drawn, since images of one group succeed or fail together
(Field and Welsh, 2007).

Several figures are looked at, and each may seem worse by chance. The bounds are Bonferroni's, so
that a challenger as good as the champion is called worse in one release of twenty at most.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from sonoflow.comparing.answers import Answers, Bools, Picks

RESAMPLES = 2000
ERROR = 0.05  # how often one of the figures may seem worse, and is not
# From fewer nothing is told: intervals from so few groups are too narrow (Cameron, Gelbach and
# Miller, 2008).
GROUPS_MINIMUM = 15


@dataclasses.dataclass(frozen=True)
class Difference:
    """Of one figure, on the same images."""

    champion: float
    challenger: float
    interval: tuple[float, float]  # of challenger less champion
    groups: int
    worse: bool

    @property
    def difference(self) -> float:
        return self.challenger - self.champion


@dataclasses.dataclass(frozen=True)
class Found:
    differences: dict[str, Difference]
    too_few: dict[str, int]  # figures that too few groups are about, and how many


def compare(champion: Answers, challenger: Answers, groups: Sequence[str], seed: int = 0) -> Found:
    """`groups` names each image's group. Both must have answered the same images, in one order."""
    blocks = _blocks(groups)
    told, too_few = _told(champion.about(), blocks)
    first, second = champion.figures(), challenger.figures()
    values: dict[str, list[float]] = collections.defaultdict(list)
    if told:
        draws = np.random.default_rng(seed).integers(len(blocks), size=(RESAMPLES, len(blocks)))
        for draw in draws:
            picks = _picks(blocks, draw)
            one, other = champion.pick(picks).figures(), challenger.pick(picks).figures()
            for name in told:
                before, after = one[name], other[name]
                if before is not None and after is not None:
                    values[name].append(after - before)
    differences = {}
    for name, count in told.items():
        before, after = first[name], second[name]
        if before is None or after is None or len(values[name]) < RESAMPLES / 2:
            too_few[name] = count
            continue
        low, high = _bounds(values[name], len(told))
        worse = low > 0 if name in champion.rates_of_failure else high < 0
        differences[name] = Difference(before, after, (low, high), count, worse)
    return Found(differences, too_few)


def _blocks(groups: Sequence[str]) -> list[Picks]:
    members: dict[str, list[int]] = collections.defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    return [np.array(places, dtype=np.int64) for places in members.values()]


def _picks(blocks: Sequence[Picks], draw: Picks) -> Picks:
    return np.concatenate([blocks[block] for block in draw])


def _told(
    about: Mapping[str, Sequence[Bools]], blocks: Sequence[Picks]
) -> tuple[dict[str, int], dict[str, int]]:
    """How many groups each figure is about: of those with enough, and of the others. Of a figure
    that needs several kinds, the rarest counts: on one image of a class nothing is worse."""
    counts = {
        name: min(sum(bool(of[block].any()) for block in blocks) for of in kinds)
        for name, kinds in about.items()
    }
    enough = {name: count for name, count in counts.items() if count >= GROUPS_MINIMUM}
    return enough, {name: count for name, count in counts.items() if name not in enough}


def _bounds(values: Sequence[float], figures: int) -> tuple[float, float]:
    tail = 100 * ERROR / figures
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)
