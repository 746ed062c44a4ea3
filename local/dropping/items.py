"""What is dropped becomes objects: which file goes to which key, and what was decided about it."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from local.laptop import folders
from local.laptop.uploads import DropFailed
from sonoflow import keys, sidecar
from sonoflow.images import formats, layouts

DATASET_SUFFIXES = (".zip", ".data")
RUNS = (keys.DATASETS, keys.EXTERNAL)  # prefixes below which an upload starts a run
# A .csv to train on needs --to datasets/, a .zip to answer --to inbox/.
INBOX_SUFFIXES = (
    *(*formats.IMAGE_SUFFIXES, *formats.DICOM_SUFFIXES),
    *(keys.INBOX_TABLE_SUFFIX, keys.INBOX_MANIFEST_SUFFIX),
)


@dataclasses.dataclass(frozen=True)
class Item:
    """One object to be: `file` holds its bytes, `origin` is what it was made of."""

    file: Path
    key: str
    origin: Path
    is_beside: bool = False  # a mapping that nobody named, but that lies there

    @property
    def is_mapping(self) -> bool:
        return sidecar.is_mapping(self.key)

    @property
    def is_dataset(self) -> bool:
        return self.key.startswith(RUNS) and not self.is_mapping

    @property
    def is_asked(self) -> bool:
        return self.key.startswith(keys.INBOX)


@dataclasses.dataclass(frozen=True)
class Load:
    """All that a command drops, mappings before their data sets, and what was decided, in words."""

    items: tuple[Item, ...]
    decided: tuple[str, ...]


def gather(given: Sequence[Path], to: str | None, scratch: Path) -> Load:
    """`scratch` takes the zips that folders become. Raises DropFailed, FolderRefused."""
    found: list[Item] = []
    decided: list[str] = []
    for path in given:
        if path.is_dir():
            items, why = _of_folder(path, to, scratch)
            found += items
            decided.append(f"{path} is {why}")
        else:
            found.append(Item(path, _key(path, to), path))
    if to and not to.endswith("/") and len(found) > 1:
        raise DropFailed("--to names one key; end it with / for several files")
    found, renamed = _apart(found)
    mappings, beside = _mappings(found)
    rest = [item for item in found if not item.is_mapping]
    told = (*decided, *renamed, *beside, *_scored(rest), *_masks(rest))
    return Load((*mappings, *rest), told)


def _of_folder(folder: Path, to: str | None, scratch: Path) -> tuple[list[Item], str]:
    """What was decided comes second, in words."""
    name = folder.resolve().name
    if to and to.startswith(keys.INBOX):
        found = folders.answerable(folder, f"--to {to} says so")
    else:
        packed = scratch / str(len(list(scratch.iterdir()))) / f"{name}.zip"
        packed.parent.mkdir()
        with packed.open("w+b") as archive:
            folders.pack(folder, archive)
            if to:
                found = folders.Folder((), f"packed as {packed.name}, as --to {to} says")
            else:
                found = folders.look(folder, archive)
        if found.is_dataset:
            return [Item(packed, _placed(packed.name, to or keys.DATASETS), folder)], found.why
    place = f"{to or keys.INBOX}{name}/"
    if to and not to.endswith("/"):
        raise DropFailed(f"--to names one key; end it with / for the images of {folder}")
    images = [
        Item(image, _text(f"{place}{image.relative_to(folder).as_posix()}"), image)
        for image in found.images
    ]
    return images, found.why


def _key(file: Path, to: str | None) -> str:
    if not file.is_file():
        raise DropFailed(f"{file} is not a file and not a folder")
    if to:
        return _placed(file.name, to)
    suffix = file.suffix.lower()
    if suffix in DATASET_SUFFIXES or sidecar.is_mapping(file.name):
        return _placed(file.name, keys.DATASETS)
    if suffix in INBOX_SUFFIXES or folders.is_answerable(file):
        return _placed(file.name, keys.INBOX)
    if formats.may_be_image(file.name):
        raise DropFailed(f"{file}: {formats.unsupported(file.name)}")
    known = ", ".join(sorted((*DATASET_SUFFIXES, *INBOX_SUFFIXES)))
    raise DropFailed(f"{file}: none of {known}; say where it goes with --to KEY")


def _placed(name: str, to: str) -> str:
    return _text(f"{to}{name}" if to.endswith("/") else to)


def _text(key: str) -> str:
    try:
        key.encode()
    except UnicodeEncodeError as error:
        message = f"{key!r} is no text in UTF-8: rename the file, or give another key"
        raise DropFailed(message) from error
    return key


def _apart(items: Sequence[Item]) -> tuple[list[Item], list[str]]:
    """What would have one key gets as many of its folders before its name as tell it apart; one
    file that is named twice is dropped once."""
    once = list({(item.key, item.origin.resolve()): item for item in items}.values())
    taken = collections.Counter(item.key for item in once)
    found = [_longer(item, once) if taken[item.key] > 1 else item for item in once]
    if len({item.key for item in found}) < len(found):
        raise DropFailed("two files would have one key; drop them one after the other, with --to")
    told = [
        f"{new.origin} becomes {new.key}"
        for new, old in zip(found, once, strict=True)
        if new != old
    ]
    return found, told


def _longer(item: Item, items: Sequence[Item]) -> Item:
    rivals = [other for other in items if other.key == item.key]
    parts = [other.origin.resolve().parts for other in rivals]
    mine = item.origin.resolve().parts
    most = max(map(len, parts))
    depth = next(n for n in range(2, most + 1) if sum(one[-n:] == mine[-n:] for one in parts) == 1)
    folder = "-" if item.key.startswith(RUNS) else "/"  # a data set's name has no folders
    before = folder.join(part.strip("/") for part in mine[-depth:-1])
    place, _, name = item.key.rpartition("/")
    return dataclasses.replace(item, key=_text(f"{place}/{before}{folder}{name}"))


def _mappings(items: Sequence[Item]) -> tuple[list[Item], list[str]]:
    """Those that were given, and those that lie beside data sets, which are told of."""
    found = {item.key: item for item in items if item.is_mapping}
    told = []
    for item in items:
        beside, key = folders.mapping_of(item.origin), sidecar.beside(item.key)
        if item.is_dataset and beside.is_file() and key not in found:
            found[key] = Item(beside, key, beside, is_beside=True)
            told.append(f"{beside.name} goes with {item.origin}")
    return list(found.values()), told


def _masks(items: Sequence[Item]) -> Iterator[str]:
    """Where images are called as masks are, and somebody has named them one by one."""
    named = [item for item in items if item.is_asked and layouts.is_named_mask(item.origin.name)]
    if named:
        number = f"{len(named)} files are" if len(named) > 1 else f"{named[0].origin} is"
        yield f"{number} called as a mask is, and asked about all the same"


def _scored(items: Sequence[Item]) -> Iterator[str]:
    """Where a table is scored that someone has written a mapping for."""
    for item in items:
        if (
            keys.is_inbox_table(item.key)
            and item.is_asked
            and folders.mapping_of(item.origin).is_file()
        ):
            yield (
                f"{item.origin} is scored; --to {keys.DATASETS} trains on it, as"
                f" {folders.mapping_of(item.origin).name} says"
            )
