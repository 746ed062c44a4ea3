"""What decides the class of each image: its folder, the word in its name, a table, its mask.

A data set's own word comes first, then what is certain, then what is likely and said to be assumed.
"""

from __future__ import annotations

import collections
import dataclasses
import itertools
import re
from collections.abc import Callable, Mapping, Sequence

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images import class_names, words
from sonoflow.images.mapping import FOLDERS, MASKS, NAMES
from sonoflow.images.paths import File, without_channel

# `benign (12)`, `malignant_003`: a word, then a number.
_NAMED_CLASS = re.compile(r"(?P<word>[^\W\d_]+)[ _-]*\(?\d+\)?")

UNDECIDED = ""  # where nothing names a class, and no mask is there to show one
_SIDES = (
    "left|right|links|rechts|izquierda|derecha|gauche|droite|sagittal|sag|transverse|trans|axial|"
    "longitudinal|long|radial|antiradial"
)
_LAST = re.compile(rf"[ _-]+(?:\(?\d+\)?|[a-zA-Z]|{_SIDES})$", re.IGNORECASE)
_UNKNOWN_LIMIT = 20  # classes that folders with unknown names may make

WITHIN_CLASSES = Assumption(
    "folders-within-classes",
    "folders within those of known classes have names that are no known class words; they were "
    "taken neither for classes nor for patients",
    '{"classes": "folders"} or {"groups": "folders"}',
)
FROM_NAMES = Assumption(
    "classes-from-names",
    "classes were taken from the words that the files' names begin with",
    '{"classes": "masks"}',
)
FROM_MASKS = Assumption(
    "classes-from-masks",
    "nothing names a class: an image whose mask shows something is of class 'lesion', one whose "
    "mask is empty 'normal'",
    '{"classes": {"file": "<table>.csv", "image": "<column>", "class": "<column>"}}',
)
FROM_FOLDERS = Assumption(
    "classes-from-folders",
    "folders of images whose names are no known class words were taken for classes",
    '{"classes": "masks"}',
)
NOT_FROM_NAMES = Assumption(
    "names-are-no-classes",
    "the words that the files' names begin with are no known classes, and were not taken for any; "
    "if they are patients, say so: few as they are, images are not kept together by them",
    '{"classes": "names"} or {"groups": "names"}',
)


BY_DIGEST = Assumption(
    "classes-by-digest",
    "classes are named in letters that keys do not hold: they are called class- and a digest, and "
    "none of them counts as normal, that is without lesion",
    '{"labels": {"<folder>": "normal"}}',
)


@dataclasses.dataclass(frozen=True)
class Labels:
    by_path: Mapping[str, str | None]  # None: its masks decide; "": nothing does
    assumptions: list[Assumption]


@dataclasses.dataclass(frozen=True)
class Evidence:
    """What a class may be taken from."""

    scans: Sequence[File]
    has_mask: Callable[[str], bool]  # by path
    table: Mapping[str, str]  # classes by path, of a table in the archive
    table_assumption: Assumption | None


def decide(evidence: Evidence, wanted: str | None) -> Labels:
    """`wanted` is the mapping's word, FOLDERS, NAMES or MASKS. Raises DatasetRefused."""
    scans = evidence.scans
    if wanted == MASKS:
        return Labels(_by_masks(evidence), [])
    if wanted == NAMES:
        return Labels(_named({scan.path: word(scan.stem) for scan in scans}), [])
    folders = {scan.path: scan.folder for scan in scans}
    if wanted == FOLDERS:
        return Labels(_named(folders), [])
    if known_around := _known_around(scans):
        folders |= known_around
        rest = _by_folders(evidence, folders)
        return dataclasses.replace(rest, assumptions=[WITHIN_CLASSES, *rest.assumptions])
    return _by_folders(evidence, folders)


