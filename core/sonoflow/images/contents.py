"""Data sets as people upload them: a zip of images; layouts.py says how it may be laid out."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from sonoflow import keys
from sonoflow.archives import directory, members, verdicts
from sonoflow.archives.directory import Index, Member
from sonoflow.assumptions import Assumption
from sonoflow.aws.ranged import Source
from sonoflow.errors import DatasetRefused, ImageRejected
from sonoflow.images import batches, formats, group_hints, layouts
from sonoflow.images.batches import PlannedImage
from sonoflow.quarantine import SetAside

# An image with its masks, unpacked: what one worker must be able to stage.
IMAGE_BYTES_LIMIT = 2 * formats.FILE_BYTES_LIMIT


@dataclasses.dataclass(frozen=True)
class Contents:
    """What an archive holds, both lists in the order of the names."""

    images: tuple[PlannedImage, ...]
    quarantine: tuple[SetAside, ...]
    assumptions: tuple[Assumption, ...] = ()


def open_archive(source: Source) -> Index:
    """The index of the archive. Raises DatasetRefused if it is none that can be used."""
    index = directory.read(source)
    if not index.members:
        raise DatasetRefused("empty", "the zip archive holds no files")
    return index


def version(index: Index, mapping: Mapping[str, Any] | None = None) -> str:
    return keys.dataset_version(((m.name, m.crc, m.size) for m in index.members), mapping)


def read(index: Index, source: Source, mapping: Mapping[str, Any] | None = None) -> Contents:
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
    return Contents(
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
    # Writing each image's document would cost a plan of 400,000 some seconds; few masks always fit.
    few = len(image.masks) <= 16
    if not few and batches.document_bytes(image) > batches.IMAGE_DOCUMENT_BYTES_LIMIT:
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
        counts = ", ".join(f"{count} × {reason}" for reason, count in reasons.most_common(5))
        detail += f"; set aside: {counts}"
    return DatasetRefused("no-images", detail)
