"""Files that show other pictures of a set once more: overlays, heat maps, crops, pictures side by
side. Trained on, they would make one picture two, in whatever class their folder names.

Candidates are told by names: a file beside a picture that has its name and more, a folder whose
files are called as those of others. What is in a few of them then says what they are.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
from collections.abc import Mapping, Sequence

from sonoflow.assumptions import Assumption
from sonoflow.images import derived, kinds, series, words
from sonoflow.images.kinds import Look
from sonoflow.images.looks import spread
from sonoflow.images.paths import File, Folders, stem_of
from sonoflow.images.series import Companion, Looker, Series
from sonoflow.quarantine import SetAside

RESULTS = Assumption(
    "results-left-out",
    "files that show pictures of this set once more, with lines or marks on them, or that have "
    "their names and are called results, were left out",
    "",
)
MADE_OF_OTHERS = Assumption(
    "made-of-others",
    "files were left out that were made of other pictures of this set, by what they show and are "
    "called: crops, pictures side by side, heat maps; if those are the ones to use, leave out the "
    "others",
    '{"ignore": ["<folder of the others>"]}',
)
RESULT = "results-of-others"
_SHARED = 0.8  # of a folder's names that other folders have too, where it repeats their pictures
_NAMES = 40  # of a folder that are looked up, for pictures that are called so and something more
_PAIRS = 3  # of pictures that are compared for each folder
_FOLDERS_COMPARED = 12


@dataclasses.dataclass(frozen=True)
class LeftOut:
    set_aside: list[SetAside]
    assumptions: list[Assumption]


@dataclasses.dataclass(frozen=True)
class _Repeat:
    """Files that may show other files' pictures once more, and some pairs to compare."""

    paths: list[str]
    pairs: list[tuple[str, str]]
    named: bool  # whether their name says so, or their place among the others
    results: bool = False  # whether they are called so: then they need not look alike
    claimed: bool = False  # whether each is called as of the class of its namesake's folder


def find(
    scans: Sequence[File],
    seen: Sequence[Series],
    companions: Mapping[str, Companion],
    look: Looker,
) -> LeftOut:
    looks = {path: one for some in seen for path, one in some.looks.items()}
    repeats = [*_beside_pictures(scans, seen, companions), *_whole_folders(scans)]
    shown = spread(repeats, _FOLDERS_COMPARED)
    needed = {path for repeat in shown for pair in repeat.pairs for path in pair}
    looks |= {p: one for p, one in look(sorted(needed - looks.keys())).items() if one is not None}
    details: dict[str, str] = {}
    assumed: list[Assumption] = []
    for repeat in shown:
        known = [(a, b) for a, b in repeat.pairs if a in looks and b in looks]
        # Of two, one stays.
        pairs = [(looks[a], looks[b]) for a, b in known if b not in details]
        if (told := _told(repeat, pairs)) is not None:
            details |= dict.fromkeys(repeat.paths, told[0])
            assumed.append(told[1])
    aside = [SetAside(path, RESULT, details[path]) for path in sorted(details)]
    return LeftOut(aside, list(dict.fromkeys(assumed)))


def _told(repeat: _Repeat, pairs: Sequence[tuple[Look, Look]]) -> tuple[str, Assumption] | None:
    """Why such files are left out, and what is assumed by it; None where they stay."""
    once_more = "it shows another picture of this set once more: an overlay, or what a model made"
    if repeat.results:
        return once_more, RESULTS
    marked = repeat.named or all(a.coloured and not b.coloured for a, b in pairs)
    if pairs and marked and all(kinds.alike(a, b) for a, b in pairs):
        return once_more, RESULTS
    relations = collections.Counter(derived.relation(a, b) for a, b in pairs)
    made = {kind: n for kind, n in relations.items() if kind not in (None, derived.COPY)}
    if made and 2 * (sum(made.values())) > len(pairs):
        kind = max(made, key=lambda one: made[one])
        return f"it was made of another picture of this set: {kind} of it", MADE_OF_OTHERS
    if repeat.claimed:
        detail = "it is called as a picture of another folder is, and as of the class of that"
        return detail, MADE_OF_OTHERS
    return None


