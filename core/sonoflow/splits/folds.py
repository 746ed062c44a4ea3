"""Folds for cross-validation over all images: grouped, stratified, the same every time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sonoflow.splits.assignment import Candidate, Counts, by_group


def assign(candidates: Iterable[Candidate], folds: int, seed: int) -> dict[str, int]:
    """The fold, 0 to folds-1, of each image by its id.

    The largest groups go first, each to the fold that has least of its classes. So the folds of a
    class differ by one group at most where each group holds one class.
    """
    members = by_group(candidates)
    counts = {group: Counts(image.label for image in some) for group, some in members.items()}
    filled = [Counts() for _ in range(folds)]
    chosen: dict[str, int] = {}
    for group in sorted(
        members, key=lambda group: (-len(members[group]), _random_order(group, seed))
    ):
        added = counts[group]

        def load(fold: int, added: Counts = added) -> tuple[int, int, int]:
            same = sum(filled[fold][label] for label in added)
            return same, filled[fold].total(), fold

        chosen[group] = min(range(folds), key=load)
        filled[chosen[group]].update(added)
    return {image.identity: chosen[group] for group, some in members.items() for image in some}


def _random_order(group: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}:fold:{group}".encode()).digest()
