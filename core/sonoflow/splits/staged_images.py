"""All images of a data set as staging left them, put together from its parts."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from sonoflow import assumptions
from sonoflow.assumptions import Assumption
from sonoflow.images import fingerprints
from sonoflow.images.fingerprints import Fingerprint
from sonoflow.images.parts import MASK_WITHOUT_IMAGE, Entry


@dataclasses.dataclass(frozen=True)
class StagedImages:
    entries: list[Entry]  # by class and id
    looks: dict[str, Fingerprint]  # by id
    quarantine: list[dict[str, str]]  # by source and reason
    assumptions: list[Assumption] = dataclasses.field(default_factory=list)  # of the plan
    splits: str = ""  # what the mapping says of them


def collect(parts: Iterable[Mapping[str, Any]]) -> StagedImages:
    """Raises PayloadInvalid where an entry has no fingerprint."""
    staged = StagedImages([], {}, [])
    splits = ""
    for part in parts:
        for entry in part["images"]:
            staged.looks[entry["id"]] = fingerprints.parse(entry)
            # As text in 100,000 entries the thumbnails would take more room than all else.
            del entry["thumb"]
            staged.entries.append(entry)
        staged.quarantine.extend(part["quarantine"])
        splits = part.get("splits", splits)
        staged.assumptions.extend(assumptions.parse(one) for one in part.get("assumptions", []))
    staged.entries.sort(key=lambda entry: (entry["class"], entry["id"]))
    quarantine = told_once(staged.entries, staged.quarantine)
    quarantine.sort(key=lambda entry: (entry["source"], entry["reason"]))
    return dataclasses.replace(staged, splits=splits, quarantine=quarantine)


def told_once(
    entries: Iterable[Entry], quarantine: Iterable[dict[str, str]]
) -> list[dict[str, str]]:
    """A mask of an image that cannot be used is not set aside again with another image, nor at all
    where that one is used."""
    told = {mask for entry in entries for mask in entry.get("masks", ())}
    once = []
    for aside in quarantine:
        if aside["reason"] == MASK_WITHOUT_IMAGE:
            if aside["source"] in told:
                continue
            told.add(aside["source"])
        once.append(aside)
    return once
