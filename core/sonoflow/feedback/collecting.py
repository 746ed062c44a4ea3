"""What was judged becomes training data: `datasets/<name>+feedback.zip` goes on from `<name>`.

The archive holds every image of the newest version of the data set as it was staged, and each image
that a verdict was accepted of. It `continues` that version: the splits stay, judged images train
(splits/continuing.py). Nothing else decides: classes are its folders, groups stand in a table.
"""

from __future__ import annotations

import collections
import csv
import dataclasses
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import keys, sidecar
from sonoflow.aws import objects, streams
from sonoflow.aws.clients import client
from sonoflow.errors import DatasetRefused
from sonoflow.feedback import naming
from sonoflow.feedback.archive import Picture, write
from sonoflow.images.parts import Entry
from sonoflow.keys import TRAIN, Dataset

READS_AT_ONCE = 16
# In the archive's metadata: what it was made of. Without our prefix, which is the mapping's.
_MADE_OF = "made-of"
_GROUPS = "groups.csv"

COLLECTED, UNCHANGED, WAITING = "collected", "unchanged", "waiting"
# Why an accepted verdict adds nothing.
KNOWN, CONTRADICTS, DISPUTED, OTHER_CLASS = (
    "in-data-set",
    "contradicts-data-set",
    "contradicting-verdicts",
    "unknown-class",
)


@dataclasses.dataclass(frozen=True)
class Places:
    """The buckets' names."""

    uploads: str
    work: str
    results: str


@dataclasses.dataclass(frozen=True)
class Judged:
    """An image that trains by what was said of it."""

    label: str
    sha256: str  # of its pixels
    image: str  # keys in the work bucket
    mask: str | None

    @property
    def identity(self) -> str:
        return f"feedback-{self.sha256[:16]}"


def collect(name: str, places: Places, minimum: int) -> dict[str, Any]:
    """Uploads the archive, if there are verdicts enough, and others than the last time.

    Gives what became of it and how many verdicts add nothing, by reason. Raises DatasetRefused
    (no-such-data-set).
    """
    base = newest(places.work, name)
    index = list(objects.read_lines(places.work, base.index))
    chosen, aside = choose(_accepted(places.results), index)
    facts = {
        "dataset": dataclasses.asdict(base),
        "judged": len(chosen),
        "set_aside": dict(sorted(aside.items())),
    }
    if len(chosen) < minimum:
        return {"status": WAITING, **facts, "minimum": minimum}
    key, made_of = naming.dataset(name), _digest(base, chosen)
    if _made_of(places.uploads, key) == made_of:
        return {"status": UNCHANGED, **facts, "key": key}
    pictures = _pictures(base, index, chosen)
    contents = streams.in_order(lambda picture: picture.read(places.work), pictures, READS_AT_ONCE)
    metadata = {**_mapping(base), _MADE_OF: made_of}
    table = _groups(index, chosen)
    write(places.uploads, key, metadata, {_GROUPS: table}, contents)
    return {"status": COLLECTED, **facts, "key": key}


def newest(work: str, name: str) -> Dataset:
    """The version that was split last, of those that people uploaded. Raises DatasetRefused."""
    pages = client("s3").get_paginator("list_objects_v2")
    prefix = f"{keys.DATASETS}{name}/"
    found = []
    for page in pages.paginate(Bucket=work, Prefix=prefix, Delimiter="/"):
        for common in page.get("CommonPrefixes", []):
            dataset = Dataset(name, common["Prefix"].removeprefix(prefix).rstrip("/"))
            if (when := _made(work, dataset.manifest(TRAIN))) is None:
                continue
            if _made(work, dataset.origin) is None:
                found.append((when, dataset.version))
    if not found:
        detail = f"no version of a data set {name!r} with images is staged and split"
        raise DatasetRefused("no-such-data-set", detail)
    return Dataset(name, max(found)[1])


