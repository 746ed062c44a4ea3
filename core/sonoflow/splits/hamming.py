"""Pairs of 64-bit hashes that differ in few bits, without comparing all with all.

Multi-index hashing (Norouzi, Punjani, Fleet, "Fast Exact Search in Hamming Space with Multi-Index
Hashing", 2014): a hash is cut into four bands of 16 bits. If two hashes differ in at most 15 bits,
one of their bands differs in at most 3, so looking up the 697 neighbours of every band finds them
all. Nothing is missed, and of 100,000 hashes about 2 % of the pairs are looked at.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.int64]

_BANDS, _BITS = 4, 16
_BAND_DISTANCE = 3
LONGEST = _BANDS * (_BAND_DISTANCE + 1) - 1
# Pairs held at once; about 100 bytes each.
_CHUNK = 1 << 20
# Pairs given at once, as far as there are so many.
_GATHERED = 1 << 14


def pairs(hashes: Hashes, distance: int) -> Iterator[tuple[Positions, Positions]]:
    """Positions (a, b), a < b, of hashes at most `distance` apart, some thousands at once.

    Each pair comes once. The order depends on the hashes alone.
    """
    if not 0 <= distance <= LONGEST:
        raise ValueError(f"the distance is {distance}: must be from 0 to {LONGEST}")
    waiting: list[npt.NDArray[np.int64]] = []
    for found in _found(hashes, distance):
        waiting.append(found)
        if sum(part.shape[1] for part in waiting) >= _GATHERED:
            yield _ordered(waiting)
            waiting = []
    if waiting:
        yield _ordered(waiting)


def _ordered(parts: list[npt.NDArray[np.int64]]) -> tuple[Positions, Positions]:
    ends = np.sort(np.concatenate(parts, axis=1), axis=0)
    return ends[0], ends[1]


def _found(hashes: Hashes, distance: int) -> Iterator[npt.NDArray[np.int64]]:
    """The pairs (2, n), as the bands bring them."""
    for band in range(_BANDS):
        keys = _band(hashes, band)
        order = np.argsort(keys, kind="stable")
        for first, second in _bucket_pairs(keys[order]):
            a, b = order[first], order[second]
            near = np.bitwise_count(hashes[a] ^ hashes[b]) <= distance
            a, b = a[near], b[near]
            fresh = ~_found_before(hashes[a] ^ hashes[b], band)
            if fresh.any():
                yield np.stack([a[fresh], b[fresh]])


def _band(hashes: Hashes, band: int) -> Positions:
    shifted = (hashes >> np.uint64(_BITS * band)) & np.uint64((1 << _BITS) - 1)
    return shifted.astype(np.int64)


def _found_before(difference: Hashes, band: int) -> npt.NDArray[np.bool_]:
    """Whether an earlier band already brought the pair."""
    found = np.zeros(len(difference), dtype=np.bool_)
    for earlier in range(band):
        found |= np.bitwise_count(_band(difference, earlier)) <= _BAND_DISTANCE
    return found


def _bucket_pairs(keys: Positions) -> Iterator[tuple[Positions, Positions]]:
    """Positions of sorted keys that differ in at most 3 bits, each pair once."""
    starts = np.searchsorted(keys, np.arange((1 << _BITS) + 1))
    places = np.arange(len(keys))
    for mask in _masks():
        others = keys ^ mask
        # Within its own bucket a key meets those behind it; of two buckets the lower one looks.
        begin = places + 1 if mask == 0 else starts[others]
        counts = starts[others + 1] - begin
        counts[others < keys] = 0
        yield from _expand(begin, counts)


@functools.cache
def _masks() -> tuple[int, ...]:
    """All numbers of 16 bits of which at most 3 are set, the closest neighbours first."""
    return tuple(
        sum(1 << bit for bit in bits)
        for size in range(_BAND_DISTANCE + 1)
        for bits in itertools.combinations(range(_BITS), size)
    )


def _expand(begin: Positions, counts: Positions) -> Iterator[tuple[Positions, Positions]]:
    """(p, q) for q from begin[p] on, counts[p] times; about a chunk at once."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    start = 0
    for limit in range(_CHUNK, total + _CHUNK, _CHUNK):
        stop = int(np.searchsorted(ends, limit, side="right")) if limit < total else len(ends)
        stop = max(stop, start + 1)  # a single place may have more than a chunk
        some = counts[start:stop]
        first = np.repeat(np.arange(start, stop), some)
        within = np.arange(len(first)) - np.repeat(np.cumsum(some) - some, some)
        yield first, begin[first] + within
        start = stop
        if start >= len(ends):
            return
