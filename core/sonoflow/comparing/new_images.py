"""Which images of a test split are new to the model in service."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonoflow.keys import TEST

# As many of 64 bits as duplicates.py allows two pictures to differ in before it compares their
# thumbnails. Here nothing more is asked: one left out too many costs little.
DISTANCE_MAXIMUM = 14
_TILE = 4096  # hashes that one is compared with at a time

Entry = Mapping[str, Any]  # a line of index.jsonl
Hashes = NDArray[np.uint64]


@dataclasses.dataclass(frozen=True)
class Known:
    """The images that a model was trained on, and chosen by."""

    digests: frozenset[str]  # of pixels
    hashes: Hashes

    @classmethod
    def of(cls, index: Iterable[Entry]) -> Known:
        learnt = [
            (str(line["sha256"]), int(line["phash"], 16)) for line in index if line["split"] != TEST
        ]
        digests = frozenset(digest for digest, _ in learnt)
        return cls(digests, np.array([look for _, look in learnt], dtype=np.uint64))

    def has(self, entry: Entry) -> bool:
        """The image itself, or one that looks like it."""
        if entry["sha256"] in self.digests:
            return True
        look = np.uint64(int(entry["phash"], 16))
        return any(
            (np.bitwise_count(self.hashes[at : at + _TILE] ^ look) <= DISTANCE_MAXIMUM).any()
            for at in range(0, len(self.hashes), _TILE)
        )


def of_split(images: Iterable[Entry], known: Known) -> tuple[list[Entry], int]:
    """Those that may be compared on, whole groups in an order that tells nothing; and how many
    are left out, with whatever belongs to them."""
    every = list(images)
    touched = {entry["group"] for entry in every if known.has(entry)}
    new = [entry for entry in every if entry["group"] not in touched]
    return sorted(new, key=lambda entry: (_drawn(entry["group"]), entry["id"])), len(every) - len(
        new
    )


def at_most(images: Sequence[Entry], limit: int) -> list[Entry]:
    """The first whole groups that the limit has room for, but the first in any case."""
    kept: list[Entry] = []
    for entry in images:
        if len(kept) >= limit and entry["group"] != kept[-1]["group"]:
            break
        kept.append(entry)
    return kept


def _drawn(group: str) -> str:
    return hashlib.sha256(group.encode()).hexdigest()
