"""Whether a data set has images enough of every class to train and to measure."""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence

from sonoflow.errors import DatasetRefused
from sonoflow.images.classes import FROM_MASK, LESION
from sonoflow.images.parts import Entry
from sonoflow.keys import SPLITS
from sonoflow.splits import findings


def by_class(entries: Iterable[Entry]) -> dict[str, int]:
    """Images by class, in the order of the names."""
    return dict(sorted(collections.Counter(entry["class"] for entry in entries).items()))


def check(
    entries: Sequence[Entry], minimum: int, quarantine: Iterable[Mapping[str, str]] = ()
) -> None:
    """Raises DatasetRefused where training or measuring would make no sense.

    Takes entries that have their split, and what was set aside: that is mostly the reason.
    """
    try:
        _check(entries, minimum)
    except DatasetRefused as error:
        causes = findings.causes(quarantine, len(entries))
        if not causes:
            raise
        detail = f"files were set aside: {causes}. What is left: {error.detail}"
        raise DatasetRefused(error.reason, detail) from error


def _check(entries: Sequence[Entry], minimum: int) -> None:
    classes = by_class(entries)
    if len(classes) < 2:
        raise DatasetRefused("too-few-classes", _too_few_classes(entries, list(classes)))
    for label, images in classes.items():
        if images < minimum:
            detail = f"class {label!r} has {images} usable images, {minimum} are needed"
            raise DatasetRefused("too-few-images", detail)
    for split in SPLITS:
        missing = set(classes) - {entry["class"] for entry in entries if entry["split"] == split}
        if missing:
            detail = f"no image of {sorted(missing)} is left for {split}: {_why(entries, missing)}"
            raise DatasetRefused("empty-split", detail)


def _why(entries: Sequence[Entry], missing: Iterable[str]) -> str:
    """Of the first of these classes: how few groups it has."""
    label = min(missing)
    groups = collections.Counter(e["group"] for e in entries if e["class"] == label)
    if groups.total() <= len(groups):
        return "too few different ones"
    return (
        f"class {label!r} has {groups.total()} images that make {len(groups)} groups, and a group"
        " (one patient's images, look-alikes) is never divided"
    )


def _too_few_classes(entries: Sequence[Entry], classes: Sequence[str]) -> str:
    if entries and all(FROM_MASK in entry["flags"] for entry in entries):
        shown = "every usable mask shows a lesion" if LESION in classes else "every mask is empty"
        return (
            f"no folder, name or table tells a class, and {shown}, so there is nothing to tell "
            "apart: add images of the other kind with their masks (all black where there is no "
            "lesion), put the images into a folder per class, or add a table and write into "
            '<name>.mapping.json: {"classes": {"file": "<table>.csv", "image": "<column of the '
            'images\' names>", "class": "<column>"}}'
        )
    return f"two classes are needed at least; usable images were found of: {list(classes)}"
