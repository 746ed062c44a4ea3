"""The documents of a data set in S3: parts, index, quarantine, manifests, refusals."""

from __future__ import annotations

import collections
import datetime
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sonoflow.aws import objects
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused
from sonoflow.images.classes import FROM_MASK, LESION
from sonoflow.keys import SPLITS, Dataset, refusal, uri
from sonoflow.quarantine import SetAside

Entry = dict[str, Any]  # one line of the index


def write_part(
    bucket: str,
    key: str,
    entries: Sequence[Entry],
    quarantine: Iterable[SetAside],
    digest: str = "",
) -> None:
    """What one batch, or the plan, contributes to the index and the quarantine.

    A batch's part is written when everything in it is, so `digest` says what need not be done
    again.
    """
    documents = [entry.document() for entry in quarantine]
    part = {"digest": digest, "images": list(entries), "quarantine": documents}
    objects.write_json(bucket, key, part)


def find_part(bucket: str, key: str, digest: str) -> dict[str, Any] | None:
    """The part that an earlier run left of the same batch, if there is one."""
    part: dict[str, Any] | None = objects.find_json(bucket, key)
    return part if part is not None and part.get("digest") == digest else None


def count(entries: Iterable[Entry]) -> dict[str, int]:
    """Images by class, in the order of the names."""
    return dict(sorted(collections.Counter(entry["class"] for entry in entries).items()))


def check_counts(entries: Sequence[Entry], minimum: int) -> None:
    """Raises DatasetRefused where training or measuring would make no sense.

    Takes entries that have their split.
    """
    classes = count(entries)
    if len(classes) < 2:
        raise DatasetRefused("too-few-classes", _too_few_classes(entries, list(classes)))
    for label, images in classes.items():
        if images < minimum:
            detail = f"class {label!r} has {images} usable images, {minimum} are needed"
            raise DatasetRefused("too-few-images", detail)
    for split in SPLITS:
        missing = set(classes) - {entry["class"] for entry in entries if entry["split"] == split}
        if missing:
            detail = f"no image of {sorted(missing)} is left for {split}: too few different ones"
            raise DatasetRefused("empty-split", detail)


def _too_few_classes(entries: Sequence[Entry], classes: Sequence[str]) -> str:
    if entries and all(FROM_MASK in entry["flags"] for entry in entries):
        shown = "every usable mask shows a lesion" if LESION in classes else "every mask is empty"
        return (
            f"no folder names a class, and {shown}, so there is nothing to tell apart: add images "
            "of the other kind with their masks (all black where there is no lesion), or put the "
            "images into a folder per class"
        )
    return f"two classes are needed at least; usable images were found of: {list(classes)}"


def manifest(bucket: str, dataset: Dataset, entries: Iterable[Entry]) -> bytes:
    """A SageMaker ManifestFile of images and masks: a prefix, then what lies below it."""
    lines: list[Any] = [{"prefix": uri(bucket, dataset.prefix)}]
    for entry in entries:
        lines += [key for key in (entry["image"], entry["mask"]) if key]
    return json.dumps(lines, indent=0).encode()


def write_refusal(bucket: str, upload: Upload, error: DatasetRefused) -> str:
    """Leaves in S3 why an upload was refused; gives the URI."""
    key = refusal(upload.key)
    document: Mapping[str, Any] = {
        "reason": error.reason,
        "detail": error.detail,
        "upload": upload.facts(),
        "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    objects.write_json(bucket, key, document)
    return uri(bucket, key)
