"""What a folder of files is: a data set, which becomes a zip, or images to be answered one by one.

The zip is made as it is for a check, and read by the code that plans data sets, so that both say
the same of a folder.
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator, Set
from pathlib import Path
from typing import IO

from local.runtime.failures import Failure
from sonoflow import keys, sidecar
from sonoflow.aws.ranged import HeldFile
from sonoflow.dicom import files as dicom
from sonoflow.errors import DatasetRefused
from sonoflow.images import contents, formats, layouts, words
from sonoflow.images import mapping as image_mapping
from sonoflow.images.batches import PlannedImage
from sonoflow.images.labels import FROM_NAMES

_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold: the same files, the same bytes
_CHUNK_BYTES = 1024 * 1024
_CLASSES_LEAST = 2
_TOLD = 4  # classes or kinds of files, in a sentence
# What a zip of images is refused for that may be meant for the inbox.
_NO_DATASET = frozenset({"no-images", "empty"})


class FolderRefused(Failure):
    """It cannot be told what a folder is meant for; says what settles it."""


@dataclasses.dataclass(frozen=True)
class Folder:
    """What a folder is, and why, in words. `images` are for the inbox; of a data set none."""

    images: tuple[Path, ...]
    why: str

    @property
    def is_dataset(self) -> bool:
        return not self.images


def pack(folder: Path, archive: IO[bytes]) -> None:
    """Every file below the folder, not compressed, the same bytes each time; links lead elsewhere
    and are left out."""
    with zipfile.ZipFile(archive, "w") as target:
        for file in files(folder):
            name = file.relative_to(folder).as_posix().encode("utf-8", "backslashreplace").decode()
            member = zipfile.ZipInfo(name, _DATE)
            with file.open("rb") as content, target.open(member, "w", force_zip64=True) as packed:
                shutil.copyfileobj(content, packed, _CHUNK_BYTES)
    archive.seek(0)


def files(folder: Path) -> Iterator[Path]:
    """In the order of their paths, without links."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path


def mapping_of(path: Path) -> Path:
    """Where the mapping of a file or a folder would lie: beside it, by its name."""
    resolved = path.resolve()
    return resolved.with_name(
        sidecar.beside(f"{resolved.name}.zip" if path.is_dir() else path.name)
    )


def look(folder: Path, archive: IO[bytes]) -> Folder:
    """What a folder is, by what `pack` has written of it, and the mapping beside it. Raises
    FolderRefused."""
    source = HeldFile(archive)
    try:
        mapping = _mapping(mapping_of(folder))
        found = contents.read(contents.open_archive(source), source, mapping)
    except DatasetRefused as error:
        if error.reason not in _NO_DATASET:
            return Folder((), f"a data set, though one that would be refused: {error.detail}")
        return answerable(folder, "no class and no mask tells what they show")
    labels = Counter(image.label for image in found.images)
    masked = sum(bool(image.masks) for image in found.images)
    if mapping or masked:
        return Folder((), _dataset(found.images, labels, masked))
    if any(one.code == FROM_NAMES.code for one in found.assumptions):
        return answerable(
            folder, f"only their names speak of classes (--to {keys.DATASETS} trains on them)"
        )
    if any(words.is_class(label) for label in labels if label):
        return Folder((), _dataset(found.images, labels, masked))
    if len(labels) < _CLASSES_LEAST:
        return answerable(folder, "no two classes tell what they show")
    named = ", ".join(sorted(filter(None, labels))[:_TOLD])
    raise FolderRefused(
        f"{folder}: are its folders ({named}) classes to be trained on, or do they only hold images"
        f" to be answered? --to {keys.DATASETS} trains on them, --to {keys.INBOX} asks about each"
    )


def _mapping(path: Path) -> sidecar.Document:
    """Raises DatasetRefused."""
    if not path.is_file():
        return {}
    try:
        return image_mapping.KEYS.parse(json.loads(path.read_bytes()))
    except ValueError as error:
        raise sidecar.invalid(f"{path} is no JSON: {error}") from error


def _dataset(images: tuple[PlannedImage, ...], labels: Counter[str | None], masked: int) -> str:
    classes = ", ".join(
        f"{label or 'by its mask'} {number}" for label, number in labels.most_common(_TOLD)
    )
    return f"a data set of {len(images)} images ({classes}), {masked} of them with masks"


def answerable(folder: Path, why: str) -> Folder:
    """All that the inbox takes of a folder. Raises FolderRefused where that is nothing."""
    every = [path for path in files(folder) if not _hidden(path.relative_to(folder))]
    masks = {path for path in every if layouts.is_named_mask(path.relative_to(folder).as_posix())}
    images = tuple(path for path in every if is_answerable(path) and path not in masks)
    left = Counter(_kind(path, masks) for path in every if path not in set(images))
    rest = ", ".join(f"{number} × {suffix}" for suffix, number in left.most_common(_TOLD))
    if not images:
        held = f": it holds {rest}" if rest else ": it is empty"
        raise FolderRefused(f"{folder} holds no image that could be dropped{held}")
    told = f"{len(images)} image{'' if len(images) == 1 else 's'} to be answered, as {why}"
    return Folder(images, f"{told}; left out: {rest}" if rest else told)


def _kind(path: Path, masks: Set[Path]) -> str:
    return "mask" if path in masks else path.suffix.lower() or "no extension"


def is_answerable(path: Path) -> bool:
    """Whether it is a picture that the inbox reads, by its name, or, of DICOM, by its beginning."""
    if formats.is_image(path.name) or path.suffix.lower() in formats.DICOM_SUFFIXES:
        return True
    if not formats.may_be_dicom(path.name):
        return False
    with path.open("rb") as opened:
        return opened.read(dicom.MARK_AT + len(dicom.MARK))[dicom.MARK_AT :] == dicom.MARK


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
