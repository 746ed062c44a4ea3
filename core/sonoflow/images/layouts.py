"""How people lay out image data sets: which image belongs to which class, split and masks.

<anything>/<class>/x.png  beside  x_mask.png, x_mask_1.png      masks beside the images
<class>/images/x.png  with  <class>/masks/x.png                 folders of either kind,
images/<class>/x.png  with  masks/<class>/x.png                 in any order
train/<class>/x.png, val/<class>/x.png, test/<class>/x.png      already split
train_images/train/x.png  with  train_masks/train/x.png         pairs; class in the file's name, or
x.png  with  x_mask.png                                         decided by whether the mask is empty
imagesTr/x_0000.png  with  labelsTr/x.png                       nnU-Net, VOC (JPEGImages), UDIAT, …
Images/bus_1.png  with  Masks/mask_1.png  and a table           classes, patients, splits in a CSV

Names come first. Where they leave open what a file is, the look of a few files decides
(series.py, findings.py); what is likely and not certain becomes an assumption.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images import (
    class_names,
    contradictions,
    findings,
    formats,
    given_splits,
    labels,
    nnunet,
    pairing,
    paths,
)
from sonoflow.images.labels import Evidence, Labels
from sonoflow.images.mapping import FOLDERS, NAMES, NONE
from sonoflow.images.paths import File, Roles
from sonoflow.images.series import Looker
from sonoflow.quarantine import SetAside

_GROUPS_LEAST = 3
LISTED = "classes-from-lists"
DICOM_MASK = "dicom-mask"  # reason of a mask that is a DICOM file
CASES = Assumption(
    "groups-from-folders",
    "folders that differ by a number alone were taken for patients: their images stay together",
    '{"groups": "none"}',
)


@dataclasses.dataclass(frozen=True)
class Scan:
    """An image with its masks, by canonical paths."""

    image: str
    masks: tuple[str, ...]
    label: str | None  # None: no name says it, so its masks decide
    given_split: str | None
    group: str | None = None
    official_folds: Mapping[str, int] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Arrangement:
    """The images in the order of their names, what fits nowhere, and what was assumed."""

    scans: list[Scan]
    set_aside: list[SetAside]
    assumptions: list[Assumption]


@dataclasses.dataclass(frozen=True)
class Tables:
    """What tables in the archive say of its images, by path."""

    classes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    groups: Mapping[str, str] = dataclasses.field(default_factory=dict)
    splits: Mapping[str, str] = dataclasses.field(default_factory=dict)
    of_classes: Assumption | None = None
    folds: Mapping[str, Mapping[str, int]] = dataclasses.field(default_factory=dict)


def arrange(
    names: Iterable[str],
    look: Looker = findings.blind,
    mapping: Mapping[str, Any] | None = None,
    tables: Tables | None = None,
    unnamed: Container[str] = frozenset(),
) -> Arrangement:
    """`unnamed` are images by their content alone. Raises DatasetRefused where the mapping says
    what cannot be."""
    said, told = mapping or {}, tables or Tables()
    set_aside, images = _images(names, unnamed)
    cases = paths.case_folders(images)
    found = findings.gather([paths.read(path, Roles(cases=cases)) for path in images], look)
    pairs = pairing.pair(found.scans, found.masks, found.beside)
    owned, surplus = findings.known_first(pairs.owned, found)
    evidence = Evidence(found.scans, lambda path: bool(owned[path]), told.classes, told.of_classes)
    decided, differing = _labels(evidence, said, told)
    scans = [scan for scan in found.scans if decided.by_path[scan.path] != labels.UNDECIDED]
    undecided = [s for s in found.scans if decided.by_path[s.path] == labels.UNDECIDED]
    splits, of_splits = given_splits.keep(scans, told.splits, told.folds, said)
    groups, of_groups = _groups(scans, said.get("groups"), told.groups)
    if not groups and "groups" not in said:
        decided, groups = labels.as_patients(decided, scans)
        of_groups = of_groups if groups else labels.alike(scans)
    of_path, places = decided.by_path, [scan.path for scan in scans]
    arranged = [
        Scan(p, tuple(owned[p]), of_path[p], splits.get(p), groups.get(p), told.folds.get(p, {}))
        for p in places
    ]
    aside = [*set_aside, *found.set_aside, *surplus, *_no_class(undecided)]
    aside += _orphans(pairs.orphans, [m for scan in undecided for m in owned[scan.path]])
    assumptions = [*found.assumptions, *pairs.assumptions, *pairing.united(owned)]
    assumptions += [*decided.assumptions, *of_groups, *of_splits, *differing]
    assumptions += nnunet.said(set_aside)
    return Arrangement(arranged, aside, assumptions)


def is_named_mask(path: str) -> bool:
    """Whether a name, or that of a folder, says that a file is a mask."""
    return paths.read(path, Roles()).named_mask


def _labels(
    evidence: Evidence, said: Mapping[str, Any], told: Tables
) -> tuple[Labels, list[Assumption]]:
    """The classes, and what speaks against them. Raises DatasetRefused."""
    wanted = said.get("classes")
    decided = labels.decide(evidence, wanted if isinstance(wanted, str) else None)
    # Before they are renamed, as the mapping's words are no folder's.
    against = [] if wanted else contradictions.of_names(decided.by_path)
    renames = said.get("labels", {})
    decided = labels.by_digest(labels.renamed(decided, renames), renames)
    against += _differing(decided.by_path, told)
    against += contradictions.of_labels(decided.by_path.values())
    return decided, [*against, *contradictions.of_doubts(decided.by_path)]


def _images(names: Iterable[str], unnamed: Container[str]) -> tuple[list[SetAside], list[str]]:
    set_aside: list[SetAside] = []
    images: list[str] = []
    for path in sorted(names):
        if (formats.is_dicom(path) or path in unnamed) and is_named_mask(path):
            detail = "masks are read from PNG and the like, not from DICOM: export it as PNG"
            set_aside.append(SetAside(path, DICOM_MASK, detail))
        elif formats.is_image(path) or path in unnamed:
            images.append(path)
        else:
            set_aside.append(SetAside(path, "unsupported-extension", formats.unsupported(path)))
    channels = nnunet.further_channels(images)
    further = {entry.source for entry in channels}
    return [*set_aside, *channels], [path for path in images if path not in further]


def _differing(decided: Mapping[str, str | None], told: Tables) -> list[Assumption]:
    """Where a table gives other classes than those that are used. Raises DatasetRefused where a
    list does, which is called as its class is."""
    known = {path: class_names.class_name(name) for path, name in told.classes.items()}
    labels_of = {path: label for path, label in decided.items() if label and path in known}
    if not labels_of or not set(labels_of.values()) & set(known.values()):
        return []  # words for something else
    number = sum(known[path] != label for path, label in labels_of.items())
    if not number:
        return []
    if told.of_classes and told.of_classes.code == LISTED:
        detail = (
            f"a list in the archive gives {number} images another class than their folder; put "
        )
        detail += 'that right, or pass over the list: {"classes": "folders"}'
        raise DatasetRefused("table-contradicts", detail)
    detail = f"a table in the archive gives {number} images another class than the one that is used"
    settle = '{"classes": {"file": "<table>.csv", "image": "<column>", "class": "<column>"}}'
    return [Assumption("table-differs", detail, settle)]


def _no_class(scans: Iterable[File]) -> list[SetAside]:
    detail = "neither a folder nor a table nor a mask tells the image's class"
    return [SetAside(scan.path, "no-class", detail) for scan in scans]


def _orphans(orphans: Sequence[SetAside], left: Iterable[str]) -> list[SetAside]:
    detail = "its image has no class"
    return [*orphans, *(SetAside(path, "mask-without-image", detail) for path in left)]


def _incomplete(missing: int) -> list[Assumption]:
    if not missing:
        return []
    detail = f"{missing} images are in no group of the table: each was taken to stand alone"
    return [Assumption("groups-incomplete", detail, "")]


def _groups(
    scans: Sequence[File], wanted: Any, table: Mapping[str, str]
) -> tuple[Mapping[str, str], list[Assumption]]:
    if wanted == NAMES:
        return labels.codes(scans), []
    if wanted == FOLDERS:
        folders = {scan.path: paths.unsplit(scan.path.rpartition("/")[0]) for scan in scans}
        if len(set(folders.values())) < _GROUPS_LEAST:
            detail = 'the mapping\'s {"groups": "folders"} makes '
            detail += f"{len(set(folders.values()))} groups of all images, which are too few to "
            detail += "train, validate and test: no folder of a patient is there"
            raise DatasetRefused("mapping-invalid", detail)
        return {path: folder for path, folder in folders.items() if folder}, []
    if wanted is not None or table:
        told = table if wanted != NONE else {}
        return told, _incomplete(sum(scan.path not in told for scan in scans)) if told else []
    cases = {scan.path: scan.place.case for scan in scans if scan.place.case}
    return cases, [CASES] if cases else []
