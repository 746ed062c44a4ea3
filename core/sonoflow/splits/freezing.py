"""A data set's images with their group, split and fold, as they stay for all training on it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Container, Mapping, Sequence
from typing import Any

from sonoflow.assumptions import Assumption
from sonoflow.images.parts import Entry
from sonoflow.settings import Splitting
from sonoflow.splits import (
    assignment,
    belonging,
    continuing,
    duplicates,
    folds,
    groups,
    leaks,
    official,
)
from sonoflow.splits.assignment import Candidate
from sonoflow.splits.continuing import Continued
from sonoflow.splits.duplicates import NEAR, PIXELS, Link
from sonoflow.splits.groups import Group
from sonoflow.splits.official import Official
from sonoflow.splits.staged_images import StagedImages


@dataclasses.dataclass(frozen=True)
class FrozenSplits:
    entries: list[Entry]  # lines of the index
    groups: list[Group]
    assumptions: Sequence[Assumption] = ()
    quarantine: list[dict[str, str]] = dataclasses.field(default_factory=list)  # here or before

    def duplicates(self) -> list[dict[str, Any]]:
        """The lines of duplicates.jsonl: groups of more than one image."""
        return [group.document() for group in self.groups if len(group.images) > 1]

    def folds(self, number: int) -> dict[str, Any]:
        return {"k": number, "folds": {entry["id"]: entry["fold"] for entry in self.entries}}

    def kept(self, earlier: Mapping[str, str]) -> dict[str, str]:
        """The split of every picture, by the digest of its pixels; earlier ones go on."""
        return {**earlier, **{entry["sha256"]: entry["split"] for entry in self.entries}}


def freeze(
    staged: StagedImages,
    splitting: Splitting,
    kept: Mapping[str, str],
    continued: Continued | None = None,
) -> FrozenSplits:
    """Groups the images and assigns the groups.

    `kept` holds splits of pictures, by digest, from earlier versions of the data set: they win;
    where one is `continued`, its splits are kept and nothing else is drawn. Raises DatasetRefused
    (split-leak) where these part a group, or given splits that the mapping insists on, what
    `continuing.admit` raises, and SplitLeak where this very assignment parts a group.
    """
    belonging.check_patients(staged.entries)
    links = links_of(staged)
    if continued is not None:
        staged, links = continuing.admit(staged, links, continued)
    gathered = groups.gather(staged.entries, links)
    group_of = {image["id"]: group for group in gathered for image in group.images}
    given = official.settle(
        staged.entries,
        {identity: group.identity for identity, group in group_of.items()},
        staged.splits,
        splitting.split_folds,
    )
    before = {g.identity for g in gathered if any(kept.get(i["sha256"]) for i in g.images)}
    candidates = [
        _candidate(entry, group_of[entry["id"]], kept, given, before) for entry in staged.entries
    ]
    seed = splitting.split_seed
    split = assignment.assign(candidates, seed, stable=splitting.split_stable)
    fold = given.folds or folds.assign(candidates, splitting.split_folds, seed)
    reasons = _reasons(links)
    entries = [
        {
            **entry,
            "group": group_of[entry["id"]].identity,
            "split": split[entry["id"]],
            "fold": fold[entry["id"]],
            "flags": [*entry["flags"], *_flags(entry, group_of[entry["id"]], reasons, given)],
            **_not_kept(entry, given),
        }
        for entry in staged.entries
    ]
    leaks.check(entries, links)
    belonging.forget(entries)
    return FrozenSplits(entries, gathered, given.assumptions, staged.quarantine)


def links_of(staged: StagedImages) -> list[Link]:
    """What joins images of a set: the same pixels, nearly the same look, a group that is given."""
    entries = sorted(staged.entries, key=lambda entry: str(entry["id"]))
    exact = duplicates.equal_links(((e["id"], e["sha256"]) for e in entries), PIXELS)
    given = belonging.links(entries)
    copies = {link.b for link in exact}
    singles = [entry["id"] for entry in entries if entry["id"] not in copies]
    near = duplicates.near_links(singles, [staged.looks[identity] for identity in singles])
    return [*exact, *near, *given]


def _not_kept(entry: Entry, given: Official) -> dict[str, str | None]:
    """Where the archive's splits were not kept, under which name the index holds this one."""
    if not entry.get("given_split") or entry["id"] in given.splits:
        return {}
    return {"given_split": None, "official_split": entry["given_split"]}


def _candidate(
    entry: Entry,
    group: Group,
    kept: Mapping[str, str],
    given: Official,
    before: Container[str],
) -> Candidate:
    """`before` holds groups of which an earlier version froze a picture: that one decides."""
    official_split = None if group.identity in before else given.splits.get(entry["id"])
    return Candidate(
        entry["id"],
        entry["class"],
        group.identity,
        kept.get(entry["sha256"]) or official_split,
        entry["id"] in group.conflicting,
        entry["source"],
    )


def _reasons(links: list[Link]) -> dict[str, set[str]]:
    reasons = collections.defaultdict(set)
    for link in links:
        reasons[link.a].add(link.kind)
        reasons[link.b].add(link.kind)
    return reasons


def _flags(
    entry: Entry, group: Group, reasons: Mapping[str, set[str]], given: Official
) -> list[str]:
    flags = []
    kinds = reasons.get(entry["id"], set())
    if entry["id"] in group.conflicting:
        flags.append("conflicting-labels")
    elif PIXELS in kinds:
        flags.append("identical-pixels")
    if NEAR in kinds:
        flags.append("near-duplicate")
    return [*flags, *given.flags.get(entry["id"], ())]
