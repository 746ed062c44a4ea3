"""Tables in an archive that list its images: CSV in whatever way it is written, and .xlsx.

Sets come with one: a row per image, columns for class, patient, split. Which column names the
images is certain, as it holds their names; what the others mean, their headings suggest or the
mapping says.
"""

from __future__ import annotations

import collections
import csv
import dataclasses
import io
import re
from collections.abc import Iterable, Mapping, Sequence

from sonoflow.archives import verdicts
from sonoflow.images import class_names, words, workbooks
from sonoflow.images.paths import stem_of, without_channel

SUFFIXES = (".csv", ".tsv", ".xlsx")
BYTES_LIMIT = 16 * 1024 * 1024
_DELIMITERS = (",", ";", "\t", "|")
_CODE_PAGES = ("utf-8-sig", "gb18030", "cp1252")
_MATCHED_SHARE = 0.5  # of a column's cells that must name images, for it to be the images' column
_CLASSES_MOST = 30
_MISSING = frozenset({"", "na", "n/a", "n.a.", "#n/a", "<na>", "nan", "null", "-", "--", "?"})

_CLASS = ("pathology", "classification", "diagnosis", "class", "label", "category", "tumortype")
GROUPS = (
    *("patientid", "patient", "pid", "patientno", "patientnr", "patientnumber", "patientname"),
    *("patientenid", "patientennummer", "subjectid", "subject", "caseid", "case", "studyid"),
    "group",
)
_FOLD = ("kfold", "fold", "folds", "cvfold", "foldid", "foldnumber", "cv")
_FOLDS_MOST = 20
_SPLIT = ("split", "subset", "set", "partition", "fold type")


class Unreadable(Exception):
    """A table of which nothing can be understood; says why."""


Rows = list[list[str]]


@dataclasses.dataclass(frozen=True)
class Listing:
    """A table, and which row each image has."""

    path: str
    header: tuple[str, ...]
    image_column: int
    rows: Mapping[str, Sequence[str]]  # by image
    unmatched: int  # rows that name no image
    others: Sequence[tuple[str, Sequence[str]]] = ()  # further rows of images that have one

    def column(self, name: str) -> int | None:
        return heading(self.header, (name,))

    def likely(self, names: Sequence[str]) -> int | None:
        """The column that one of the headings names, those first that come first."""
        at = heading(self.header, names, self.image_column)
        return at if at is not None and any(self.values(at).values()) else None

    def values(self, at: int) -> dict[str, str]:
        """What a column says, by image; blank cells say nothing."""
        found = {path: row[at].strip() for path, row in self.rows.items() if at < len(row)}
        return {path: value for path, value in found.items() if is_told(value)}

    def contradicted(self, at: int) -> list[str]:
        """The images of which that column says two things, in as many rows."""
        told = self.values(at)
        return [
            path
            for path, row in self.others
            if at < len(row) and is_told(said := row[at].strip()) and path in told
            if class_names.class_name(said) != class_names.class_name(told[path])
        ]

    @property
    def class_column(self) -> int | None:
        at = self.likely(_CLASS)
        return at if at is not None and self._tells_classes(at) else None

    @property
    def class_columns(self) -> list[int]:
        """All that headings suggest to hold classes."""
        named = {_plain(name) for name in _CLASS}
        some = [at for at, cell in enumerate(self.header) if _plain(cell) in named]
        return [at for at in some if at != self.image_column and self._tells_classes(at)]

    def _tells_classes(self, at: int) -> bool:
        return 2 <= len(set(self.values(at).values())) <= _CLASSES_MOST

    @property
    def group_column(self) -> int | None:
        return self.likely(GROUPS)

    @property
    def split_column(self) -> int | None:
        return self.likely(_SPLIT)

    @property
    def fold_column(self) -> int | None:
        at = self.likely(_FOLD)
        return (
            at
            if at is not None and 2 <= len(set(self.values(at).values())) <= _FOLDS_MOST
            else None
        )

    @property
    def folds(self) -> dict[str, int]:
        """Counted from 0 on, in the order of their numbers or names."""
        if (at := self.fold_column) is None:
            return {}
        values = self.values(at)
        order = sorted(set(values.values()), key=lambda one: (len(one), one))
        return {path: order.index(value) for path, value in values.items()}

    @property
    def splits(self) -> dict[str, str]:
        at = self.split_column
        if at is None:
            return {}
        told = {path: words.SPLITS.get(v.lower()) for path, v in self.values(at).items()}
        return {path: split for path, split in told.items() if split}


