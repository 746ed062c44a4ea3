"""Data sets as people upload them: a zip of images; layouts.py says how it may be laid out."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Container, Mapping, Sequence
from typing import Any, Self

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
    layouts,
    nnunet,
    subgroups,
    table_hints,
    unnamed,
    unread,
)
from sonoflow.images import mapping as image_mapping
from sonoflow.images.batches import PlannedImage
from sonoflow.images.looks import Looks
from sonoflow.images.opened import OpenedArchive
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
    archive = OpenedArchive(index, source, usable)
    names, ignored = _wanted(usable, said.get("ignore", []))
    _refuse_lost_groups(quarantine, said)
    found = _Arranged.of(archive, names, said)
    # Where a name was written with backslashes, people know it that way.
    unplaced = [*ignored, *found.set_aside]
    quarantine += [dataclasses.replace(e, source=usable[e.source].name) for e in unplaced]
    images = []
    for scan in found.scans:
        image = found.planned(scan, usable, index.end)
        if excess := _excess(image):
            quarantine.append(SetAside(image.image, *excess))
        else:
            images.append(image)
    if not images:
        raise unread.nothing_left(quarantine)
    looks = Looks(source, usable, index.end, closed=found.closed)
    read_as = _conventions(found.scans, looks, said, found.hints.assumptions)
    made = [
        *(index.assumptions, *found.assumptions, read_as.assumptions, _shared_masks(images)),
        unread.lost_masks(images, quarantine),
        _unused_groups([*names, *(entry.source for entry in quarantine)], said, found),
    ]
    return Contents(
        tuple(sorted(images, key=lambda image: image.image)),
        tuple(sorted(quarantine, key=lambda entry: (entry.source, entry.reason))),
        _grouped(read_as.reading, images, said),
        tuple(assumptions.merged(made)),
        _used(found.hints, found.groups, usable),
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


def _grouped(found: Reading, images: Sequence[PlannedImage], said: Mapping[str, Any]) -> Reading:
    """Where the mapping says what belongs together, no tag of DICOM does."""
    told = "groups" in said and any(formats.may_be_dicom(image.image) for image in images)
    return dataclasses.replace(found, patients=False) if told else found


def _used(
    hints: table_hints.Hints, groups: _Groups, usable: Mapping[str, Member]
) -> tuple[str, ...]:
    aside = {entry.source for entry in (*hints.set_aside, *groups.set_aside)}
    paths = hints.used | ({groups.path} if groups.path else set())
    return tuple(sorted(usable[path].name for path in paths - aside))


@dataclasses.dataclass(frozen=True)
class _Groups:
    """What groups.csv says, if there is one."""

    path: str | None = None
    by_image: Mapping[str, str] = dataclasses.field(default_factory=dict)
    set_aside: Sequence[SetAside] = ()
    assumptions: Sequence[Assumption] = ()


@dataclasses.dataclass(frozen=True)
class _Arranged:
    """The images with what belongs to each, and what says so."""

    scans: Sequence[layouts.Scan]
    hints: table_hints.Hints
    groups: _Groups
    parts: subgroups.Subgroups
    closed: frozenset[str]  # frames of DICOM: they say themselves how to be read, and are large
    set_aside: Sequence[SetAside]
    assumptions: Sequence[Sequence[Assumption]]

    @classmethod
    def of(cls, archive: OpenedArchive, names: Sequence[str], said: Mapping[str, Any]) -> Self:
        dicom, contents_tables = unnamed.find(names, archive.heads)
        listed = {entry.source for entry in contents_tables}
        names = [path for path in names if path not in listed]
        hints, groups = _hints(archive, names, said, dicom)
        parts = subgroups.gather(names, archive.table, said)
        paths = [path for path in names if path not in hints.used and path != groups.path]
        arranged = layouts.arrange(paths, archive.look, said, hints.tables, dicom)
        return cls(
            arranged.scans,
            hints,
            groups,
            parts,
            frozenset({*dicom, *(path for path in paths if formats.is_dicom(path))}),
            [
                *contents_tables,
                *parts.without(hints.set_aside),
                *groups.set_aside,
                *arranged.set_aside,
            ],
            (hints.assumptions, groups.assumptions, arranged.assumptions, parts.assumptions),
        )

    def planned(self, scan: layouts.Scan, usable: Mapping[str, Member], end: int) -> PlannedImage:
        group = self.groups.by_image.get(scan.image, scan.group)
        return _planned(scan, usable, end, group, self.parts.by_image.get(scan.image, {}))


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
    paths: Sequence[str], said: Mapping[str, Any], found: _Arranged
) -> list[Assumption]:
    if "groups" in said or found.hints.groups or found.groups.path:
        return []
    some = any(group_hints.seems_to_name_patients(path) for path in paths)
    return [group_hints.UNUSED] if some else []


def _hints(
    archive: OpenedArchive,
    names: Sequence[str],
    said: Mapping[str, Any],
    dicom: Container[str],
) -> tuple[table_hints.Hints, _Groups]:
    images = [path for path in names if formats.is_image(path) or path in dicom]
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
