"""Data sets as people upload them: a zip of images; layouts.py says how it may be laid out."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from sonoflow import keys
from sonoflow.archives import directory, members, verdicts
from sonoflow.archives.directory import Index, Member
from sonoflow.archives.members import Location
from sonoflow.aws.ranged import Source
from sonoflow.errors import DatasetRefused, ImageRejected, PayloadInvalid
from sonoflow.images import formats, group_hints, layouts
from sonoflow.quarantine import SetAside

# An image with its masks, unpacked: what one worker must be able to stage.
IMAGE_BYTES_LIMIT = 2 * formats.FILE_BYTES_LIMIT
# One image's part of a batch's document: names of masks and where they lie.
DOCUMENT_BYTES_LIMIT = 64_000


@dataclasses.dataclass(frozen=True)
class PlannedImage:
    """An image of an archive with its masks, by member names."""

    image: str
    masks: tuple[str, ...]
    label: str | None  # None: whether its masks show a lesion tells
    members: tuple[Location, ...]  # the image, then its masks
    given_split: str | None = None
    group_hint: str | None = None

    @property
    def bytes(self) -> int:
        """What staging it costs: to be read or to be unpacked, whichever is more."""
        return sum(max(member.packed, member.size) for member in self.members)

    def document(self) -> dict[str, Any]:
        return {
            "image": self.image,
            "masks": list(self.masks),
            "class": self.label,
            "given_split": self.given_split,
            "group_hint": self.group_hint,
            "members": [member.document() for member in self.members],
        }


@dataclasses.dataclass(frozen=True)
class Plan:
    """What an archive holds, both lists in the order of the names."""

    images: tuple[PlannedImage, ...]
    quarantine: tuple[SetAside, ...]


def open_archive(source: Source) -> Index:
    """The index of the archive. Raises DatasetRefused if it is none that can be used."""
    index = directory.read(source)
    if not index.members:
        raise DatasetRefused("empty", "the zip archive holds no files")
    return index


def version(index: Index) -> str:
    return keys.dataset_version((m.name, m.crc, m.size) for m in index.members)


def planned(documents: Iterable[Any]) -> list[PlannedImage]:
    """The images of a batch, as the plan's file holds them. Raises PayloadInvalid."""
    try:
        images = [
            PlannedImage(
                document["image"],
                tuple(document["masks"]),
                document["class"],
                tuple(members.parse(member) for member in document["members"]),
                document["given_split"],
                document["group_hint"],
            )
            for document in documents
        ]
    except (KeyError, TypeError) as error:
        raise PayloadInvalid(f"the batch's images are not as planned: {error!r}") from error
    for image in images:
        if len(image.members) != 1 + len(image.masks):
            raise PayloadInvalid(f"the batch's {image.image!r} does not say where its files lie")
        if image.label is None and not image.masks:
            raise PayloadInvalid(f"the batch's {image.image!r} has neither a class nor a mask")
    return images


def plan(index: Index, source: Source) -> Plan:
    """Pairs images with masks and classes; what fits nowhere is set aside.

    Raises DatasetRefused if no image is left. Of the archive's content only groups.csv is read.
    """
    usable, quarantine = verdicts.judge(index, formats.FILE_BYTES_LIMIT)
    groups_file = group_hints.find(usable)
    scans, unplaced = layouts.arrange(path for path in usable if path != groups_file)
    # Where a name was written with backslashes, people know it that way.
    quarantine += [dataclasses.replace(e, source=usable[e.source].name) for e in unplaced]
    groups: dict[str, str] = {}
    if groups_file:
        groups, unused = _groups(groups_file, usable, index, source, [s.image for s in scans])
        quarantine += unused
    images = []
    for scan in scans:
        image = _planned(scan, usable, index.end, groups.get(scan.image))
        if excess := _excess(image):
            quarantine.append(SetAside(image.image, *excess))
        else:
            images.append(image)
    if not images:
        raise _nothing_left(quarantine)
    return Plan(
        tuple(sorted(images, key=lambda image: image.image)),
        tuple(sorted(quarantine, key=lambda entry: (entry.source, entry.reason))),
    )


def _planned(
    scan: layouts.Scan, usable: Mapping[str, Member], end: int, group: str | None
) -> PlannedImage:
    files = [usable[path] for path in (scan.image, *scan.masks)]
    return PlannedImage(
        files[0].name,
        tuple(file.name for file in files[1:]),
        scan.label,
        tuple(members.locate(file, end) for file in files),
        scan.given_split,
        group,
    )


def _excess(image: PlannedImage) -> tuple[str, str] | None:
    if image.bytes > IMAGE_BYTES_LIMIT:
        detail = f"{image.bytes} bytes with its masks, the limit is {IMAGE_BYTES_LIMIT}"
        return "too-large", detail
    if len(image.masks) > 16 and len(json.dumps(image.document())) > DOCUMENT_BYTES_LIMIT:
        return "too-many-masks", f"the image has {len(image.masks)} masks"
    return None


def _groups(
    path: str,
    usable: Mapping[str, Member],
    index: Index,
    source: Source,
    images: Iterable[str],
) -> tuple[dict[str, str], list[SetAside]]:
    member = usable[path]
    if member.size > group_hints.BYTES_LIMIT:
        detail = f"{member.size} bytes, the limit is {group_hints.BYTES_LIMIT}; no groups are known"
        return {}, [SetAside(member.name, "groups-unreadable", detail)]
    location = members.locate(member, index.end)
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
        try:
            content = members.BatchReader(source, [location], pool).read(member.name, location)
        except ImageRejected as error:
            return {}, [SetAside(member.name, "groups-unreadable", str(error))]
    return group_hints.match(path, content, images)


def _nothing_left(quarantine: Iterable[SetAside]) -> DatasetRefused:
    reasons = collections.Counter(entry.reason for entry in quarantine)
    if set(reasons) == {"encrypted"}:
        return DatasetRefused("encrypted", "the zip archive is encrypted; send it without password")
    detail = "the zip archive holds no image in a class folder (<class>/<name>.png)"
    if reasons:
        told = ", ".join(f"{count} × {reason}" for reason, count in reasons.most_common(5))
        detail += f"; set aside: {told}"
    return DatasetRefused("no-images", detail)