def _by_folders(evidence: Evidence, folders: Mapping[str, str]) -> Labels:
    """Raises DatasetRefused."""
    scans = evidence.scans
    names = set(folders.values()) - {""}
    known = any(words.is_class(name) for name in names)
    told_by_folders = len(set(class_names.apart(folders.values()).values())) > 1
    if evidence.table and not (told_by_folders and known):
        assumed = [evidence.table_assumption] if evidence.table_assumption else []
        return Labels(
            _named({scan.path: evidence.table.get(scan.path, "") for scan in scans}), assumed
        )
    if told_by_folders:
        by_folder = _named(folders)
        if not known and len(set(by_folder.values())) > _UNKNOWN_LIMIT:
            raise _too_many(len(set(by_folder.values())))
        certain = all(words.is_class(name) for name in names)
        return Labels(by_folder, [] if certain else [FROM_FOLDERS])
    return _without_folders(evidence, folders, known)


def _known_around(scans: Sequence[File]) -> dict[str, str]:
    """By path, the known class whose folder lies around one of an unknown name: `benign/left`.
    Nothing where classes lie in classes, or where no two classes come of it."""
    places = {scan.folders for scan in scans}
    pairs = zip(min(places, default=()), max(places, default=()), strict=False)
    shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))
    known = {p: [folder for folder in p[shared:] if words.is_class(folder)] for p in places}
    several = len({folder for folders in known.values() for folder in folders}) > 1
    if not several or any(len(folders) > 1 for folders in known.values()):
        return {}
    return {
        scan.path: known[scan.folders][0]
        for scan in scans
        if known[scan.folders] and scan.folder not in known[scan.folders]
    }


def _without_folders(evidence: Evidence, folders: Mapping[str, str], known: bool) -> Labels:
    """Where folders tell no classes apart."""
    scans = evidence.scans
    assumptions: list[Assumption] = []
    if not known:
        told = {scan.path: _class_word(scan.stem) for scan in scans}
        if len(set(told.values())) > 1 and all(told.values()):
            return Labels(_named(told), [FROM_NAMES])
        named = {scan.path: word(scan.stem) for scan in scans}
        if len(set(named.values())) > 1 and all(named.values()):
            assumptions.append(NOT_FROM_NAMES)
    bare = all(scan.place.whole or not scan.folder for scan in scans)
    masked = [evidence.has_mask(scan.path) for scan in scans]
    if any(masked) and (bare or (all(masked) and not known)):
        return Labels(_by_masks(evidence), [*assumptions, FROM_MASKS])
    return Labels(_named(folders), [])


def _by_masks(evidence: Evidence) -> dict[str, str | None]:
    return {s.path: None if evidence.has_mask(s.path) else UNDECIDED for s in evidence.scans}


def _named(names: Mapping[str, str]) -> dict[str, str | None]:
    label = class_names.apart(name for name in names.values() if name)
    return {path: label[name] if name else UNDECIDED for path, name in names.items()}


def word(stem: str) -> str:
    """The word before the number of a name that is nothing else."""
    match = _NAMED_CLASS.fullmatch(without_channel(stem))
    return match["word"].lower() if match else ""


def _class_word(stem: str) -> str:
    """The one word of a name that is known to name a class."""
    found = [token for token in words.tokens(stem) if token in words.CLASSES]
    return found[0] if len(set(found)) == 1 else ""


def _too_many(folders: int) -> DatasetRefused:
    detail = (
        f"{folders} folders hold images, and none is called as a class is: are they patients? "
        'Write into <name>.mapping.json {"classes": "folders"} if each is a class; '
        '{"classes": "masks", '
        '"groups": "folders"} if masks tell; or name a table: {"classes": {"file": "<table>.csv", '
        '"image": "<column>", "class": "<column>"}}'
    )
    return DatasetRefused("too-many-classes", detail)


def renamed(labels: Labels, names: Mapping[str, str]) -> Labels:
    """As the mapping calls the classes. Raises DatasetRefused where it names one that is not."""
    if not names:
        return labels
    found = {label for label in labels.by_path.values() if label}
    told: dict[str, str] = {}
    for old, new in names.items():
        label = next((one for one in class_names.aliases(old) if one in found), None)
        if label is None:
            detail = f"'labels' renames {old!r}; the classes are {', '.join(sorted(found))}"
            raise DatasetRefused("mapping-invalid", detail)
        told[label] = class_names.class_name(new)
    changed = {p: told.get(label, label) if label else label for p, label in labels.by_path.items()}
    return dataclasses.replace(labels, by_path=changed)


