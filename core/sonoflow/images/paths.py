"""What a path says of a file: its folders by what they are for, and its name."""

from __future__ import annotations

import collections
import dataclasses
import functools
import re
from collections.abc import Iterable, Sequence

from sonoflow.images import words

Folders = tuple[str, ...]

_MASK_STEM = re.compile(r"(?P<stem>.+?)[_ -]mask(?:[_ -]?\d+)?", re.IGNORECASE)
_CHANNEL = re.compile(r"_0000$")  # nnU-Net's name for the first channel of a picture
# Numbered alike beside each other, folders are patients or cases, not classes.
_CASES_LEAST, _PADDED_CASES_LEAST = 11, 3
_NEUTRAL = frozenset({"fold", "folds", "batch", "part", "set", "chunk"})


@dataclasses.dataclass(frozen=True)
class Roles:
    """Folders whose role is known from what lies in them or around them, in lower case."""

    pictures: frozenset[str] = frozenset()
    masks: frozenset[str] = frozenset()
    cases: frozenset[Folders] = frozenset()  # whole paths, as written


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """What the folders around a file say of it, the same for all that lie there."""

    folders: Folders  # without those that name a role, splits by their one name
    folder: str  # the one that may name a class, or nothing
    whole: bool  # whether that folder lies around those of a role: it may be the data set's name
    split: str | None
    mask_folder: bool
    role: bool  # whether a folder names what lies in it
    case: str  # the folder of a patient or case, with those around it, or nothing


@dataclasses.dataclass(frozen=True, slots=True)
class File:
    path: str
    stem: str
    place: Place
    named_mask: bool  # whether its name, or that of its folder, says that it is a mask

    @property
    def folders(self) -> Folders:
        return self.place.folders

    @property
    def folder(self) -> str:
        return self.place.folder


def plain(stem: str) -> str:
    """A mask's name without what says that it is one; the name itself if nothing does."""
    match = _MASK_STEM.fullmatch(words.without_copy(stem)) or _MASK_STEM.fullmatch(stem)
    return match["stem"] if match else stem


def without_channel(stem: str) -> str:
    return _CHANNEL.sub("", stem) or stem


def read(path: str, roles: Roles) -> File:
    folders, _, name = path.rpartition("/")
    place = _place(folders, roles)
    stem = stem_of(name)
    return File(path, stem, place, place.mask_folder or plain(stem) != stem)


def stem_of(path: str) -> str:
    """A file's name without its extension; a number is none, but the end of a UID."""
    name = path[path.rfind("/") + 1 :]
    at = name.rfind(".")
    return name[:at] if 0 < at < len(name) - 1 and not name[at + 1 :].isdigit() else name


@functools.lru_cache(maxsize=4096)
def _place(path: str, roles: Roles) -> Place:
    parts = tuple(path.split("/")) if path else ()
    folders: list[str] = []
    label, split, case = "", None, ""
    mask_folder = role = whole = False
    for at, folder in enumerate(parts):
        word = folder.lower()
        if found := words.role(folder):
            role, (named, mask_folder) = True, found
            whole = bool(label)
            if named is None:
                continue
            word = named  # each split's own name is one of the words for it
        elif word in roles.pictures or word in roles.masks:
            role, mask_folder, whole = True, word in roles.masks, bool(label)
            continue
        if word in words.SPLITS:
            split = split or words.SPLITS[word]
            if words.SPLITS[word] not in folders:
                folders.append(words.SPLITS[word])
        elif parts[: at + 1] in roles.cases:
            folders.append(folder)
            neutral = words.has(folder, _NEUTRAL)
            case = case if neutral else unsplit("/".join(parts[: at + 1]))
        else:
            label, whole = folder, False
            folders.append(folder)
    return Place(tuple(folders), label, whole, split, mask_folder, role, case)


def case_folders(paths: Iterable[str]) -> frozenset[Folders]:
    """Folders that differ from others beside them by a number alone."""
    # A patient of few pictures may be the only one of a split: those of all splits count.
    beside: dict[tuple[str, str], set[Folders]] = collections.defaultdict(set)
    for place in {path.rpartition("/")[0] for path in paths}:
        folders = tuple(place.split("/"))
        for at, folder in enumerate(folders):
            if re.search(r"\d", folder):
                around = unsplit("/".join(folders[:at]))
                beside[around, re.sub(r"\d+", "#", folder.lower())].add(folders[: at + 1])
    found: set[Folders] = set()
    for (around, word), places in beside.items():
        named = {place[-1] for place in places}
        if len(named) >= _least(around.split("/"), word, named) and not words.is_class(word):
            found |= places
    return frozenset(found)


def unsplit(path: str) -> str:
    """Folders without those of splits and roles: a patient has one name in all of them."""
    parts = path.split("/")
    return "/".join(p for p in parts if p.lower() not in words.SPLITS and words.role(p) is None)


def _least(around: Sequence[str], word: str, folders: set[str]) -> int:
    """How many there must be: a few may be grades or stages, within a class they are none."""
    padded = all(re.search(r"(?:^|\D)0\d", folder) for folder in folders)
    if words.has(word, words.PATIENTS) or any(words.is_class(name) for name in around):
        return 2
    return _PADDED_CASES_LEAST if padded and words.tokens(word) else _CASES_LEAST
