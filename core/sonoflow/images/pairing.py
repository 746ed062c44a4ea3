"""Which image a mask belongs to."""

from __future__ import annotations

import collections
import dataclasses
import functools
import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import TypeVar

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images import words
from sonoflow.images.paths import File, Folders, plain, without_channel
from sonoflow.images.series import Companion
from sonoflow.quarantine import SetAside

T = TypeVar("T")

BY_NUMBER = Assumption(
    "masks-by-part-of-name",
    "masks were joined to images by what their names share, without the words before it",
    "",
)
_ROLES = words.MASKS | words.PICTURES | {"img", "image", "pic"}
_BETWEEN = re.compile(r"([ _.-]+)")
_SUFFIX = re.compile(r"\.(?:png|jpe?g|bmp|tiff?)$", re.IGNORECASE)  # of `x.jpg.png`
_LEADING_WORD = re.compile(r"^[^\W\d_]+[ _-]*(?=\d)")


@dataclasses.dataclass(frozen=True)
class Pairs:
    owned: Mapping[str, list[str]]  # masks by image
    orphans: list[SetAside]
    assumptions: list[Assumption]


def pair(
    scans: Sequence[File],
    masks: Sequence[File],
    beside: Mapping[str, Companion | None] = MappingProxyType({}),
) -> Pairs:
    """The masks of each image, and those of none. `beside` holds the masks that no name says to be
    any, with their companions."""
    images = _Images(scans)
    owned: dict[str, list[str]] = {scan.path: [] for scan in scans}
    orphans: list[SetAside] = []
    assumed = False
    for mask in masks:
        owners = images.owners(mask, beside.get(mask.path))
        if not owners and (mask.place.mask_folder or mask.path in beside):
            owners = images.by_both(mask)
            if not owners:
                owners = images.by_core(mask) or images.by_number(mask) or images.alone(mask)
                owners = owners or images.by_integer(mask)
                assumed = assumed or bool(owners)
        for owner in owners:
            owned[owner].append(mask.path)
        if not owners:
            detail = f"there is no usable image named {plain(mask.stem)!r} for it"
            orphans.append(SetAside(mask.path, "mask-without-image", detail))
    _refuse_shifted(scans, masks, {entry.source for entry in orphans})
    return Pairs(owned, orphans, [BY_NUMBER] if assumed else [])


def _refuse_shifted(scans: Sequence[File], masks: Sequence[File], orphans: set[str]) -> None:
    """Where masks are counted from another number on than images: each would be a neighbour's.

    Raises DatasetRefused (masks-shifted).
    """
    pictures = _numbers(scans)
    for folders, drawn in _numbers(masks).items():
        there = pictures.get(folders, {})
        if not orphans & set(drawn.values()) or len(there) != len(drawn) or len(drawn) < 2:
            continue
        first, last = min(there), min(drawn)
        if [number - first for number in sorted(there)] == [n - last for n in sorted(drawn)]:
            detail = f"{len(drawn)} masks are numbered from {last} on, and as many images from "
            detail += (
                f"{first} on, as {drawn[last]!r} and {there[first]!r}: which mask is of which "
            )
            detail += "image is not certain. Call each mask as its image (17.png, 17_mask.png)"
            raise DatasetRefused("masks-shifted", detail)


def _numbers(files: Sequence[File]) -> dict[Folders, dict[int, str]]:
    """Files whose names are a number and no more, words for roles aside, by their folders."""
    found: dict[Folders, dict[int, str]] = collections.defaultdict(dict)
    for file in files:
        if (number := _number(file.stem)).isdecimal():
            found[tuple(core(folder) for folder in file.folders)][int(number)] = file.path
    return found


def united(owned: Mapping[str, list[str]]) -> list[Assumption]:
    """Says so where an image has masks in several folders: by several readers, or of several
    things. Several in one folder are the lesions of one image."""
    folders: set[str] = set()
    images = 0
    for masks in owned.values():
        if len(masks) < 2 or len(places := {mask.rpartition("/")[0] for mask in masks}) < 2:
            continue
        images += 1
        parts = collections.Counter(part for place in places for part in {*place.split("/")} - {""})
        folders |= {part for part, count in parts.items() if count < len(places)}
    around = {folder for image in owned for folder in image.split("/")[:-1]}
    if not images:
        return []
    named = sorted(folders)
    shown = ", ".join(repr(folder) for folder in named[:6]) + (", …" if len(named) > 6 else "")
    detail = f"{images} images have masks in several folders ({shown}); what is in any of them is "
    detail += "taken for lesion"
    apart = [folder for folder in named if folder not in around] or named
    apart = [folder for folder in apart if not words.has(folder, words.MASKS)] or apart
    settle = f'{{"ignore": ["{apart[-1] if apart else "<folder>"}"]}}'
    return [Assumption("masks-united", detail, settle)]


