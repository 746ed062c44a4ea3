"""Which rows of a table train, which choose, which measure: decided row by row, in one pass.

Permuted blocks, as clinical trials are randomised: of each ten successive rows of a class, one is
drawn for validation and one for test. So the shares are exact within a row in every class, nobody
needs to know beforehand how many rows there are, and no more is kept than a count per class.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

from sonoflow.keys import SPLITS, TEST, TRAIN, VALIDATION

BLOCK_ROWS = 10  # of which one each for validation and test
_TRAIN, _VALIDATION, _TEST = (SPLITS.index(name) for name in (TRAIN, VALIDATION, TEST))


class Splitter:
    """Assigns rows as they come, by the seed and the number of a row within its class."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._counts: dict[str, int] = {}

    def assign(self, codes: NDArray[np.int64], classes: list[str]) -> NDArray[np.int8]:
        """The split, a position in SPLITS, of each of the next rows (n,).

        `codes` (n,) are positions in `classes`.
        """
        chosen = np.empty(len(codes), np.int8)
        for code, name in enumerate(classes):
            rows = np.flatnonzero(codes == code)
            count = self._counts.get(name, 0)
            chosen[rows] = _drawn(np.arange(count, count + len(rows)), _key(self._seed, name))
            self._counts[name] = count + len(rows)
        return chosen


def _key(seed: int, name: str) -> np.uint64:
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return np.uint64(int.from_bytes(digest[:8], "big"))


def _drawn(numbers: NDArray[np.int64], key: np.uint64) -> NDArray[np.int8]:
    """The splits of a class's rows, by their numbers in the class."""
    blocks, places = np.divmod(numbers, BLOCK_ROWS)
    drawn = _mixed(blocks.astype(np.uint64), key)
    test = drawn % np.uint64(BLOCK_ROWS)
    step = drawn // np.uint64(BLOCK_ROWS) % np.uint64(BLOCK_ROWS - 1) + np.uint64(1)
    validation = (test + step) % np.uint64(BLOCK_ROWS)
    split = np.full(len(numbers), _TRAIN, np.int8)
    split[places == validation.astype(np.int64)] = _VALIDATION
    split[places == test.astype(np.int64)] = _TEST
    return split


def _mixed(numbers: NDArray[np.uint64], key: np.uint64) -> NDArray[np.uint64]:
    """SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, 2014): the same everywhere and for ever."""
    state = key + (numbers + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = state ^ (state >> np.uint64(31))
    return mixed