def common(files: Sequence[File]) -> int:
    """How long the path of the folder is in which all lie: its name says nothing of any of them."""
    folders = [_folders(file.path).split("/") for file in files]
    first, last = min(folders, default=[""]), max(folders, default=[""])
    alike = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False))
    return sum(len(name) + 1 for name, _ in alike)


def _beside_pictures(
    scans: Sequence[File], seen: Sequence[Series], companions: Mapping[str, Companion]
) -> list[_Repeat]:
    by_place = {(_folders(scan.path), scan.stem): scan.path for scan in scans}
    remaining = {scan.path for scan in scans}
    repeats = []
    for one in seen:
        some = [path for path in one.paths if path in remaining and path in companions]
        if one.affix and some:
            places = [(path, (_folders(path), companions[path].stem)) for path in some]
            pairs = [(path, by_place[place]) for path, place in places if place in by_place]
            named = words.has(one.affix, words.RESULTS | words.MASKS)
            results = words.has(one.affix, words.RESULTS)
            repeats.append(_Repeat(some, spread(pairs, _PAIRS), named, results))
    return repeats


def _whole_folders(scans: Sequence[File]) -> list[_Repeat]:
    """Folders whose files are called as those of other folders, patients' folders as one."""
    folders: dict[Folders, list[File]] = collections.defaultdict(list)
    for scan in scans:
        folders[series.kind_of_folder(scan.path)].append(scan)
    names = _Namesakes(scans)
    around = common(scans)
    repeats = []
    for folder, inside in sorted(folders.items()):
        pairs, share = names.pairs(folder, inside)
        if not pairs or share < _SHARED:
            continue
        from_several = len({series.kind_of_folder(other) for _, other in pairs}) > 1
        unknown = not any(words.is_class(name) for name in folder[-1:])
        results = words.has("/".join(folder)[around:], words.RESULTS)
        named = results or (from_several and unknown)
        claimed = from_several and unknown and all(_is_claimed(*pair) for pair in pairs)
        some = spread(pairs, _PAIRS)
        repeats.append(_Repeat([s.path for s in inside], some, named, results, claimed))
    return repeats


class _Namesakes:
    """Pictures of other folders by the names of a folder's files."""

    def __init__(self, scans: Sequence[File]) -> None:
        self._owners: dict[str, list[str]] = collections.defaultdict(list)
        for scan in scans:
            self._owners[scan.stem.lower()].append(scan.path)

    def pairs(self, folder: Folders, scans: Sequence[File]) -> tuple[list[tuple[str, str]], float]:
        """Files with their one namesake, and what share of the files have one."""
        pairs = self._pairs(folder, [(scan.path, scan.stem.lower()) for scan in scans])
        if len(pairs) >= _SHARED * len(scans):
            return pairs, len(pairs) / len(scans)
        some = spread(scans, _NAMES)
        longer = [
            (scan.path, companion.stem)
            for scan in some
            if (companion := series.companion(scan.stem.lower(), self._owners.keys()))
        ]
        pairs = self._pairs(folder, longer)
        return pairs, len(pairs) / len(some)

    def _pairs(self, folder: Folders, named: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
        pairs = []
        for path, stem in named:
            same = self._owners.get(stem, [])
            others = [one for one in same if series.kind_of_folder(one) != folder]
            near = [one for one in others if one.split("/")[-2:-1] == path.split("/")[-2:-1]]
            if len(near or others) == 1:
                pairs.append((path, (near or others)[0]))
        return pairs


def _is_claimed(path: str, other: str) -> bool:
    """Whether a file's name says the class of the folder in which its namesake lies."""
    around = {word for word in words.tokens(_folders(other)) if word in words.CLASSES}
    name, its = (one[one.rfind("/") + 1 :] for one in (path, other))
    return stem_of(name).lower() == stem_of(its).lower() and not around.isdisjoint(
        words.tokens(name)
    )


def _folders(path: str) -> str:
    return path.rpartition("/")[0]
