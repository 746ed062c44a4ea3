"""Union-find over positions 0 … n-1, with the whole of it at hand as an array."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class DisjointSets:
    """Each set is known by its smallest member, so the outcome does not depend on the order."""

    def __init__(self, size: int) -> None:
        self._parents = np.arange(size)

    def find(self, member: int) -> int:
        parents = self._parents
        while parents[member] != member:
            parents[member] = parents[parents[member]]
            member = int(parents[member])
        return member

    def join(self, one: int, other: int) -> bool:
        """Whether they were apart."""
        low, high = sorted((self.find(one), self.find(other)))
        self._parents[high] = low
        return low != high

    def roots(self) -> npt.NDArray[np.int64]:
        """The smallest member of the set of each position."""
        while True:
            above = self._parents[self._parents]
            if np.array_equal(above, self._parents):
                return above
            self._parents = above
