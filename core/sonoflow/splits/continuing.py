"""A data set that continues an earlier version: that one's splits stay, and what is new trains.

So figures of both versions are of the same images. What is new, and like an image that validates or
tests there, is left out: training on it would be training on the answer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import payloads
from sonoflow.aws import objects
from sonoflow.errors import DatasetRefused
from sonoflow.images.parts import Entry
from sonoflow.keys import TRAIN, Dataset
from sonoflow.splits import groups
from sonoflow.splits.duplicates import Link
from sonoflow.splits.official import GIVEN
from sonoflow.splits.staged_images import StagedImages

NEAR_KEPT = "near-kept-image"  # reason in the quarantine


@dataclasses.dataclass(frozen=True)
class Continued:
    """The version that is continued."""

    dataset: Dataset
    splits: Mapping[str, str]  # by digest of pixels


def of_input(payload: Mapping[str, Any]) -> Dataset | None:
    """What a state's input names as `continues`, if it does. Raises PayloadInvalid."""
    if payload.get("continues") is None:
        return None
    return Dataset.parse({"dataset": payloads.field(payload, "continues", dict)})


def read(bucket: str, dataset: Dataset) -> Continued:
    """Raises DatasetRefused (continues-unknown) where there is no such version, split."""
    try:
        lines = list(objects.read_lines(bucket, dataset.index))
    except ClientError as error:
        if not objects.is_missing(error):
            raise
        detail = f"there is no version {dataset.version} of the data set {dataset.name!r} to go on"
        detail += " from; the key `continues` of the mapping names it as <name>/<version>"
        raise DatasetRefused("continues-unknown", detail) from error
    return Continued(dataset, {line["sha256"]: line["split"] for line in lines})


def admit(
    staged: StagedImages, links: list[Link], continued: Continued
) -> tuple[StagedImages, list[Link]]:
    """What may be in the new version, and the links between that; the rest is set aside.

    Raises DatasetRefused (continues-incomplete) where images that validate or test are missing.
    """
    kept = continued.splits
    _check_complete(staged, continued)
    left_out = {
        image["id"]
        for group in groups.gather(staged.entries, links)
        if any(kept.get(image["sha256"], TRAIN) != TRAIN for image in group.images)
        for image in group.images
        if image["sha256"] not in kept
    }
    aside = [_aside(entry) for entry in staged.entries if entry["id"] in left_out]
    entries = [_assigned(entry, kept) for entry in staged.entries if entry["id"] not in left_out]
    quarantine = sorted(
        [*staged.quarantine, *aside], key=lambda entry: (entry["source"], entry["reason"])
    )
    return (
        # Given, so that whatever parts them is refused, and nothing else drawn instead.
        dataclasses.replace(staged, entries=entries, quarantine=quarantine, splits=GIVEN),
        [link for link in links if link.a not in left_out and link.b not in left_out],
    )


def _assigned(entry: Entry, kept: Mapping[str, str]) -> Entry:
    return {**entry, "given_split": kept.get(entry["sha256"], TRAIN)}


def _aside(entry: Entry) -> dict[str, str]:
    detail = "it looks like, or belongs to, an image that validates or tests the models"
    return {"source": entry["source"], "reason": NEAR_KEPT, "detail": detail}


def _check_complete(staged: StagedImages, continued: Continued) -> None:
    wanted = {digest for digest, split in continued.splits.items() if split != TRAIN}
    missing = wanted - {entry["sha256"] for entry in staged.entries}
    if missing:
        run = f"{continued.dataset.name}/{continued.dataset.version}"
        detail = (
            f"{len(missing)} of {len(wanted)} images that validate or test in {run} are not in"
            " this archive: figures could not be compared. Put them in, or leave out `continues`"
        )
        raise DatasetRefused("continues-incomplete", detail)
