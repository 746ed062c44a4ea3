"""Data sets as people upload them: a zip of images in class folders, in the layout of BUSI.

<anything>/<class>/<stem>.png           an image; its parent folder names the class
<anything>/<class>/<stem>_mask.png      a lesion mask of that image
<anything>/<class>/<stem>_mask_1.png    another one
"""

from __future__ import annotations

import collections
import dataclasses
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import IO, Any

from sonoflow import formats, keys
from sonoflow.errors import DatasetRefused, ImageRejected, PayloadInvalid
from sonoflow.uploads import Upload

_MASK_STEM = re.compile(r"(?P<stem>.+)_mask(?:_\d+)?", re.IGNORECASE)
_ENCRYPTED = 0x1  # bit of a member's flags
# What zipfile raises at an archive's structure, apart from BadZipFile, when bytes are garbled.
_GARBLED = (
    zipfile.BadZipFile,
    NotImplementedError,
    ValueError,
    OverflowError,
    EOFError,
    struct.error,
)


@dataclasses.dataclass(frozen=True)
class PlannedImage:
    """An image of an archive with its masks, by member names."""

    image: str
    masks: tuple[str, ...]
    label: str

    def document(self) -> dict[str, Any]:
        return {"image": self.image, "masks": list(self.masks), "class": self.label}


@dataclasses.dataclass(frozen=True)
class SetAside:
    """A file that is not used, and why."""

    source: str
    reason: str
    detail: str

    def document(self) -> dict[str, str]:
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What an archive holds, both lists in the order of the names."""

    images: tuple[PlannedImage, ...]
    quarantine: tuple[SetAside, ...]

    def batches(self, size: int) -> list[dict[str, Any]]:
        """The items of the state machine's map: small enough to be the input of a state."""
        documents = [image.document() for image in self.images]
        return [
            {"number": number, "images": documents[start : start + size]}
            for number, start in enumerate(range(0, len(documents), size))
        ]


def open_upload(upload: Upload, file: IO[bytes]) -> zipfile.ZipFile:
    """The archive that was uploaded. Raises DatasetRefused if no data set can come of it."""
    if PurePosixPath(upload.key).suffix.lower() != ".zip":
        detail = "a data set of images is uploaded as datasets/<name>.zip"
        raise DatasetRefused("unsupported-extension", detail)
    if upload.size == 0:
        raise DatasetRefused("empty", "the file holds no bytes")
    return open_archive(file)


def open_archive(file: IO[bytes]) -> zipfile.ZipFile:
    """The archive in a seekable file. Raises DatasetRefused if it is none that can be used."""
    try:
        archive = zipfile.ZipFile(file)
    except _GARBLED as error:
        raise DatasetRefused(
            "not-a-zip", f"the file is no readable zip archive: {error}"
        ) from error
    members = archive.infolist()
    if not members:
        raise DatasetRefused("empty", "the zip archive holds no files")
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise DatasetRefused("encrypted", "the zip archive is encrypted; send it without password")
    return archive


def version(archive: zipfile.ZipFile) -> str:
    return keys.dataset_version((m.filename, m.CRC, m.file_size) for m in archive.infolist())


def planned(documents: Iterable[Any]) -> list[PlannedImage]:
    """The images of a batch, as the plan's file holds them. Raises PayloadInvalid."""
    try:
        return [
            PlannedImage(document["image"], tuple(document["masks"]), document["class"])
            for document in documents
        ]
    except (KeyError, TypeError) as error:
        raise PayloadInvalid(f"the batch's images are not as planned: {error!r}") from error


def plan(archive: zipfile.ZipFile) -> Plan:
    """Pairs images with masks and classes; what fits nowhere is set aside.

    Raises DatasetRefused if no image is left.
    """
    names, quarantine = _files(archive.infolist())
    images: list[str] = []
    masks: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for name in names:
        folder, stem = _folder(name), _path(name).stem
        if _path(name).suffix.lower() not in formats.IMAGE_SUFFIXES:
            detail = f"only {formats.suffixes()} files are read"
            quarantine.append(SetAside(name, "unsupported-extension", detail))
        elif match := _MASK_STEM.fullmatch(stem):
            masks[folder, match["stem"]].append(name)
        elif not keys.slug(_path(name).parent.name):
            detail = "the image lies in no folder whose name could be its class"
            quarantine.append(SetAside(name, "no-class", detail))
        else:
            images.append(name)
    if not images:
        detail = "the zip archive holds no image in a class folder (<class>/<name>.png)"
        raise DatasetRefused("no-images", detail)
    quarantine.extend(_orphans(masks, images))
    return Plan(
        tuple(_planned(name, masks) for name in sorted(images)),
        tuple(sorted(quarantine, key=lambda entry: entry.source)),
    )


def _planned(name: str, masks: Mapping[tuple[str, str], Sequence[str]]) -> PlannedImage:
    own = masks.get((_folder(name), _path(name).stem), ())
    return PlannedImage(name, tuple(sorted(own)), keys.slug(_path(name).parent.name))


def _files(members: Iterable[zipfile.ZipInfo]) -> tuple[list[str], list[SetAside]]:
    """The files that count, and what is set aside: no folders, no files of the system; of one
    name the last, which is the one that any unzip leaves on the disk."""
    names: dict[str, None] = {}
    duplicates: list[SetAside] = []
    for member in members:
        name, parts = member.filename, _path(member.filename).parts
        if member.is_dir() or "__MACOSX" in parts or any(part.startswith(".") for part in parts):
            continue
        if name in names:
            detail = "the archive holds a later file of the same name, which is used instead"
            duplicates.append(SetAside(name, "duplicate-name", detail))
        names[name] = None
    return list(names), duplicates


def _orphans(
    masks: Mapping[tuple[str, str], Sequence[str]], images: Iterable[str]
) -> Iterable[SetAside]:
    owners = {(_folder(name), _path(name).stem) for name in images}
    for (folder, stem), names in masks.items():
        if (folder, stem) not in owners:
            detail = f"its folder holds no usable image named {stem!r}"
            yield from (SetAside(name, "mask-without-image", detail) for name in names)


def _path(name: str) -> PurePosixPath:
    """Some archivers of Windows write backslashes."""
    return PurePosixPath(name.replace("\\", "/"))


def _folder(name: str) -> str:
    return str(_path(name).parent)


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """One member's bytes. Raises ImageRejected if they cannot be had whole.

    Errors of S3 below the archive escape: trying again may help there.
    """
    try:
        member = archive.getinfo(name)
    except KeyError as error:
        raise ImageRejected("missing", f"the archive holds no {name!r}") from error
    if member.file_size > formats.FILE_BYTES_LIMIT:
        detail = f"{member.file_size} bytes unpacked, the limit is {formats.FILE_BYTES_LIMIT}"
        raise ImageRejected("too-large", detail)
    try:
        return archive.read(member)
    except NotImplementedError as error:
        raise ImageRejected("unsupported-compression", str(error)) from error
    except (*_GARBLED, zlib.error) as error:
        raise ImageRejected("corrupt", f"the archive's copy is damaged: {error}") from error
