"""How people lay out image data sets: which image belongs to which class, split and masks.

<anything>/<class>/x.png  beside  x_mask.png, x_mask_1.png      masks beside the images
<class>/images/x.png  with  <class>/masks/x.png                 folders of either kind,
images/<class>/x.png  with  masks/<class>/x.png                 in any order
train/<class>/x.png, val/<class>/x.png, test/<class>/x.png      already split
train_images/train/x.png  with  train_masks/train/x.png         pairs; class in the file's name, or
x.png  with  x_mask.png                                         decided by whether the mask is empty

Everything is inferred from names alone, so that a plan needs no image.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from sonoflow import keys
from sonoflow.images import formats
from sonoflow.keys import TEST, TRAIN, VALIDATION
from sonoflow.quarantine import SetAside

_SPLIT_FOLDERS = {
    "train": TRAIN,
    "training": TRAIN,
    "val": VALIDATION,
    "valid": VALIDATION,
    "validation": VALIDATION,
    "test": TEST,
    "testing": TEST,
}
_IMAGES = "images?|imgs?"
_MASKS = "masks?|labels?|annotations?|segmentations?|ground[_ -]?truth|gt"
_ROLE = re.compile(
    rf"(?:(?P<split>{'|'.join(_SPLIT_FOLDERS)})[_ -])?(?:(?P<image>{_IMAGES})|(?P<mask>{_MASKS}))",
    re.IGNORECASE,
)
_MASK_STEM = re.compile(r"(?P<stem>.+)_mask(?:_\d+)?", re.IGNORECASE)
# `benign (12)`, `malignant_003`: a word, then a number.
_NAMED_CLASS = re.compile(r"(?P<word>[^\W\d_]+)[ _-]*\(?\d+\)?")

Folders = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Scan:
    """An image with its masks, by canonical paths."""

    image: str
    masks: tuple[str, ...]
    label: str | None  # None: no name says it, so its masks decide
    given_split: str | None


@dataclasses.dataclass(frozen=True)
class _File:
    """What a path says of a file."""

    path: str
    folders: Folders  # without those that name a role, splits by their one name
    stem: str
    label: str  # what the folders give as class, maybe nothing
    whole: bool  # whether that folder lies around those of a role: it may be the data set's name
    split: str | None
    mask_folder: bool
    role: bool  # whether a folder names what lies in it


def arrange(paths: Iterable[str]) -> tuple[list[Scan], list[SetAside]]:
    """The images in the order of their names, and what fits nowhere."""
    set_aside: list[SetAside] = []
    scans: list[_File] = []
    masks: list[_File] = []
    for path in sorted(paths):
        if PurePosixPath(path).suffix.lower() not in formats.IMAGE_SUFFIXES:
            detail = f"only {formats.suffixes()} files are read"
            set_aside.append(SetAside(path, "unsupported-extension", detail))
            continue
        file = _read(path)
        is_mask = file.mask_folder or _MASK_STEM.fullmatch(file.stem)
        (masks if is_mask else scans).append(file)
    labels = _labels(scans, masks)
    for scan in scans:
        if labels[scan.path] == "":
            detail = "neither a folder nor a mask tells the image's class"
            set_aside.append(SetAside(scan.path, "no-class", detail))
    scans = [scan for scan in scans if labels[scan.path] != ""]
    owned, orphans = _pair(scans, masks)
    splits = {scan.split for scan in scans}
    kept = TRAIN in splits and len(splits - {None}) > 1  # one folder named `test` is no split
    arranged = [
        Scan(s.path, tuple(owned[s.path]), labels[s.path], s.split if kept else None) for s in scans
    ]
    return arranged, [*set_aside, *orphans]


@functools.lru_cache(maxsize=4096)
def class_name(folder: str) -> str:
    """What a folder's name becomes in keys: lower-case letters, digits and hyphens.

    Accents are dropped; a name in a script without Latin letters becomes `class-` and a digest.
    """
    plain = unicodedata.normalize("NFKD", folder)
    slug = keys.slug("".join(sign for sign in plain if not unicodedata.combining(sign)))
    if slug or not any(sign.isalnum() for sign in folder):
        return slug[:64].strip("-")
    return f"class-{hashlib.sha256(folder.encode()).hexdigest()[:8]}"


def _read(path: str) -> _File:
    parts = PurePosixPath(path)
    folders: list[str] = []
    label, split = "", None
    mask_folder = role = whole = False
    for folder in parts.parts[:-1]:
        word = folder.lower()
        if match := _ROLE.fullmatch(word):
            role, mask_folder = True, match["mask"] is not None
            whole = bool(label)
            word = match["split"] or ""
        if word in _SPLIT_FOLDERS:
            split = split or _SPLIT_FOLDERS[word]
            if _SPLIT_FOLDERS[word] not in folders:
                folders.append(_SPLIT_FOLDERS[word])
        elif word:
            label, whole = class_name(folder), False
            folders.append(folder)
    return _File(path, tuple(folders), parts.stem, label, whole, split, mask_folder, role)


def _labels(scans: Sequence[_File], masks: Sequence[_File]) -> dict[str, str | None]:
    """The class of each image: its innermost folder that is neither role nor split; where these
    folders tell no classes apart, the word in the file's name; where nothing is named, None for
    those that have a mask."""
    labels: dict[str, str | None] = {scan.path: scan.label for scan in scans}
    if len(set(labels.values())) > 1:
        return labels
    if all(scan.role or scan.split for scan in scans):
        words: dict[str, str | None] = {scan.path: _word(scan.stem) for scan in scans}
        if len(set(words.values())) > 1 and all(words.values()):
            return words
    if all(scan.whole or not scan.label for scan in scans):
        owned, _ = _pair(scans, masks)
        if any(owned.values()):
            return {scan.path: None if owned[scan.path] else "" for scan in scans}
    return labels


def _word(stem: str) -> str:
    match = _NAMED_CLASS.fullmatch(stem)
    return class_name(match["word"]) if match else ""


def _pair(
    scans: Sequence[_File], masks: Sequence[_File]
) -> tuple[Mapping[str, list[str]], list[SetAside]]:
    """The masks of each image, and those of none."""
    by_place: dict[tuple[Folders, str], list[str]] = collections.defaultdict(list)
    by_stem: dict[str, list[str]] = collections.defaultdict(list)
    for scan in scans:
        by_place[scan.folders, scan.stem].append(scan.path)
        by_stem[scan.stem].append(scan.path)
    owned: dict[str, list[str]] = {scan.path: [] for scan in scans}
    orphans: list[SetAside] = []
    for mask in masks:
        owners = _owners(mask, by_place, by_stem)
        for owner in owners:
            owned[owner].append(mask.path)
        if not owners:
            detail = f"there is no usable image named {_plain(mask.stem)!r} for it"
            orphans.append(SetAside(mask.path, "mask-without-image", detail))
    return owned, orphans


def _owners(
    mask: _File,
    by_place: Mapping[tuple[Folders, str], list[str]],
    by_stem: Mapping[str, list[str]],
) -> list[str]:
    for stem in dict.fromkeys((mask.stem, _plain(mask.stem))):
        if place := by_place.get((mask.folders, stem)):
            return place
    if not mask.mask_folder:
        return []
    # A folder of masks may be laid out otherwise than that of the images: then the name decides,
    # where only one image has it.
    for stem in dict.fromkeys((mask.stem, _plain(mask.stem))):
        if len(named := by_stem.get(stem, [])) == 1:
            return named
    return []


def _plain(stem: str) -> str:
    match = _MASK_STEM.fullmatch(stem)
    return match["stem"] if match else stem