def _made(bucket: str, key: str) -> Any | None:
    """When, if it is there."""
    try:
        return client("s3").head_object(Bucket=bucket, Key=key)["LastModified"]
    except ClientError as error:
        if objects.is_missing(error):
            return None
        raise


def _accepted(results: str) -> Iterator[dict[str, Any]]:
    pages = client("s3").get_paginator("list_objects_v2")
    found = (
        item["Key"]
        for page in pages.paginate(Bucket=results, Prefix=keys.FEEDBACK)
        for item in page.get("Contents", [])
    )
    replies = streams.in_order(lambda key: objects.find_json(results, key), found, READS_AT_ONCE)
    return (reply for reply in replies if reply is not None and reply["status"] == naming.ACCEPTED)


def choose(
    replies: Iterable[Mapping[str, Any]], index: Sequence[Entry]
) -> tuple[list[Judged], collections.Counter[str]]:
    """One judged image of each digest, in their order, and what adds nothing, by reason.

    A picture that is in the data set stays as it is there: another copy of it, with another label,
    would take both out of validation and test.
    """
    of_pixels = collections.defaultdict(list)
    for reply in replies:
        of_pixels[reply["kept"]["sha256"]].append(reply)
    classes = {entry["class"] for entry in index}
    known = {entry["sha256"]: entry["class"] for entry in index}
    chosen: list[Judged] = []
    aside: collections.Counter[str] = collections.Counter()
    for digest, same in sorted(of_pixels.items()):
        last = max(same, key=lambda reply: (reply["time"], reply["verdict"]["key"]))
        if len({reply["label"] for reply in same}) > 1:
            aside[DISPUTED] += len(same)
        elif last["label"] not in classes:
            aside[OTHER_CLASS] += len(same)
        elif digest in known:
            aside[KNOWN if known[digest] == last["label"] else CONTRADICTS] += len(same)
        else:
            kept = last["kept"]
            chosen.append(Judged(last["label"], digest, kept["image"], kept["mask"]))
    return chosen, aside


def _digest(base: Dataset, chosen: Iterable[Judged]) -> str:
    made_of = [base.run, *(dataclasses.astuple(judged) for judged in chosen)]
    return hashlib.sha256(json.dumps(made_of).encode()).hexdigest()


def _made_of(bucket: str, key: str) -> str | None:
    try:
        head = client("s3").head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if objects.is_missing(error):
            return None
        raise
    return str(head["Metadata"].get(_MADE_OF))


def _pictures(base: Dataset, index: Iterable[Entry], chosen: Iterable[Judged]) -> Iterator[Picture]:
    for entry in index:
        stem = f"{entry['class']}/{entry['id']}"
        yield Picture(f"{stem}.png", base.prefix + entry["image"])
        if entry["mask"]:
            yield Picture(f"{stem}_mask.png", base.prefix + entry["mask"])
    for judged in chosen:
        stem = f"{judged.label}/{judged.identity}"
        yield Picture(f"{stem}.png", judged.image)
        if judged.mask:
            yield Picture(f"{stem}_mask.png", judged.mask)


def _groups(index: Iterable[Entry], chosen: Iterable[Judged]) -> bytes:
    """Who belongs together in the data set stays together; judged images each stand alone, unless
    they look like others."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("image", "group"))
    writer.writerows((f"{e['class']}/{e['id']}.png", e["group"]) for e in index)
    writer.writerows((f"{one.label}/{one.identity}.png", one.identity) for one in chosen)
    return text.getvalue().encode()


def _mapping(base: Dataset) -> dict[str, str]:
    """As metadata, which cannot be of another upload than the archive."""
    said = {
        "continues": f"{base.name}/{base.version}",
        "classes": "folders",
        "groups": json.dumps({"file": _GROUPS, "image": "image", "group": "group"}),
        "masks": json.dumps({"lesion": "bright"}),
    }
    return {f"{sidecar.METADATA_PREFIX}{key}": value for key, value in said.items()}
