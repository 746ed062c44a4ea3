"""Rows whose id was seen before, in about 20 bytes per row."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Ids part into so many sets, each sorted by itself: merging one takes little memory.
_SETS_BITS = 4
Longs = NDArray[np.int64]


@dataclasses.dataclass(frozen=True)
class Repeats:
    """Of n rows, which have the id of an earlier one."""

    repeated: NDArray[np.bool_]  # (n,)
    first: Longs  # (n,) the line that had the id first, where repeated
    agrees: NDArray[np.bool_]  # (n,) whether label and values are those of the first


@dataclasses.dataclass(frozen=True)
class _Run:
    """Rows sorted by the hash of their ids, no two of them equal."""

    ids: Longs
    contents: Longs
    lines: NDArray[np.uint32]

    @classmethod
    def joined(cls, one: _Run, other: _Run) -> _Run:
        ids = np.concatenate([one.ids, other.ids])
        order = np.argsort(ids, kind="stable")
        return cls(
            ids[order],
            np.concatenate([one.contents, other.contents])[order],
            np.concatenate([one.lines, other.lines])[order],
        )


class Seen:
    """The ids so far, as 64-bit hashes: of 50 million different ids, two are taken for the same
    with a probability of 1 in 15,000."""

    def __init__(self) -> None:
        self._sets: list[list[_Run]] = [[] for _ in range(1 << _SETS_BITS)]

    def add(
        self, ids: Sequence[str], labels: Sequence[str], values: NDArray[np.float64], lines: Longs
    ) -> Repeats:
        """Takes the next rows, (n,) and (n, features); says which repeat an earlier one's id."""
        # Python's hash of texts has a secret key: nobody can make ids collide. It differs from
        # process to process, and nothing but equality is taken from it.
        hashes = np.fromiter(map(hash, ids), np.int64, len(ids))
        contents = _contents(labels, values)
        order = np.argsort(hashes, kind="stable")
        rows = _Run(hashes[order], contents[order], lines[order].astype(np.uint32))
        repeated = np.zeros(len(ids), dtype=bool)
        first, agrees = np.zeros(len(ids), np.int64), np.zeros(len(ids), dtype=bool)
        limits = np.arange(1, 1 << _SETS_BITS, dtype=np.int64) << (64 - _SETS_BITS)
        bounds = np.searchsorted(rows.ids, limits + np.iinfo(np.int64).min)
        starts, stops = [0, *bounds.tolist()], [*bounds.tolist(), len(ids)]
        for runs, start, stop in zip(self._sets, starts, stops, strict=True):
            if start == stop:
                continue
            part = _Run(rows.ids[start:stop], rows.contents[start:stop], rows.lines[start:stop])
            again, line, content = _look_up(runs, part)
            place = order[start:stop]
            repeated[place], first[place] = again, line
            agrees[place] = again & (content == part.contents)
            _take(runs, _Run(part.ids[~again], part.contents[~again], part.lines[~again]))
        return Repeats(repeated, first, agrees)


def _contents(labels: Sequence[str], values: NDArray[np.float64]) -> Longs:
    """A hash of each row's label and values."""
    plain = np.ascontiguousarray(values + 0.0)  # minus zero is zero
    rows = plain.view(np.dtype((np.void, plain.strides[0]))).ravel().tolist()
    pairs = zip(labels, rows, strict=True)
    return np.fromiter(map(hash, pairs), np.int64, len(rows))


def _look_up(runs: Sequence[_Run], part: _Run) -> tuple[NDArray[np.bool_], Longs, Longs]:
    """Which ids of the part are known, the first's line and content, within the part too."""
    # Equal ids of the part lie together, in the order of their lines: the first one leads.
    leads = np.concatenate([[True], part.ids[1:] != part.ids[:-1]])
    leader = np.maximum.accumulate(np.where(leads, np.arange(len(leads)), 0))
    again = ~leads
    line, content = part.lines[leader].astype(np.int64), part.contents[leader]
    for run in runs:
        at = np.minimum(np.searchsorted(run.ids, part.ids), len(run.ids) - 1)
        known = run.ids[at] == part.ids
        again |= known
        line = np.where(known, run.lines[at], line)
        content = np.where(known, run.contents[at], content)
    return again, line, content


def _take(runs: list[_Run], part: _Run) -> None:
    """Adds a run; those of like size are merged, so that there are few."""
    if not len(part.ids):
        return
    runs.append(part)
    while len(runs) > 1 and len(runs[-2].ids) < 2 * len(runs[-1].ids):
        last = runs.pop()
        runs[-1] = _Run.joined(runs[-1], last)