def is_told(cell: str) -> bool:
    """Whether a cell says anything: blank ones do not, nor those in which R, pandas and
    spreadsheets write that a value is missing."""
    return cell.strip().lower() not in _MISSING


def heading(header: Sequence[str], names: Sequence[str], other_than: int = -1) -> int | None:
    """Where one of the names stands in a header; the first name that does counts."""
    told = [_plain(cell) for cell in header]
    for name in names:
        for at, cell in enumerate(told):
            if cell == _plain(name) and at != other_than:
                return at
    return None


def parse(path: str, content: bytes) -> Rows:
    """The cells. Raises Unreadable."""
    if path.lower().endswith(".xlsx"):
        try:
            return workbooks.first_sheet(content)
        except workbooks.Unreadable as error:
            raise Unreadable(f"{error}; save the spreadsheet as CSV") from error
    written = text(content)
    delimiter = _delimiter(written)
    if written[:4].lower() == "sep=":
        written = written.partition("\n")[2]
    try:
        return list(csv.reader(io.StringIO(written), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise Unreadable(f"no CSV text: {error}") from error


def text(content: bytes) -> str:
    """In whatever encoding it is. Raises Unreadable."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        pages: Sequence[str] = ("utf-16",)
    elif b"\0" in content:
        pages = ()
    else:
        pages = _CODE_PAGES
    for page in pages:
        try:
            return content.decode(page)
        except UnicodeDecodeError:
            continue
    raise Unreadable("its bytes are text in no encoding that is known")


def _delimiter(text: str) -> str:
    """The one that parts the first lines into as many cells each, and most of them."""
    lines = [line for line in text.splitlines()[:20] if line.strip()]
    if lines and lines[0].lower().startswith("sep="):
        lines = lines[1:]
    counts = {mark: [line.count(mark) for line in lines] for mark in _DELIMITERS}
    return max(
        _DELIMITERS, key=lambda mark: (min(counts[mark], default=0), -_DELIMITERS.index(mark))
    )


class Names:
    """The images of an archive by what a table may call them."""

    def __init__(self, images: Iterable[str]) -> None:
        self._paths = {path.lower(): path for path in images}
        self._named: dict[str, list[str]] = collections.defaultdict(list)
        for path in self._paths.values():
            name = path[path.rfind("/") + 1 :].lower()
            self._named[name].append(path)
            stem = stem_of(name)
            for alias in {stem, without_channel(stem)} - {name}:
                self._named[alias].append(path)

    def find(self, cell: str, folder: str = "") -> str | None:
        """By path, by path from the table's folder, by name or stem where one image has it."""
        name = verdicts.canonical(cell.strip()).lower()
        beside = f"{folder}/{name}".lower() if folder else name
        alike = self._named.get(name) or self._named.get(name.rpartition("/")[2], [])
        exact = self._paths.get(beside) or self._paths.get(name)
        return exact or (alike[0] if len(alike) == 1 else None)


def match(path: str, rows: Rows, names: Names, image: str | None = None) -> Listing | None:
    """The table as a list of images; None where no column names them. `image` is its heading."""
    if len(rows) < 2:
        return None
    folder = path.rpartition("/")[0]
    header = tuple(cell.strip() for cell in rows[0])
    candidates = [at for at, cell in enumerate(header) if not words.has(cell, words.MASKS)]
    if image is not None:
        candidates = [at for at, cell in enumerate(header) if _plain(cell) == _plain(image)]
    best: Listing | None = None
    told = sum(any(cell.strip() for cell in row) for row in rows[1:])
    for at in candidates:
        named: dict[str, Sequence[str]] = {}
        others: list[tuple[str, Sequence[str]]] = []
        for row in rows[1:]:
            found = names.find(row[at], folder) if at < len(row) else None
            if found and named.setdefault(found, row) is not row:
                others.append((found, row))
        if best is None or len(named) > len(best.rows):
            best = Listing(path, header, at, named, told - len(named) - len(others), others)
    if best is None or not best.rows:
        return None
    matched = len(best.rows) + len(best.others)
    return best if image is not None or matched >= _MATCHED_SHARE * told else None


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name.lower())
