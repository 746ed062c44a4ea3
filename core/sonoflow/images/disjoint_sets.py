"""Union-find over positions 0 … n-1."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class DisjointSets:
    """Each set is known by its smallest member, so the outcome does not depend on the order."""

    def __init__(self, size: int) -> None:
        self._parents = list(range(size))  # an array is slower where one place at a time is asked

    def find(self, member: int) -> int:
        parents = self._parents
        while parents[member] != member:
            parents[member] = parents[parents[member]]
            member = parents[member]
        return member

    def join(self, one: int, other: int) -> bool:
        """Whether they were apart."""
        low, high = sorted((self.find(one), self.find(other)))
        self._parents[high] = low
        return low != high

    def roots(self) -> npt.NDArray[np.int64]:
        """The smallest member of the set of each position."""
        parents = np.array(self._parents, dtype=np.int64)
        while True:
            above = parents[parents]
            if np.array_equal(above, parents):
                return above
            parents = above
