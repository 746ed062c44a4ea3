"""Which images of one set show a picture of another: the other's thumbnail that is most like it.

By the same hashes, thumbnails and thresholds as within a set (duplicates.py, similarity.py).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from sonoflow.images.fingerprints import Fingerprint
from sonoflow.splits import similarity
from sonoflow.splits.duplicates import DISTANCE_MAXIMUM

_TILE = 512  # hashes compared with as many others at once: 2 MB of differences
_BLOCK = 4096  # thumbnails compared at once: 16 MB as float32


@dataclasses.dataclass(frozen=True)
class Match:
    """An image by its place, and the other set's that it is most like."""

    place: int
    other: int
    distance: int  # bits of the hashes that differ
    correlation: float


def matches(looks: Sequence[Fingerprint], others: Sequence[Fingerprint]) -> list[Match]:
    """One of each image of `looks` that shows a picture of `others`, by place."""
    if not looks or not others:
        return []
    hashes = np.array([look.phash for look in looks], dtype=np.uint64)
    known = np.array([look.phash for look in others], dtype=np.uint64)
    best: dict[int, Match] = {}
    for top in range(0, len(hashes), _TILE):
        for left in range(0, len(known), _TILE):
            differences = hashes[top : top + _TILE, None] ^ known[left : left + _TILE]
            distances = np.bitwise_count(differences)
            one, other = np.nonzero(distances <= DISTANCE_MAXIMUM)
            for start in range(0, len(one), _BLOCK):
                some = slice(start, start + _BLOCK)
                places = np.column_stack([one[some] + top, other[some] + left]).tolist()
                _confirm(places, distances[one[some], other[some]].tolist(), looks, others, best)
    return [best[place] for place in sorted(best)]


def _confirm(
    pairs: Sequence[Sequence[int]],
    distances: Sequence[int],
    looks: Sequence[Fingerprint],
    others: Sequence[Fingerprint],
    best: dict[int, Match],
) -> None:
    """Keeps, of the pairs whose thumbnails agree, each image's most alike."""
    first = np.stack([looks[one].thumb for one, _ in pairs])
    second = np.stack([others[other].thumb for _, other in pairs])
    same, correlations = similarity.confirmed(first, second)
    for at in np.flatnonzero(same).tolist():
        place, other = pairs[at]
        found = Match(place, other, distances[at], round(float(correlations[at]), 4))
        if place not in best or found.correlation > best[place].correlation:
            best[place] = found
