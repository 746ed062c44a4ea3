"""Groups of images that must not be parted: what no split and no fold may cross."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Sequence
from typing import Any

from sonoflow.images.disjoint_sets import DisjointSets
from sonoflow.images.parts import Entry
from sonoflow.splits.duplicates import GIVEN, Link

_ID_DIGITS = 16


@dataclasses.dataclass(frozen=True)
class Group:
    """Images joined by links, directly or through others; most groups are one image."""

    identity: str
    images: tuple[Entry, ...]  # by id
    links: tuple[Link, ...]
    conflicting: frozenset[str]  # ids of images that look alike and have two labels

    def document(self) -> dict[str, Any]:
        """A line of duplicates.jsonl."""
        images = [{key: image[key] for key in ("id", "class", "source")} for image in self.images]
        return {
            "group": self.identity,
            "images": images,
            "links": [link.document() for link in self.links],
            "conflict": bool(self.conflicting),
        }


def gather(entries: Iterable[Entry], links: Sequence[Link]) -> list[Group]:
    """The groups, by their id: the first digits of the smallest pixel digest in them.

    So the id neither depends on names in the archive nor on the order of anything. Two labels
    conflict where the pictures are alike. Where images belong together only because it was given,
    as those of a patient do, several labels are no contradiction.
    """
    images = {entry["id"]: entry for entry in sorted(entries, key=lambda entry: entry["id"])}
    alike = _components(images, [link for link in links if link.kind != GIVEN])
    conflicting = {
        identity
        for members in alike
        if len({images[member]["class"] for member in members}) > 1
        for identity in members
    }
    links_of = collections.defaultdict(list)
    together = _components(images, links)
    component_of = {member: at for at, members in enumerate(together) for member in members}
    for link in links:
        links_of[component_of[link.a]].append(link)
    groups = [
        Group(
            min(images[member]["sha256"] for member in members)[:_ID_DIGITS],
            tuple(images[member] for member in members),
            tuple(links_of[at]),
            frozenset(conflicting.intersection(members)),
        )
        for at, members in enumerate(together)
    ]
    return sorted(groups, key=lambda group: group.identity)


def _components(identities: Iterable[str], links: Iterable[Link]) -> list[list[str]]:
    names = list(identities)
    positions = {name: position for position, name in enumerate(names)}
    joined = DisjointSets(len(names))
    for link in links:
        joined.join(positions[link.a], positions[link.b])
    components = collections.defaultdict(list)
    for name, root in zip(names, joined.roots().tolist(), strict=True):
        components[root].append(name)
    return list(components.values())
