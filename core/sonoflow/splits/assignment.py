"""Which images train, which choose the best epoch, which are kept for the final figures."""

from __future__ import annotations

import collections
import dataclasses
import hashlib
from collections.abc import Collection, Iterable, Mapping

from sonoflow.errors import DatasetRefused
from sonoflow.keys import TEST, TRAIN, VALIDATION

VALIDATION_SHARE = 0.1
TEST_SHARE = 0.1

Counts = collections.Counter[str]  # images by class


@dataclasses.dataclass(frozen=True)
class Candidate:
    """An image to be assigned. All of one group end in the same split."""

    identity: str
    label: str
    group: str
    given: str | None = None  # the split that the archive, or an earlier version, puts it in
    conflict: bool = False  # another label is given to the same picture: its group trains
    source: str = ""  # how people know it


@dataclasses.dataclass(frozen=True)
class _Block:
    """A group as the assignment sees it."""

    counts: Counts
    given: str | None
    conflict: bool


def assign(candidates: Iterable[Candidate], seed: int, *, stable: bool = False) -> dict[str, str]:
    """The split of each image by its id: about 80/10/10 in every class.

    Depends on nothing but the candidates and the seed, not on their order. Given splits are kept;
    where none is given as validation (or test), those are drawn from what is given as train. A
    group with a conflict trains: it can only spoil a measurement. Without `stable`, every class
    comes within one group's size of its share and gets a validation and a test image, as far as
    its groups allow. With it, a group's split is drawn from its own id alone, so that other images
    never move it, and the shares hold on average.

    Raises DatasetRefused (split-leak) where images of one group are given different splits.
    """
    members = by_group(candidates)
    blocks = {group: _block(images) for group, images in members.items()}
    given = {block.given for block in blocks.values() if not block.conflict}
    chosen = {g: TRAIN if b.conflict or not b.given else b.given for g, b in blocks.items()}
    chosen |= (_by_own_id if stable else _to_shares)(blocks, given, seed)
    return {image.identity: chosen[group] for group, some in members.items() for image in some}


def by_group(candidates: Iterable[Candidate]) -> dict[str, list[Candidate]]:
    members = collections.defaultdict(list)
    for candidate in candidates:
        members[candidate.group].append(candidate)
    return members


def _by_own_id(
    blocks: Mapping[str, _Block], given: Collection[str | None], seed: int
) -> dict[str, str]:
    """The groups that are drawn, each by itself."""
    drawn = {group: _drawn(group, seed) for group in blocks}
    return {
        group: drawn[group]
        for group, block in blocks.items()
        if _may_be_drawn(block, missing=drawn[group] not in given)
    }


def _to_shares(
    blocks: Mapping[str, _Block], given: Collection[str | None], seed: int
) -> dict[str, str]:
    """The groups that are drawn for test and validation, as many as make up their shares."""
    chosen: dict[str, str] = {}
    for split, share in ((TEST, TEST_SHARE), (VALIDATION, VALIDATION_SHARE)):
        missing = split not in given
        free = {
            group: block
            for group, block in blocks.items()
            if group not in chosen and _may_be_drawn(block, missing)
        }
        taken = _take(free, _targets(blocks, free, share, missing), seed)
        chosen |= dict.fromkeys(taken, split)
    return chosen


def _may_be_drawn(block: _Block, missing: bool) -> bool:
    """For a split; `missing` says that no image is given as belonging to it."""
    return not block.conflict and (block.given is None or (missing and block.given == TRAIN))


def _block(images: list[Candidate]) -> _Block:
    splits = {image.given for image in images if image.given}
    if len(splits) > 1:
        named = sorted(f"{image.source or image.identity} ({image.given})" for image in images)
        more = f" and {len(named) - 10} more" if len(named) > 10 else ""
        detail = (
            f"the same picture or patient lies in several given splits: {named[:10]}{more}; put "
            'that right, or write {"splits": "own"} into <name>.mapping.json to have others drawn'
        )
        raise DatasetRefused("split-leak", detail)
    counts = Counts(image.label for image in images)
    return _Block(counts, min(splits, default=None), any(image.conflict for image in images))


def _targets(
    blocks: Mapping[str, _Block], free: Mapping[str, _Block], share: float, missing: bool
) -> Counts:
    """Images wanted of each class: a share of all of them, or of those that nothing is given for.

    Images in conflict do not count: they train in any case.
    """
    considered = blocks if missing else {g: b for g, b in blocks.items() if not b.given}
    totals = sum((b.counts for b in considered.values() if not b.conflict), Counts())
    labels = set().union(*(block.counts for block in free.values()))
    return Counts({label: max(1, int(totals[label] * share + 0.5)) for label in labels})


def _take(free: Mapping[str, _Block], targets: Counts, seed: int) -> list[str]:
    """Groups that fill the targets without going beyond; of a class without any, its smallest."""
    taken: list[str] = []
    counts = Counts()
    order = sorted(free, key=lambda group: _random_order(group, free[group], seed))
    for group in order:
        added = free[group].counts
        if all(counts[label] + added[label] <= targets[label] for label in added):
            taken.append(group)
            counts += added
    for label in sorted(set(targets) - set(counts)):
        if counts[label]:
            continue  # came with the smallest group of another class
        smallest = min(
            (group for group in order if free[group].counts[label]),
            key=lambda group: free[group].counts.total(),
        )
        taken.append(smallest)
        counts += free[smallest].counts
    return taken


def _random_order(group: str, block: _Block, seed: int) -> tuple[bool, bytes]:
    """An order that looks random, and is the same everywhere and for ever.

    Groups of several classes come first: they fit in worst.
    """
    labels = "+".join(sorted(block.counts))
    return len(block.counts) == 1, hashlib.sha256(f"{seed}:{labels}:{group}".encode()).digest()


def _drawn(group: str, seed: int) -> str:
    digest = hashlib.sha256(f"{seed}:{group}".encode()).digest()
    fraction = int.from_bytes(digest[:8], "big") / 2**64  # uniform in [0, 1)
    if fraction < TEST_SHARE:
        return TEST
    return VALIDATION if fraction < TEST_SHARE + VALIDATION_SHARE else TRAIN
