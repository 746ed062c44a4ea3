"""Which images of a data set show the same picture: links between two images each.

How well it finds them, and why with these thresholds, is said in docs/duplicates.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sonoflow.images.disjoint_sets import DisjointSets
from sonoflow.images.fingerprints import Fingerprint
from sonoflow.splits import similarity

PIXELS, NEAR, GIVEN = "pixels", "near", "given"
DISTANCE_MAXIMUM = 14
_BLOCK = 4096  # thumbnails compared at once: 16 MB as float32
_TILE = 512  # hashes compared with as many others at once: 2 MB of differences
# Rounds in which images of one hash are compared with the first of them still alone.
_LEADERS = 32

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Link:
    """Two images that belong together, and why."""

    a: str
    b: str
    kind: str
    distance: int | None = None
    correlation: float | None = None

    def document(self) -> dict[str, Any]:
        return {
            "a": self.a,
            "b": self.b,
            "kind": self.kind,
            "distance": self.distance,
            "correlation": self.correlation,
        }


def equal_links(values: Iterable[tuple[str, Hashable]], kind: str) -> list[Link]:
    """Links of ids that share a value: each with the first of that value. None is no value."""
    first: dict[Hashable, str] = {}
    links = []
    for identity, value in values:
        if value is None:
            continue
        earlier = first.setdefault(value, identity)
        if earlier != identity:
            exact = kind == PIXELS
            measured = (0, 1.0) if exact else (None, None)
            links.append(Link(earlier, identity, kind, *measured))
    return links


def near_links(identities: Sequence[str], looks: Sequence[Fingerprint]) -> list[Link]:
    """Links that join all images of nearly the same look, as few as will do.

    Pairs are found by their hashes and confirmed by their thumbnails. A pair already joined
    through others gets no link of its own: a clip of a thousand frames has 999 links, not 499,500.
    """
    if not looks:
        return []
    hashes = np.array([look.phash for look in looks], dtype=np.uint64)
    thumbs = np.stack([look.thumb for look in looks])
    links = []
    for a, b, correlation in _joins(hashes, thumbs):
        distance = int(hashes[a] ^ hashes[b]).bit_count()
        links.append(Link(identities[a], identities[b], NEAR, distance, round(correlation, 4)))
    return links


def _joins(hashes: Hashes, thumbs: similarity.Thumbs) -> Iterator[tuple[int, int, float]]:
    joined = DisjointSets(len(hashes))
    yield from _confirm(_equal_hashes(hashes, joined), thumbs, joined)
    leaders = _leaders(hashes, joined)
    candidates = ((leaders[a], leaders[b]) for a, b in near_hashes(hashes[leaders]))
    yield from _confirm(candidates, thumbs, joined)


def near_hashes(hashes: Hashes) -> Iterator[tuple[Positions, Positions]]:
    """Positions (a, b), a < b, of hashes that differ in DISTANCE_MAXIMUM bits at most.

    Each pair comes once, those of a tile together: some 260,000 at most, whatever the hashes.
    """
    for top in range(0, len(hashes), _TILE):
        for left in range(top, len(hashes), _TILE):
            differences = hashes[top : top + _TILE, None] ^ hashes[left : left + _TILE]
            near = np.bitwise_count(differences) <= DISTANCE_MAXIMUM
            a, b = np.nonzero(np.triu(near, 1) if left == top else near)
            if len(a):
                yield a + top, b + left


def _leaders(hashes: Hashes, joined: DisjointSets) -> Positions:
    """Of images with one hash that are joined, the first speaks for all.

    No hash has more than 32 speakers: thousands of unlike pictures with one hash are no data set
    but an attempt to keep this busy.
    """
    roots = joined.roots()
    order = np.lexsort((np.arange(len(hashes)), roots, hashes))
    same_hash = np.diff(hashes[order], prepend=~hashes[order][:1]) == 0
    first = ~same_hash | (np.diff(roots[order], prepend=-1) != 0)
    speakers = order[first]
    _, begin = np.unique(hashes[speakers], return_index=True)
    rank = np.arange(len(speakers)) - np.repeat(begin, np.diff(begin, append=len(speakers)))
    leaders: Positions = np.sort(speakers[rank < _LEADERS])
    return leaders


def _equal_hashes(hashes: Hashes, joined: DisjointSets) -> Iterator[tuple[Positions, Positions]]:
    """Each image with the first of the same hash; those not joined to it again, round by round.

    However many share a hash, this stays linear.
    """
    left = np.arange(len(hashes))
    for _ in range(_LEADERS):
        _, first, which = np.unique(hashes[left], return_index=True, return_inverse=True)
        followers = left[first[which]] != left
        if not followers.any():
            return
        yield left[first[which]][followers], left[followers]
        roots = joined.roots()
        left = left[followers & (roots[left] != roots[left[first[which]]])]


def _confirm(
    candidates: Iterable[tuple[Positions, Positions]],
    thumbs: similarity.Thumbs,
    joined: DisjointSets,
) -> Iterator[tuple[int, int, float]]:
    """Joins the pairs whose thumbnails agree; gives those that joined something."""
    for found in candidates:
        a, b = _apart(*found, joined)
        for start in range(0, len(a), _BLOCK):
            one, other = _apart(a[start : start + _BLOCK], b[start : start + _BLOCK], joined)
            same, correlation = similarity.confirmed(thumbs[one], thumbs[other])
            for index in np.flatnonzero(same):
                if joined.join(int(one[index]), int(other[index])):
                    yield int(one[index]), int(other[index]), float(correlation[index])


def _apart(a: Positions, b: Positions, joined: DisjointSets) -> tuple[Positions, Positions]:
    roots = joined.roots()
    apart = roots[a] != roots[b]
    return a[apart], b[apart]
