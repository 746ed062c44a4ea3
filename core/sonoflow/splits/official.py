"""Splits and folds that an archive brings: kept where they part nothing that belongs together.

Where they do, figures on them would measure memory: that is said, the images are flagged, and
others are drawn. Whoever wants them for all that says so ({"splits": "given"}) and is refused.
"""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Callable, Hashable, Mapping, Sequence

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images.parts import Entry
from sonoflow.keys import TRAIN

GIVEN = "given"  # of the mapping's "splits"
SPLIT_LEAK, FOLD_LEAK = "official-split-leak", "official-fold-leak"
_NAMED = 5  # groups that a refusal names
_SETTLE = '{"splits": "given"}'
_OWN = '{"splits": "own"}'


@dataclasses.dataclass(frozen=True)
class Official:
    """What is kept of them, by the images' ids."""

    splits: Mapping[str, str]
    folds: Mapping[str, int]  # of all images, or of none
    flags: Mapping[str, Sequence[str]]
    assumptions: Sequence[Assumption]


def settle(
    entries: Sequence[Entry], groups: Mapping[str, str], wanted: str, folds: int
) -> Official:
    """`groups` are those of the images by id, `folds` how many are wanted. Raises DatasetRefused
    (split-leak) where the mapping wants what leaks."""
    flags: dict[str, list[str]] = collections.defaultdict(list)
    told: list[Assumption] = []
    splits = {e["id"]: e["given_split"] for e in entries if e.get("given_split")}
    parted = _parted(entries, groups, lambda entry: splits.get(entry["id"]))
    if parted:
        told.append(_leak("splits", parted, SPLIT_LEAK, wanted))
        splits = {}
    _flag(flags, parted, SPLIT_LEAK)
    if missing := [e["id"] for e in entries if splits and e["id"] not in splits]:
        told.append(_incomplete(len(missing), len(entries)))
        sides = {groups[identity] for identity in splits}
        splits |= {identity: TRAIN for identity in missing if groups[identity] not in sides}
    numbers = sorted({number for e in entries for number in e.get("official_folds", {})}, key=int)
    given = {
        e["id"]: e["official_folds"][str(folds)]
        for e in entries
        if str(folds) in e.get("official_folds", {})
    }
    parted = _parted(entries, groups, lambda entry: given.get(entry["id"]))
    if parted:
        told.append(_leak("folds", parted, FOLD_LEAK, wanted))
        given = {}
        _flag(flags, parted, FOLD_LEAK)
    elif given and len(given) == len(entries):
        detail = f"the {folds} folds for cross-validation that the archive gives were kept"
        told.append(Assumption("folds-given", detail, _OWN))
    elif numbers:
        told.append(_unused(numbers, len(given), len(entries), folds))
        given = {}
    return Official(splits, given, flags, told)


def _parted(
    entries: Sequence[Entry],
    groups: Mapping[str, str],
    side: Callable[[Entry], Hashable | None],
) -> list[list[Entry]]:
    """The images of groups that lie on two sides; those of no side are on none."""
    sides: dict[str, set[Hashable]] = collections.defaultdict(set)
    members: dict[str, list[Entry]] = collections.defaultdict(list)
    for entry in entries:
        if (one := side(entry)) is not None:
            sides[groups[entry["id"]]].add(one)
            members[groups[entry["id"]]].append(entry)
    return [members[group] for group in sorted(sides) if len(sides[group]) > 1]


def _flag(flags: dict[str, list[str]], parted: Sequence[Sequence[Entry]], flag: str) -> None:
    for some in parted:
        for entry in some:
            flags[entry["id"]].append(flag)


def _leak(what: str, parted: Sequence[Sequence[Entry]], flag: str, wanted: str) -> Assumption:
    """Raises DatasetRefused."""
    images = sum(map(len, parted))
    number = "1 group" if len(parted) == 1 else f"{len(parted)} groups"
    detail = f"the {what} that the archive gives part {number} of images that belong together: the "
    detail += f"same picture or patient lies on several sides ({images} images"
    if wanted == GIVEN:
        named = "; ".join(_named(some) for some in parted[:_NAMED])
        detail += f": {named}). Put that right, or leave out {_SETTLE} to have others drawn"
        raise DatasetRefused("split-leak", detail)
    detail += f", flagged {flag}; what joins them is in duplicates.jsonl); others were drawn"
    return Assumption(flag, detail, _SETTLE)


def _named(some: Sequence[Entry]) -> str:
    told = sorted(f"{entry['source']} ({entry.get('given_split')})" for entry in some)
    return " | ".join(told[:4])


def _incomplete(missing: int, images: int) -> Assumption:
    """What nobody put into a split must not swell the official test."""
    detail = f"the archive's splits were kept, and say nothing of {missing} of {images} images: "
    detail += "each goes with the images that it belongs to, else it is taken as given to train"
    return Assumption("official-split-incomplete", detail, _OWN)


def _unused(numbers: Sequence[str], covered: int, images: int, folds: int) -> Assumption:
    detail = f"the archive gives folds for cross-validation ({', '.join(numbers)}); they were not "
    if covered:
        detail += f"kept, as they name {covered} of {images} images"
    else:
        detail += f"kept, as {folds} are wanted (SplitFolds)"
    return Assumption("folds-not-kept", detail, "")
