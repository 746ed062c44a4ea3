"""What the tables in an archive say of its images: classes, groups and splits."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused, ImageRejected
from sonoflow.images import contradictions, given_splits, layouts, listings, nnunet, words
from sonoflow.images.layouts import Tables
from sonoflow.images.listings import Listing, Names, Rows
from sonoflow.images.mapping import OWN
from sonoflow.quarantine import SetAside

TABLES_LIMIT = 16  # that are read
UNUSED_TABLE = "unused-table"  # a reason
_OWN = '{"splits": "own"} into <name>.mapping.json to have others drawn'
LISTED_CLASSES = Assumption(
    layouts.LISTED,
    "classes were taken from texts that list images and are called as classes are",
    '{"classes": "masks"}',
)
LISTED_SPLITS = Assumption(
    "splits-from-lists",
    "the splits were kept that texts give, which list images and are called as splits are",
    '{"splits": "own"}',
)
TABLE_SPLITS = Assumption(
    "splits-from-table",
    "the splits that a table in the archive gives were kept",
    '{"splits": "own"}',
)

Read = Callable[[str], bytes]


@dataclasses.dataclass
class Hints:
    classes: dict[str, str] = dataclasses.field(default_factory=dict)
    groups: dict[str, str] = dataclasses.field(default_factory=dict)
    splits: dict[str, str] = dataclasses.field(default_factory=dict)
    # By image, by how many folds there are.
    folds: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    of_classes: Assumption | None = None
    used: set[str] = dataclasses.field(default_factory=set)  # tables
    set_aside: list[SetAside] = dataclasses.field(default_factory=list)
    assumptions: list[Assumption] = dataclasses.field(default_factory=list)

    @property
    def tables(self) -> Tables:
        return Tables(self.classes, self.groups, self.splits, self.of_classes, self.folds)


def gather(
    paths: Iterable[str], images: Iterable[str], read: Read, mapping: Mapping[str, Any]
) -> Hints:
    """`read` gives a table's content, or raises ImageRejected. Raises DatasetRefused where the
    mapping names a table or a column that is not there."""
    found = Hints()
    read_here = (*listings.SUFFIXES, ".txt", nnunet.SPLITS, nnunet.DATASET)
    paths = [path for path in paths if path.lower().endswith(read_here)]
    if not paths and not any(isinstance(mapping.get(key), dict) for key in ("classes", "groups")):
        return found
    names = Names(images)
    _lists(paths, names, read, mapping, found)
    _nnunet_folds(paths, names, read, mapping, found)
    _nnunet_values(paths, read, mapping, found)
    tables = sorted(
        (path for path in paths if path.lower().endswith(listings.SUFFIXES)),
        key=lambda path: (path.count("/"), path),
    )[:TABLES_LIMIT]
    rows = {path: parsed for path in tables if (parsed := _rows(path, read, found)) is not None}
    for wanted in ("classes", "groups"):
        if isinstance(mapping.get(wanted), dict):
            _as_told(wanted, mapping[wanted], rows, names, found)
    for path, table in rows.items():
        listing = listings.match(path, table, names)
        if listing is not None:
            _likely(listing, mapping, found)
    if not given_splits.are_whole(set(found.splits.values())):
        kept = [a for a in found.assumptions if a not in (LISTED_SPLITS, TABLE_SPLITS)]
        found.assumptions = kept
    return found


def _lists(
    paths: Iterable[str], names: Names, read: Read, mapping: Mapping[str, Any], found: Hints
) -> None:
    """train.txt, benign.txt: texts that are called as a split or a class and name an image in each
    line. Raises DatasetRefused (split-leak) where one is in two splits."""
    called = {p: p[p.rfind("/") + 1 :].lower().removesuffix(".txt") for p in paths}
    known = words.SPLITS.keys() | words.CLASSES
    lists = sorted(p for p in paths if p.lower().endswith(".txt") and called[p] in known)
    for path in lists[:TABLES_LIMIT]:
        images = _listed(path, names, read)
        split = words.SPLITS.get(called[path])
        if not images or (mapping.get("splits") == OWN if split else "classes" in mapping):
            continue
        found.used.add(path)
        if split is None:
            found.classes |= dict.fromkeys(images, called[path])
            found.of_classes = LISTED_CLASSES
            continue
        for image in images:
            if found.splits.setdefault(image, split) != split:
                detail = f"lists put {image!r} into two splits; put that right, or write {_OWN}"
                raise DatasetRefused("split-leak", detail)
        if LISTED_SPLITS not in found.assumptions:
            found.assumptions.append(LISTED_SPLITS)


def _nnunet_folds(
    paths: Iterable[str], names: Names, read: Read, mapping: Mapping[str, Any], found: Hints
) -> None:
    for path in sorted(path for path in paths if path.lower().endswith(nnunet.SPLITS)):
        try:
            folds, number = nnunet.folds(read(path), names)
        except ImageRejected:
            continue
        if mapping.get("splits") != OWN and folds and _add_folds(folds, number, found):
            found.used.add(path)


def _nnunet_values(
    paths: Iterable[str], read: Read, mapping: Mapping[str, Any], found: Hints
) -> None:
    for path in sorted(path for path in paths if path.lower().endswith(nnunet.DATASET)):
        try:
            told = nnunet.named_values(read(path)) if "masks" not in mapping else []
        except ImageRejected:
            continue
        found.assumptions += told


def _listed(path: str, names: Names, read: Read) -> list[str]:
    """The images that a text names, if most of its lines do."""
    try:
        lines = [line.strip() for line in listings.text(read(path)).splitlines() if line.strip()]
    except (listings.Unreadable, ImageRejected):
        return []
    folder = path.rpartition("/")[0]
    some = [names.find(line, folder) or names.find(line.split()[0], folder) for line in lines]
    images = [image for image in some if image]
    return images if 2 * len(images) > len(lines) else []


def _rows(path: str, read: Read, found: Hints) -> Rows | None:
    try:
        return listings.parse(path, read(path))
    except (listings.Unreadable, ImageRejected) as error:
        found.set_aside.append(SetAside(path, "unreadable-table", str(error)))
        found.used.add(path)
        return None


def _as_told(
    kind: str, told: Mapping[str, str], rows: Mapping[str, Rows], names: Names, found: Hints
) -> None:
    column = {"classes": "class", "groups": "group"}[kind]
    file = told["file"].lower()
    path = next((p for p in rows if p.lower() == file or p.lower().endswith(f"/{file}")), None)
    if path is None:
        there = ", ".join(rows) or "none"
        raise _invalid(f"'{kind}' names the table {told['file']!r}; tables in the archive: {there}")
    listing = listings.match(path, rows[path], names, told["image"])
    if listing is None:
        headings = ", ".join(rows[path][0][:30]) if rows[path] else ""
        raise _invalid(
            f"'{kind}': the column {told['image']!r} of {path!r} names no image; "
            f"columns: {headings}"
        )
    at = listing.column(told[column])
    if at is None:
        raise _invalid(
            f"'{kind}': {path!r} has no column {told[column]!r}; columns: "
            f"{', '.join(listing.header[:30])}"
        )
    _refuse_contradiction(listing, at, kind)
    (found.classes if kind == "classes" else found.groups).update(listing.values(at))
    found.used.add(path)


def _likely(listing: Listing, mapping: Mapping[str, Any], found: Hints) -> None:
    """What headings suggest, where the mapping and earlier tables say nothing."""
    before = len(found.classes), len(found.groups), len(found.splits)
    at = listing.class_column
    if at is not None and not found.classes and "classes" not in mapping:
        _refuse_contradiction(listing, at, "classes")
        found.classes.update(listing.values(at))
        found.of_classes = _of_column(listing, "classes", at)
    if "classes" not in mapping:
        _refuse_other_classes(listing, found)
    at = listing.group_column
    if at is not None and not found.groups and "groups" not in mapping:
        _refuse_contradiction(listing, at, "groups")
        found.groups.update(listing.values(at))
        found.assumptions.append(_of_column(listing, "groups", at))
    at = listing.split_column
    found.assumptions += _of_splits(listing, at, mapping)
    if at is not None and listing.splits and not found.splits and mapping.get("splits") != OWN:
        _refuse_contradiction(listing, at, "splits")
        found.splits.update(listing.splits)
        found.assumptions.append(TABLE_SPLITS)
    if at is not None and mapping.get("splits") != OWN:
        _refuse_other_splits(listing, found)
    folded = mapping.get("splits") != OWN and _folds(listing, found)
    after = len(found.classes), len(found.groups), len(found.splits)
    if not folded and after == before and listing.path not in found.used:
        detail = "it lists images, but nothing of it is used: classes, groups and splits are known "
        detail += "otherwise, or no column is called so"
        found.set_aside.append(SetAside(listing.path, UNUSED_TABLE, detail))
    found.used.add(listing.path)


def _of_splits(listing: Listing, at: int | None, mapping: Mapping[str, Any]) -> list[Assumption]:
    """What is to be said of columns that seem to name splits. Raises DatasetRefused."""
    if at is not None:
        return given_splits.of_column(listing.values(at), mapping.get("splits"))
    flags = listing.likely(given_splits.FLAGS)
    if flags is None or mapping.get("splits") == OWN:
        return []
    return [given_splits.of_flags(listing.header[flags])]


def _folds(listing: Listing, found: Hints) -> bool:
    """Folds that a table gives, unless another one gives as many."""
    if (at := listing.fold_column) is None:
        return False
    _refuse_contradiction(listing, at, "splits")
    return _add_folds(listing.folds, len(set(listing.folds.values())), found)


def _add_folds(folds: Mapping[str, int], number: int, found: Hints) -> bool:
    """False where another table or document gives as many."""
    if any(str(number) in told for told in found.folds.values()):
        return False
    for image, fold in folds.items():
        found.folds.setdefault(image, {})[str(number)] = fold
    return True


def _refuse_contradiction(listing: Listing, at: int, kind: str) -> None:
    if images := listing.contradicted(at):
        without = {"classes": "folders", "groups": "none", "splits": "own"}[kind]
        detail = f"the column {listing.header[at][:60]!r} of {listing.path!r} says two things of "
        detail += f"{len(images)} images, the first of which is {images[0]!r}; put that right, or "
        detail += f'pass over it: {{"{kind}": "{without}"}}'
        raise DatasetRefused("table-contradicts", detail)


def _refuse_other_classes(listing: Listing, found: Hints) -> None:
    """Where a column says other classes than another, or than a list or table before it."""
    for at in listing.class_columns:
        said = {path: contradictions.meaning(cell) for path, cell in listing.values(at).items()}
        told = {p: contradictions.meaning(name) for p, name in found.classes.items() if p in said}
        apart = sorted(path for path, name in told.items() if said[path] != name)
        if apart and set(told.values()) & set(said.values()):  # else words for something else
            detail = f"the column {listing.header[at][:60]!r} of {listing.path!r} gives "
            detail += f"{len(apart)} images another class than what is told elsewhere, the first "
            detail += f"of which is {apart[0]!r}; put that right, or say which is to be believed: "
            detail += _of_column(listing, "classes", at).settle
            raise DatasetRefused("table-contradicts", detail)


def _refuse_other_splits(listing: Listing, found: Hints) -> None:
    apart = [p for p, split in listing.splits.items() if found.splits.get(p, split) != split]
    if apart:
        detail = f"{listing.path!r} puts {len(apart)} images into another split than a list or "
        detail += f"table before it, the first of which is {apart[0]!r}; put that right, or write "
        raise DatasetRefused("table-contradicts", detail + _OWN)


def _of_column(listing: Listing, kind: str, at: int) -> Assumption:
    heading = listing.header[at][:60]
    one = {"classes": "class", "groups": "group"}[kind]
    settle = (
        f'{{"{kind}": {{"file": "{listing.path.rpartition("/")[2]}", '
        f'"image": "{listing.header[listing.image_column][:60]}",'
        f' "{one}": "{heading}"}}}}'
    )
    told = f"{kind} were taken from the column {heading!r} of a table in the archive"
    return Assumption(f"{kind}-from-table", told, settle)


def _invalid(detail: str) -> DatasetRefused:
    return DatasetRefused("mapping-invalid", detail)
