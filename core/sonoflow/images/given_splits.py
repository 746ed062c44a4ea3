"""Which of the splits that an archive names are kept, and what is named so and is not.

A split that nobody understood must not be trained on as if there were none: it is said, or refused
where its word tells that it is to be kept from training, and others are kept.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sonoflow.assumptions import Assumption
from sonoflow.errors import DatasetRefused
from sonoflow.images import words
from sonoflow.images.mapping import GIVEN, OWN
from sonoflow.images.paths import File
from sonoflow.keys import TRAIN

NOT_KEPT, UNKNOWN = "splits-not-kept", "splits-unknown"
# Headings of columns of yes and no, which are not read.
FLAGS = ("istrain", "istraining", "isval", "isvalidation", "istest", "istesting", "train", "test")
_SETTLE = '{"splits": "own"}'
_PARTS = "|".join([*words.SPLITS, "dev", "devel", "development", "eval", "evaluation", "tuning"])
_LIKE = re.compile(
    rf"(?:internal|external)?[_ -]?(?:{_PARTS})[_ -]?"
    r"(?:set|data|split|internal|external|\d{1,2})?"
    r"|(?:hold|held)[_ -]?out(?:[_ -]?(?:set|data|test))?|external|unseen",
)
_HELD_OUT = re.compile(r"test|eval|hold|held|external|unseen")
_FOLD = re.compile(r"(?:k?fold|cv)[_ -]?\d{1,2}")
_SHOWN = 6  # words


def keep(
    scans: Sequence[File],
    table: Mapping[str, str],
    folds: Mapping[str, Any],
    said: Mapping[str, Any],
) -> tuple[dict[str, str], list[Assumption]]:
    """The split of each image that has one; one folder named `test` is no split.

    `table` holds splits by path, `folds` what has folds. Raises DatasetRefused.
    """
    wanted = said.get("splits")
    if wanted == OWN:
        return {}, []
    _refuse_contradiction(scans, table)
    given = {
        scan.path: split for scan in scans if (split := scan.place.split or table.get(scan.path))
    }
    told = set(given.values())
    kept = given if are_whole(told) else {}
    if wanted == GIVEN and not kept and not folds:
        detail = 'the mapping says {"splits": "given"}, but the archive gives none: no folder or '
        detail += "table names train and another of validation and test"
        raise DatasetRefused("splits-missing", detail)
    assumptions = _folders(scans, kept, wanted)
    if given and not kept and (len(told) > 1 or table):
        detail = f"the archive names {', '.join(sorted(told))} alone, and splits need train and "
        detail += "another: splits were drawn"
        assumptions.append(Assumption(NOT_KEPT, detail, ""))
    if not folds and any(_FOLD.fullmatch(folder.lower()) for s in scans for folder in _around(s)):
        detail = "folders are called as folds for cross-validation are; these were not kept"
        assumptions.append(Assumption("folds-not-kept", detail, ""))
    return kept, assumptions


def are_whole(splits: Collection[str]) -> bool:
    """Whether splits that are named may be kept: train and another."""
    return TRAIN in splits and len(splits) > 1


def of_column(values: Mapping[str, str], wanted: Any) -> list[Assumption]:
    """What is to be said of a column of splits, by image. Raises DatasetRefused."""
    unknown = collections.Counter(
        value.lower() for value in values.values() if value.lower() not in words.SPLITS
    )
    if not unknown or wanted == OWN:
        return []
    known = unknown.total() < len(values)
    if wanted == GIVEN or (known and any(map(_HELD_OUT.search, unknown))):
        raise _unknown(unknown, "a column")
    if not known:
        detail = "a column that is called as one of splits holds no word for any; it is not used"
        return [Assumption(NOT_KEPT, detail, "")]
    detail = f"a column of splits holds words that are no known splits, for {unknown.total()} "
    detail += "images: these have none of the archive's splits"
    return [Assumption(UNKNOWN, detail, _SETTLE)]


def of_flags(heading: str) -> Assumption:
    """Of a column of yes and no, such as `is_test`."""
    detail = f"a table's column {heading[:60]!r} may tell splits; it is not read, and splits were "
    detail += "drawn: a column `split` of the words train, val, test is kept"
    return Assumption(NOT_KEPT, detail, "")


def _folders(scans: Sequence[File], kept: Mapping[str, str], wanted: Any) -> list[Assumption]:
    found = collections.Counter(
        folder.lower()
        for scan in scans
        if scan.path not in kept
        for folder in _around(scan)
        if _LIKE.fullmatch(folder.lower()) and folder.lower() not in words.SPLITS
    )
    if not found:
        return []
    if wanted == GIVEN or (kept and any(map(_HELD_OUT.search, found))):
        raise _unknown(found, "a folder")
    shown = ", ".join(sorted(found)[:_SHOWN])
    detail = f"folders are called as splits are, in other words ({shown}); the "
    detail += f"{found.total()} images in them have none of the archive's splits"
    return [Assumption(NOT_KEPT, detail, '{"ignore": ["<folder>"]}')]


def _around(scan: File) -> list[str]:
    return scan.path.split("/")[:-1]


def _unknown(found: Mapping[str, int], where: str) -> DatasetRefused:
    shown = ", ".join(f"{word!r} of {n} images" for word, n in sorted(found.items())[:_SHOWN])
    detail = f"{where} names splits by words that are not known: {shown}. Known are "
    detail += f"{', '.join(words.SPLITS)}. Call them so, leave these images out "
    detail += f'({{"ignore": ["<folder or pattern>"]}}), or have all drawn anew: {_SETTLE}'
    return DatasetRefused(UNKNOWN, detail)


def _refuse_contradiction(scans: Sequence[File], table: Mapping[str, str]) -> None:
    placed = {scan.path: scan.place.split for scan in scans if scan.place.split}
    some = [path for path, split in placed.items() if table.get(path, split) != split]
    if some:
        detail = f"{len(some)} images lie in the folder of one split, and a table or list names "
        detail += f"another, the first of which is {some[0]!r}; put that right, or have all drawn "
        detail += f"anew: {_SETTLE}"
        raise DatasetRefused("table-contradicts", detail)