class _Images:
    """Pictures by what names may be compared by; what is asked rarely is made when it is."""

    def __init__(self, scans: Sequence[File]) -> None:
        self._scans = scans
        self._by_place: dict[tuple[Folders, str], list[str]] = collections.defaultdict(list)
        self._by_stem: dict[str, list[str]] = collections.defaultdict(list)
        for scan in scans:
            for stem in dict.fromkeys((scan.stem, without_channel(scan.stem))):
                self._by_place[scan.folders, stem].append(scan.path)
                self._by_stem[stem].append(scan.path)

    @functools.cached_property
    def _by_core(self) -> Mapping[str, list[str]]:
        return _gathered((core(scan.stem), scan.path) for scan in self._scans)

    @functools.cached_property
    def _by_number(self) -> Mapping[str, list[str]]:
        return _gathered((_number(scan.stem), scan.path) for scan in self._scans)

    @functools.cached_property
    def _by_both(self) -> Mapping[tuple[Folders, str], list[str]]:
        return _gathered((_both(scan), scan.path) for scan in self._scans)

    @functools.cached_property
    def _by_folder(self) -> Mapping[str, list[str]]:
        return _gathered((scan.path.rpartition("/")[0], scan.path) for scan in self._scans)

    def owners(self, mask: File, companion: Companion | None) -> list[str]:
        stems = [mask.stem, plain(mask.stem)]
        if companion is not None:
            stems.insert(0, companion.stem)
        for stem in dict.fromkeys(stems):
            if place := self._by_place.get((mask.folders, stem)):
                return place
        if not mask.place.mask_folder:
            return []
        # A folder of masks may be laid out otherwise than that of the images: then the name
        # decides, where only one image has it.
        return _single(self._by_stem.get(stem, []) for stem in dict.fromkeys(stems))

    def by_both(self, mask: File) -> list[str]:
        """By what is left of folders and name without words for roles."""
        return _single([self._by_both.get(_both(mask), [])])

    def by_core(self, mask: File) -> list[str]:
        return _single([self._by_core.get(core(mask.stem), [])])

    def alone(self, mask: File) -> list[str]:
        """The one picture that lies in the mask's folder, if the mask is called so."""
        folder = mask.path.rpartition("/")[0]
        named = words.has(mask.stem, words.MASKS)
        return _single([self._by_folder.get(folder, [])]) if named else []

    def by_number(self, mask: File) -> list[str]:
        number = _number(mask.stem)
        return _single([self._by_number.get(number, [])]) if re.search(r"\d", number) else []

    @functools.cached_property
    def _by_integer(self) -> Mapping[tuple[Folders, int], list[str]]:
        return _gathered((key, s.path) for s in self._scans if (key := _integer(s)) is not None)

    def by_integer(self, mask: File) -> list[str]:
        """`1` and `001`, where one image of its folder has that number."""
        key = _integer(mask)
        return _single([self._by_integer.get(key, [])]) if key is not None else []


def _gathered(pairs: Iterable[tuple[T, str]]) -> dict[T, list[str]]:
    found: dict[T, list[str]] = collections.defaultdict(list)
    for key, path in pairs:
        found[key].append(path)
    return found


def _single(candidates: Iterable[list[str]]) -> list[str]:
    return next((found for found in candidates if len(found) == 1), [])


def core(stem: str) -> str:
    """A name without words at its ends that say "picture" or "mask": `img_17_seg` → `17`."""
    stem = _SUFFIX.sub("", stem)
    original = words.without_copy(stem)
    if original != stem and not words.MASKS.isdisjoint(words.tokens(original)[-1:]):
        stem = original  # `17_seg (1)`; in `benign (1)` the number is the image's own
    parts = _BETWEEN.split(without_channel(stem).lower())
    while len(parts) > 1 and parts[0] in _ROLES:
        parts = parts[2:]
    while len(parts) > 1 and parts[-1] in _ROLES:
        parts = parts[:-2]
    return "".join(parts)


def _both(file: File) -> tuple[Folders, str]:
    return tuple(core(folder) for folder in file.folders), core(file.stem)


def _integer(file: File) -> tuple[Folders, int] | None:
    number = _number(file.stem)
    return (_both(file)[0], int(number)) if number.isdecimal() else None


def _number(stem: str) -> str:
    """`bus_0001-l` and `mask_0001-l` → `0001-l`."""
    return _LEADING_WORD.sub("", core(stem))
