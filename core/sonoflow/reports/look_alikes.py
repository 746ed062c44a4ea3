"""Which images show the same picture, as the report lists them: contradictions first."""

from __future__ import annotations

import collections
import heapq
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Group = Mapping[str, Any]  # a line of duplicates.jsonl

GROUPS_SHOWN = 24
IMAGES_SHOWN = 8  # of a group


class DuplicateGroups:
    """The groups of more than one image, counted in one pass; a few of them are kept to show."""

    def __init__(self, groups: Iterable[Group]) -> None:
        self.groups = self.images = self.conflicts = self.largest = 0
        self.links: collections.Counter[str] = collections.Counter()
        self.shown = heapq.nsmallest(GROUPS_SHOWN, self._counted(groups), key=_rank)

    def _counted(self, groups: Iterable[Group]) -> Iterator[Group]:
        for group in groups:
            self.groups += 1
            self.images += len(group["images"])
            self.conflicts += group["conflict"]
            self.largest = max(self.largest, len(group["images"]))
            self.links.update(link["kind"] for link in group["links"])
            yield group

    def wanted(self) -> frozenset[str]:
        """The ids of the images to show."""
        return frozenset(image["id"] for group in self.shown for image in _few(group))

    def facts(self, entries: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """The report's part on duplicates; `entries` holds the wanted lines of the index, by id."""
        return {
            "groups": self.groups,
            "images": self.images,
            "conflicts": self.conflicts,
            "largest": self.largest,
            "links": dict(sorted(self.links.items())),
            "shown": [
                {
                    "group": group["group"],
                    "conflict": group["conflict"],
                    "links": sorted({link["kind"] for link in group["links"]}),
                    "images": [
                        {
                            key: entries[image["id"]][key]
                            for key in ("id", "class", "split", "source")
                        }
                        for image in _few(group)
                    ],
                    "more": max(0, len(group["images"]) - IMAGES_SHOWN),
                }
                for group in self.shown
            ],
            "more": self.groups - len(self.shown),
        }


def _rank(group: Group) -> tuple[bool, int, str]:
    return not group["conflict"], -len(group["images"]), group["group"]


def _few(group: Group) -> list[Mapping[str, Any]]:
    """The images of a group to show: of each class in turn, so that a contradiction is seen."""
    by_class = collections.defaultdict(list)
    for image in group["images"]:
        by_class[image["class"]].append(image)
    ranked = sorted(
        (
            (turn, label, image)
            for label, some in by_class.items()
            for turn, image in enumerate(some)
        ),
        key=lambda item: item[:2],
    )
    return [image for _, _, image in ranked[:IMAGES_SHOWN]]
