"""Data sets as people upload them: a zip of images; layouts.py says how it may be laid out."""

from __future__ import annotations

import collections
import concurrent.futures
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from sonoflow import assumptions, keys
from sonoflow.archives import directory, members, verdicts
from sonoflow.archives.directory import Index, Member
from sonoflow.assumptions import Assumption
from sonoflow.aws.ranged import Source
from sonoflow.errors import DatasetRefused, ImageRejected
from sonoflow.images import (
    batches,
    conventions,
    formats,
    group_hints,
    kinds,
    layouts,
    listings,
    nnunet,
    subgroups,
    table_hints,
    unread,
)
from sonoflow.images import mapping as image_mapping
from sonoflow.images.batches import PlannedImage
from sonoflow.images.looks import Looks
from sonoflow.images.reading import USUAL, Reading
from sonoflow.quarantine import SetAside

# An image with its masks, unpacked: what one worker must be able to stage.
IMAGE_BYTES_LIMIT = 2 * formats.FILE_BYTES_LIMIT


@dataclasses.dataclass(frozen=True)
class Contents:
    """What an archive holds, both lists in the order of the names."""

    images: tuple[PlannedImage, ...]
    quarantine: tuple[SetAside, ...]
    reading: Reading = USUAL  # how the files are to be read
    assumptions: tuple[Assumption, ...] = ()
    tables: tuple[str, ...] = ()  # of whose rows something is used, by name


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

    Raises DatasetRefused if no image is left, or where something that decides on all of them cannot
    be understood. Of the archive's content tables are read, and a few images where names leave open
    what they are.
    """
    said = mapping or {}
    usable, quarantine = verdicts.judge(index, formats.FILE_BYTES_LIMIT)
    archive = _Archive(index, source, usable)
    names, ignored = _wanted(usable, said.get("ignore", []))
    _refuse_lost_groups(quarantine, said)
    hints, groups = _hints(archive, names, said)
    told = subgroups.gather(names, archive.table, said)
    paths = [path for path in names if path not in hints.used and path != groups.path]
    arranged = layouts.arrange(paths, archive.look, said, hints.tables)
    unplaced = [*ignored, *told.without(hints.set_aside), *groups.set_aside, *arranged.set_aside]
    # Where a name was written with backslashes, people know it that way.
    quarantine += [dataclasses.replace(e, source=usable[e.source].name) for e in unplaced]
    images = []
    for scan in arranged.scans:
        group = groups.by_image.get(scan.image, scan.group)
        image = _planned(scan, usable, index.end, group, told.by_image.get(scan.image, {}))
        if excess := _excess(image):
            quarantine.append(SetAside(image.image, *excess))
        else:
            images.append(image)
    if not images:
        raise unread.nothing_left(quarantine)
    looks = Looks(source, usable, index.end)
    read_as = _conventions(arranged.scans, looks, said, hints.assumptions)
    made = [
        *(index.assumptions, hints.assumptions, groups.assumptions, arranged.assumptions),
        told.assumptions,
        read_as.assumptions,
        _shared_masks(images),
        unread.lost_masks(images, quarantine),
        _unused_groups([*names, *(entry.source for entry in quarantine)], said, hints, groups),
    ]
    return Contents(
        tuple(sorted(images, key=lambda image: image.image)),
        tuple(sorted(quarantine, key=lambda entry: (entry.source, entry.reason))),
        read_as.reading,
        tuple(assumptions.merged(made)),
        _used(hints, groups, usable),
    )


def _conventions(
    scans: Sequence[layouts.Scan], looks: Looks, said: Mapping[str, Any], told: list[Assumption]
) -> conventions.Conventions:
    """Raises DatasetRefused, with the names that a document gives to values of masks."""
    try:
        return conventions.find(scans, looks, said)
    except DatasetRefused as error:
        named = [one for one in told if one.code == nnunet.NAMED]
        if not named or not error.reason.startswith("mask-"):
            raise
        detail = f"{error.detail}. By the names in {nnunet.DATASET}: {named[0].settle}"
        raise DatasetRefused(error.reason, detail) from error


def _used(
    hints: table_hints.Hints, groups: _Groups, usable: Mapping[str, Member]
) -> tuple[str, ...]:
    aside = {entry.source for entry in (*hints.set_aside, *groups.set_aside)}
    paths = hints.used | ({groups.path} if groups.path else set())
    return tuple(sorted(usable[path].name for path in paths - aside))


class _Archive:
    """The contents of files that may be read."""

    def __init__(self, index: Index, source: Source, usable: Mapping[str, Member]) -> None:
        self.usable = usable
        self._end, self._source = index.end, source
        self._looks = Looks(source, usable, index.end)

    def look(self, paths: Sequence[str]) -> dict[str, kinds.Look | None]:
        return {path: kinds.look(data) for path, data in self._looks.read(paths).items()}

    def table(self, path: str) -> bytes:
        """Raises ImageRejected."""
        member = self.usable[path]
        if member.size > listings.BYTES_LIMIT:
            detail = f"{member.size} bytes, the limit is {listings.BYTES_LIMIT}"
            raise ImageRejected("too-large", detail)
        location = members.locate(member, self._end)
        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as pool:
            reader = members.BatchReader(self._source, [location], pool)
            return reader.read(member.name, location)


@dataclasses.dataclass(frozen=True)
class _Groups:
    """What groups.csv says, if there is one."""

    path: str | None = None
    by_image: Mapping[str, str] = dataclasses.field(default_factory=dict)
    set_aside: Sequence[SetAside] = ()
    assumptions: Sequence[Assumption] = ()


def _wanted(
    usable: Mapping[str, Member], patterns: Sequence[str]
) -> tuple[list[str], list[SetAside]]:
    detail = "the mapping says to leave it out"
    ignored = [path for path in usable if image_mapping.ignored(path, patterns)]
    left = set(ignored)
    kept = [path for path in usable if path not in left]
    return kept, [SetAside(path, "ignored", detail) for path in ignored]


def _refuse_lost_groups(quarantine: Sequence[SetAside], said: Mapping[str, Any]) -> None:
    for entry in quarantine:
        if group_hints.find([entry.source]) and "groups" not in said:
            raise group_hints.unreadable(entry.source, entry.detail or entry.reason)


def _shared_masks(images: Sequence[PlannedImage]) -> list[Assumption]:
    """Says so where a mask goes with several images, copies say, though it was drawn on one."""
    times = collections.Counter(mask for image in images for mask in image.masks)
    if not (shared := sum(number > 1 for number in times.values())):
        return []
    detail = f"{shared} masks belong to two or more images each, whose names are alike; leave out"
    settle = '{"ignore": ["<folder of the copies>"]}'
    return [Assumption("masks-shared", f"{detail} what are copies of others", settle)]


def _unused_groups(
    paths: Sequence[str], said: Mapping[str, Any], hints: table_hints.Hints, groups: _Groups
) -> list[Assumption]:
    if "groups" in said or hints.groups or groups.path:
        return []
    some = any(group_hints.seems_to_name_patients(path) for path in paths)
    return [group_hints.UNUSED] if some else []


def _hints(
    archive: _Archive, names: Sequence[str], said: Mapping[str, Any]
) -> tuple[table_hints.Hints, _Groups]:
    images = [path for path in names if formats.is_image(path)]
    scans = [path for path in images if not layouts.is_named_mask(path)]
    groups = _Groups()
    file = group_hints.find(names)
    if file and "groups" not in said:
        try:
            told = group_hints.match(file, archive.table(file), scans)
        except ImageRejected as error:
            raise group_hints.unreadable(file, error) from error
        groups = _Groups(file, told.groups, told.set_aside, told.assumptions)
    tables = [path for path in names if path != groups.path]
    return table_hints.gather(tables, scans, archive.table, said), groups


def _planned(
    scan: layouts.Scan,
    usable: Mapping[str, Member],
    end: int,
    group: str | None,
    subgroups: Mapping[str, str],
) -> PlannedImage:
    files = [usable[path] for path in (scan.image, *scan.masks)]
    return PlannedImage(
        files[0].name,
        tuple(file.name for file in files[1:]),
        scan.label,
        tuple(members.locate(file, end) for file in files),
        scan.given_split,
        group,
        scan.official_folds,
        subgroups,
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
