"""Which images train, which choose the best epoch, which are kept for the final figures."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence

TRAIN, VALIDATION, TEST = "train", "validation", "test"
VALIDATION_SHARE = 0.1
TEST_SHARE = 0.1


@dataclasses.dataclass(frozen=True)
class Candidate:
    """An image to be assigned. All of one group end in the same split."""

    identity: str
    label: str
    group: str


def assign(candidates: Iterable[Candidate], seed: int) -> dict[str, str]:
    """The split of each image by its id: about 80/10/10 in every class.

    Depends on nothing but the candidates and the seed, not on their order. Every class gets at
    least one validation and one test image, as far as its groups allow. A group that holds two
    classes trains: identical pixels with different labels can only spoil a measurement.
    """
    groups: dict[str, list[Candidate]] = collections.defaultdict(list)
    for candidate in candidates:
        groups[candidate.group].append(candidate)
    by_class: dict[str, list[str]] = collections.defaultdict(list)
    chosen: dict[str, str] = {}
    for group, members in groups.items():
        labels = {member.label for member in members}
        if len(labels) == 1:
            by_class[labels.pop()].append(group)
        else:
            chosen[group] = TRAIN
    for label in sorted(by_class):
        sizes = {group: len(groups[group]) for group in by_class[label]}
        chosen.update(_assign_class(_shuffled(sizes, f"{seed}:{label}"), sizes))
    return {
        member.identity: chosen[group] for group, members in groups.items() for member in members
    }


def _assign_class(order: Sequence[str], sizes: Mapping[str, int]) -> dict[str, str]:
    total = sum(sizes.values())
    test = _take(order, sizes, _target(total, TEST_SHARE))
    rest = [group for group in order if group not in test]
    validation = _take(rest, sizes, _target(total, VALIDATION_SHARE))
    return {
        group: TEST if group in test else VALIDATION if group in validation else TRAIN
        for group in order
    }


def _target(total: int, share: float) -> int:
    return max(1, int(total * share + 0.5))


def _take(order: Sequence[str], sizes: Mapping[str, int], target: int) -> set[str]:
    """Groups of `target` images in all, or the smallest group if every one is larger."""
    taken: set[str] = set()
    count = 0
    for group in order:
        if count + sizes[group] <= target:
            taken.add(group)
            count += sizes[group]
    if not taken and order:
        taken.add(min(order, key=lambda group: sizes[group]))
    return taken


def _shuffled(groups: Iterable[str], salt: str) -> list[str]:
    """An order that looks random, and is the same everywhere and for ever."""
    return sorted(groups, key=lambda group: hashlib.sha256(f"{salt}:{group}".encode()).digest())