PATIENTS = Assumption(
    "groups-from-names",
    "the words that the files' names begin with are no known classes: they were taken for patients "
    "and keep their images together",
    '{"groups": "none"} or {"classes": "names"}',
)
ALIKE = Assumption(
    "names-begin-alike",
    "names of several images begin with one number, name or code, or end in one patient's, as "
    "those of one patient do; they were not kept together by it",
    '{"groups": "names"}',
)
# Names that several images share, for them to be said: few patients have many frames each.
_NUMBERS_LEAST, _WORDS_LEAST, _SIDES_LEAST = 2, 4, 2
# `img0_patient34`, where what comes before names no patient.
_PATIENT_LAST = re.compile(
    r"[^\W_].*[ _-](?P<code>(?:patient|pat|pid|pt|p|subject|subj|sub|case)[_-]?\d+)",
    re.IGNORECASE,
)
_CODES_LEAST = 8  # words that are many enough to be patients, of whom some may go to each split


def as_patients(labels: Labels, scans: Sequence[File]) -> tuple[Labels, dict[str, str]]:
    """Where names begin with words that are no classes: these as groups, if they are many."""
    if NOT_FROM_NAMES not in labels.assumptions:
        return labels, {}
    groups = codes(scans)
    if len(set(groups.values())) < _CODES_LEAST:
        return labels, {}
    told = [PATIENTS if one is NOT_FROM_NAMES else one for one in labels.assumptions]
    return dataclasses.replace(labels, assumptions=told), groups


def by_digest(labels: Labels, names: Mapping[str, str]) -> Labels:
    """Says so where classes cannot be called as their folders are."""
    if not any(label and label.startswith("class-") for label in labels.by_path.values()) or names:
        return labels
    return dataclasses.replace(labels, assumptions=[*labels.assumptions, BY_DIGEST])


def alike(scans: Sequence[File]) -> list[Assumption]:
    """Says so where names begin with numbers, names or codes that several images share, as those of
    patients do."""
    begun = collections.Counter(_beginning(scan.stem) for scan in scans)
    shared = {name: count for name, count in begun.items() if name and count > 1}
    numbers = {name: count for name, count in shared.items() if re.search(r"\d", name)}
    words_of = {name: shared[name] for name in shared.keys() - numbers if not words.is_class(name)}
    sides = {_beginning(scan.stem) for scan in scans if _ends_in_side(scan.stem)}
    by_side = {name: count for name, count in words_of.items() if name in sides}
    for some, least in (
        (numbers, _NUMBERS_LEAST),
        (words_of, _WORDS_LEAST),
        (by_side, _SIDES_LEAST),
    ):
        if len(some) >= least and 2 * sum(some.values()) > len(scans):
            return [ALIKE]
    return []


def _ends_in_side(stem: str) -> bool:
    return re.search(rf"[ _-](?:{_SIDES}|[lr])$", without_channel(stem), re.IGNORECASE) is not None


def _beginning(stem: str) -> str:
    """A name without the number, or the letter, that it ends in; nothing where it is no more. The
    patient, where one is named last."""
    told = without_channel(stem)
    last = _PATIENT_LAST.fullmatch(told)
    if last and not words.has(words.tokens(told)[0], words.PATIENTS):
        return last["code"].lower()
    begun = _LAST.sub("", told)
    return begun.lower() if begun != told else ""


def codes(scans: Sequence[File]) -> dict[str, str]:
    """What names begin with, as groups: by path."""
    found = {scan.path: word(scan.stem) or _beginning(scan.stem) for scan in scans}
    counted = collections.Counter(found.values())
    return {path: name for path, name in found.items() if name and counted[name] > 1}
