"""The images that models in service know, and which of an external set show the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from sonoflow.aws import objects, streams
from sonoflow.aws.clients import client
from sonoflow.images import fingerprints
from sonoflow.images.fingerprints import Fingerprint
from sonoflow.images.parts import READS_AT_ONCE, Entry
from sonoflow.keys import Dataset
from sonoflow.splits import across


@dataclasses.dataclass(frozen=True)
class Known:
    """The images of a data set that models were trained, chosen and measured on."""

    dataset: Dataset
    entries: Sequence[Entry]  # lines of the index
    looks: Sequence[Fingerprint]  # in the same order


@dataclasses.dataclass(frozen=True)
class Leak:
    """An image of a training set that an external one shows."""

    dataset: Dataset
    image: Entry
    distance: int
    correlation: float

    @property
    def split(self) -> str:
        return str(self.image["split"])


def read(bucket: str, dataset: Dataset) -> Known:
    """The index says which images were used, the parts how they look. Errors of S3 escape."""
    used = {entry["id"]: entry for entry in objects.read_lines(bucket, dataset.index)}
    looks: dict[str, Fingerprint] = {}
    parts = streams.in_order(
        lambda key: objects.read_json(bucket, key), _parts(bucket, dataset), READS_AT_ONCE
    )
    for part in parts:
        for entry in part["images"]:
            if entry["id"] in used:
                looks[entry["id"]] = fingerprints.parse(entry)
    # An image without a look would be one that leaks unseen.
    if missing := sorted(used.keys() - looks.keys()):
        raise LookupError(f"no part of {dataset.run} holds the image {missing[0]}")
    return Known(dataset, list(used.values()), [looks[identity] for identity in used])


def _parts(bucket: str, dataset: Dataset) -> list[str]:
    pages = client("s3").get_paginator("list_objects_v2")
    prefix = dataset.plan_part.rpartition("/")[0]
    return [
        item["Key"]
        for page in pages.paginate(Bucket=bucket, Prefix=f"{prefix}/")
        for item in page.get("Contents", [])
    ]


def leaks(
    entries: Iterable[Entry], looks: Mapping[str, Fingerprint], sets: Iterable[Known]
) -> dict[str, Leak]:
    """By id of the external image: the one that it shows; of several the most alike."""
    images = list(entries)
    found: dict[str, Leak] = {}
    for known in sets:
        same = {entry["sha256"]: entry for entry in known.entries}
        for image in images:
            if (twin := same.get(image["sha256"])) is not None:
                found[image["id"]] = Leak(known.dataset, twin, 0, 1.0)
        for match in across.matches([looks[image["id"]] for image in images], known.looks):
            identity = images[match.place]["id"]
            other = known.entries[match.other]
            if identity not in found or match.correlation > found[identity].correlation:
                found[identity] = Leak(known.dataset, other, match.distance, match.correlation)
    return found
