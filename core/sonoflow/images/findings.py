"""What an archive's images are to each other: pictures, masks, and what others made of pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from sonoflow.assumptions import Assumption
from sonoflow.images import pairing, paths, repeats, series, words
from sonoflow.images.kinds import Look
from sonoflow.images.paths import File, Roles
from sonoflow.images.series import Companion, Looker, Series
from sonoflow.quarantine import SetAside

BY_LOOK = Assumption(
    "masks-by-look",
    "files that no name says to be masks were taken for masks, as they hold a few values only",
    '{"ignore": ["<folder or pattern>"]}',
)
ROLES = Assumption(
    "folders-by-content",
    "a folder's name was taken to say that it holds pictures or masks, not for a class",
    '{"classes": "folders"}',
)
_FOLDERS_LIMIT = 200  # of masks, whose roles are asked for by what is beside them


def blind(paths: Sequence[str]) -> Mapping[str, Look | None]:
    """For plans by names alone."""
    return {}


@dataclasses.dataclass
class Findings:
    scans: list[File]
    masks: list[File]
    beside: dict[str, Companion | None]  # masks that no name says to be any
    known: set[
        str
    ]  # masks whose name, or whose folder's, says so, or that lie in one of masks alone
    told: set[str]  # of these, those whose own words say so
    set_aside: list[SetAside]
    assumptions: list[Assumption]


def gather(files: Sequence[File], look: Looker) -> Findings:
    """Given files read with the roles that names alone tell."""
    open_files = [file for file in files if not file.named_mask]
    companions = series.companions(open_files)
    seen = series.survey(open_files, look)
    drawn = _drawn(seen, companions)
    roles = _roles(files, drawn)
    # Once more: a folder of masks, or of pictures, is no class.
    cases = paths.case_folders(file.path for file in files)
    known_roles = dataclasses.replace(roles, cases=cases)
    files = [paths.read(file.path, known_roles) for file in files]
    found = Findings([], [], {}, set(), set(), [], [ROLES] if _guessed(roles) else [])
    around = repeats.common(files)
    for file in files:
        companion = companions.get(file.path)
        called = f"{companion.affix if companion else ''} {_folders(file.path)[around:]}"
        is_mask = file.named_mask or file.path in drawn
        if words.has(called, words.RESULTS) and is_mask:
            detail = "it is a mask, and named as what others found: a prediction"
            found.set_aside.append(SetAside(file.path, repeats.RESULT, detail))
        elif is_mask:
            found.masks.append(file)
            named = paths.read(file.path, Roles(cases=cases)).named_mask  # not by what lies there
            if named or words.has(called, words.MASKS) or _begins(file.stem):
                found.told.add(file.path)
            if file.named_mask or file.path in found.told:
                found.known.add(file.path)
            if file.path in drawn:
                found.beside[file.path] = companion
        else:
            found.scans.append(file)
    _leave_results_out(found, seen, companions, look)
    return found


def _begins(stem: str) -> bool:
    """Whether a name's first or last word says mask."""
    named = words.tokens(stem)
    return bool(named) and not words.MASKS.isdisjoint((named[0], named[-1]))


def _drawn(seen: Sequence[Series], companions: Mapping[str, Companion]) -> set[str]:
    """The files that were drawn. Where nothing could be seen, those named like a picture's mask."""
    drawn: set[str] = set()
    any_drawn = any(one.all_drawn for one in seen)
    for one in seen:
        # Of blank files no picture comes; beside masks they are those of images without lesion.
        if one.all_drawn or (any_drawn and one.all_blank):
            drawn.update(one.paths)
        elif not one.looks and words.has(one.affix, words.MASKS):
            drawn.update(path for path in one.paths if path in companions)
        else:
            drawn.update(path for path, look in one.looks.items() if look.drawn and look.values > 1)
    return drawn


def _roles(files: Sequence[File], drawn: set[str]) -> Roles:
    """What folders are by how they stand to those of masks."""
    of_masks: set[str] = set()
    of_pictures: set[str] = set()
    for file in files:
        is_mask = file.place.mask_folder or file.path in drawn
        (of_masks if is_mask else of_pictures).add(file.path.rpartition("/")[0])
    pictures, masks = set(), set()
    named = {file.path.rpartition("/")[0] for file in files if file.place.mask_folder}
    others = {tuple(folder.split("/")) for folder in of_pictures}
    for folder in sorted(of_masks - of_pictures - {""})[:_FOLDERS_LIMIT]:
        folders = tuple(folder.split("/"))
        beside = series.counterparts(folders, others)
        at = max(beside, key=lambda place: len(beside[place]), default=len(folders) - 1)
        told = {pairing.core(name) for name in beside.get(at, ())}
        # `benign masks` beside `benign` is not a role alone: it says whose masks they are.
        apart = pairing.core(folders[at]) not in told
        if folder not in named and apart and not words.is_class(folders[at]):
            masks.add(folders[at].lower())
        if (name := series.picture_role(beside.get(at, set()))) and words.role(name) is None:
            pictures.add(name)
    return Roles(frozenset(pictures), frozenset(masks))


def _guessed(roles: Roles) -> bool:
    """Whether words are among them that say nothing of a role."""
    return bool(roles.pictures) or any(
        not words.has(name, words.MASKS | words.RESULTS) for name in roles.masks
    )


def _leave_results_out(
    found: Findings, seen: Sequence[Series], companions: Mapping[str, Companion], look: Looker
) -> None:
    """Sets aside what shows other pictures of the set once more."""
    left_out = repeats.find(found.scans, seen, companions, look)
    found.set_aside += left_out.set_aside
    found.assumptions += left_out.assumptions
    paths_left = {entry.source for entry in left_out.set_aside}
    found.scans = [scan for scan in found.scans if scan.path not in paths_left]


def _folders(path: str) -> str:
    return path.rpartition("/")[0]


def known_first(
    owned: Mapping[str, list[str]], found: Findings
) -> tuple[dict[str, list[str]], list[SetAside]]:
    """The masks of each image. Where some are named so, other drawings of it are not used."""
    kept: dict[str, list[str]] = {}
    surplus: list[SetAside] = []
    guessed = False
    for image, masks in owned.items():
        told = [mask for mask in masks if mask in found.told]
        named = told or [mask for mask in masks if mask in found.known]
        kept[image] = named or masks
        guessed = guessed or bool(masks and not named)
        if named:
            surplus += [
                SetAside(m, "unknown-drawing", _unknown(m)) for m in masks if m not in named
            ]
    if guessed:
        found.assumptions.append(BY_LOOK)
    return kept, surplus


def _unknown(path: str) -> str:
    folder = _folders(path)
    where = f" in folder {folder!r}" if folder else ""
    return f"its image has masks that are named so; what this drawing{where} shows is not known"
