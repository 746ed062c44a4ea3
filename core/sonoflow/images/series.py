"""Files that are named alike, and what they are by the looks of a few of them.

A name may say that a file is a mask; that it is a picture, only what is in it says. So of every
series of names (`benign (#)`, `benign (#)_seg`, all of a folder) some files are read: what was
drawn with two values or a few is a mask, or what somebody made of one, whatever it is called.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import re
from collections.abc import Callable, Container, Mapping, Sequence

from sonoflow.images import words
from sonoflow.images.kinds import Look
from sonoflow.images.looks import spread
from sonoflow.images.paths import File, Folders

Looker = Callable[[Sequence[str]], Mapping[str, Look | None]]

_NUMBER = re.compile(r"\d+")
_SHAPES_LIMIT = 6  # of names in a folder: more are no series
_SERIES_LIMIT = 64
_LOOKS_LEAST, _LOOKS_MOST, _LOOKS_IN_ALL = 2, 6, 160
_MIXED_LIMIT = 48  # files of a series that is neither, read one by one


@dataclasses.dataclass(frozen=True)
class Companion:
    """The picture beside a file whose name it has, and what is added to the name."""

    stem: str
    affix: str


@dataclasses.dataclass
class Series:
    """Files of one kind of name, in their order."""

    affix: str  # what is added to the names of pictures beside them, or nothing
    paths: list[str] = dataclasses.field(default_factory=list)
    looks: dict[str, Look] = dataclasses.field(default_factory=dict)

    @property
    def drawn(self) -> list[str]:
        return [path for path, look in self.looks.items() if look.drawn]

    @property
    def all_drawn(self) -> bool:
        """Masks of images without lesion are of one value; a series of nothing else is no mask."""
        told = any(look.values > 1 for look in self.looks.values()) or bool(self.affix)
        return bool(self.looks) and told and len(self.drawn) == len(self.looks)

    @property
    def all_blank(self) -> bool:
        return bool(self.looks) and all(look.values == 1 for look in self.looks.values())


def companions(files: Sequence[File]) -> dict[str, Companion]:
    """By path, for each file whose name is another's of the same folder and something more."""
    stems: dict[str, set[str]] = collections.defaultdict(set)
    for file in files:
        stems[_folder(file.path)].add(file.stem)
    found = {}
    for file in files:
        if told := companion(file.stem, stems[_folder(file.path)]):
            found[file.path] = told
    return found


def companion(stem: str, others: Container[str]) -> Companion | None:
    """Which of the others' names it has, with something more."""
    for at in range(len(stem) - 1, 0, -1):
        before, after = stem[at - 1], stem[at]
        boundary = after in " _-.(" or (before.isdigit() and after.isalpha()) or before == ")"
        if boundary and stem[:at] in others:
            return Companion(stem[:at], stem[at:])
    for at in range(1, len(stem)):
        before, after = stem[at - 1], stem[at]
        if (before in " _-." or (before.isalpha() and after.isdigit())) and stem[at:] in others:
            return Companion(stem[at:], stem[:at])
    return None


def survey(files: Sequence[File], look: Looker) -> list[Series]:
    """The series of files that no name says to be masks, with what was seen of them."""
    found = _series(files, companions(files))
    chosen = sorted(found, key=lambda series: -len(series.paths))[:_SERIES_LIMIT]
    each = max(_LOOKS_LEAST, min(_LOOKS_MOST, _LOOKS_IN_ALL // max(1, len(chosen))))
    _see(chosen, look, lambda series: spread(series.paths, each))
    mixed = [series for series in chosen if 0 < len(series.drawn) < len(series.looks)]
    _see(
        mixed,
        look,
        lambda series: [p for p in series.paths if p not in series.looks][:_MIXED_LIMIT],
    )
    return found


def _see(some: Sequence[Series], look: Looker, choose: Callable[[Series], Sequence[str]]) -> None:
    seen = look([path for series in some for path in choose(series)])
    for series in some:
        for path in series.paths:
            if one := seen.get(path):
                series.looks[path] = one


def _series(files: Sequence[File], beside: Mapping[str, Companion]) -> list[Series]:
    shapes: dict[Folders, set[str]] = collections.defaultdict(set)
    for file in files:
        if file.path not in beside:
            shapes[kind_of_folder(file.path)].add(_numberless(file.stem))
    found: dict[tuple[Folders, str, str], Series] = {}
    for file in files:
        folder, affix, shape = kind_of_folder(file.path), "", ""
        if companion := beside.get(file.path):
            affix = _numberless(companion.affix)
        elif len(shapes[folder]) <= _SHAPES_LIMIT:
            shape = _numberless(file.stem)
        found.setdefault((folder, affix, shape), Series(affix)).paths.append(file.path)
    return list(found.values())


def _numberless(text: str) -> str:
    return _NUMBER.sub("#", text.lower())


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def kind_of_folder(path: str) -> Folders:
    """Folders of patients are many; what they hold is one series."""
    return _kind(path.rpartition("/")[0])


@functools.lru_cache(maxsize=4096)
def _kind(folder: str) -> Folders:
    return tuple(_numberless(part) for part in folder.split("/")) if folder else ()


def counterparts(drawn: Folders, others: set[Folders]) -> dict[int, set[str]]:
    """Where a folder's path differs by one name alone from others of as many: by the place, the
    others' names there."""
    found: dict[int, set[str]] = collections.defaultdict(set)
    for other in others:
        if len(other) == len(drawn):
            apart = [at for at, (a, b) in enumerate(zip(drawn, other, strict=True)) if a != b]
            if len(apart) == 1:
                found[apart[0]].add(other[apart[0]])
    return found


def picture_role(names: set[str]) -> str | None:
    """The one name, of folders beside one of masks, that says nothing but "pictures"."""
    candidates = {name for name in names if not words.has(name, words.RESULTS)}
    if len(candidates) > 1:
        candidates = {name for name in candidates if name.lower() in words.PICTURES}
    if len(candidates) != 1:
        return None
    (name,) = candidates
    return None if words.is_class(name) else name.lower()
