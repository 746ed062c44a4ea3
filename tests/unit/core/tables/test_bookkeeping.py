from __future__ import annotations

from collections.abc import Callable

import pytest

from sonoflow.errors import DatasetRefused
from sonoflow.tables import bookkeeping
from sonoflow.tables.bookkeeping import BOOKKEEPING

MISSING = frozenset({"", "NA"})
COUNT = 60
Cell = Callable[[int], str]


def rows(cell: Cell) -> list[list[str]]:
    return [[str(n), cell(n), "MB"[n % 2], str(n / 7)] for n in range(COUNT)]


def books(name: str, cell: Cell) -> dict[str, str]:
    return bookkeeping.found(("id", name, "diagnosis", "a"), rows(cell), MISSING)


NAMES = (
    *("patient_no", "pat_nr", "PatientNr", "case_no", "Case", "pid", "Fallnummer", "Subject No."),
    *("fold", "kfold", "cv_fold", "hospital", "site", "batch", "Unnamed: 0", "nr", "reader_id"),
)


@pytest.mark.parametrize("name", NAMES)
def test_a_column_that_is_called_so_and_repeats_whole_numbers_is_no_feature(name: str) -> None:
    assert books(name, lambda n: str(n // 4)) == {name: BOOKKEEPING}
    assert books(name, lambda n: f"{n // 4}.0") == {name: BOOKKEEPING}
    assert books(name, lambda n: str(n / 8 + 0.5)) == {}


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("exam_date", lambda n: f"{20210301 + n % 28}"),
        ("acquired", lambda n: f"{20210301 + n % 28}"),
        ("when", lambda n: f"2021-03-{1 + n % 28:02}"),
        ("Exam Date", lambda n: str(44000 + 31 * (n % 7))),
        ("Datum", lambda n: f"{1 + n % 28}.{1 + n % 12}"),
        ("Untersuchungsdatum", lambda n: f"{1 + n % 28}.{1 + n % 12}"),
        ("fold", lambda n: "" if n % 3 else "2"),
    ],
)
def test_days_and_places_are_no_features(name: str, cell: Cell) -> None:
    assert books(name, cell) == {name: BOOKKEEPING}


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("case", lambda n: str(n % 2)),
        ("skin_fold", lambda n: str(n // 4)),
        ("lesions", lambda n: str(n // 4)),
        ("hospital", lambda n: "AB"[n % 2]),  # words are refused
        ("area", lambda n: str(20219901 + n)),
        ("update", lambda n: str(n % 5)),
    ],
)
def test_measures_are_features(name: str, cell: Cell) -> None:
    assert books(name, cell) == {}


def together(name: str, cell: Cell) -> None:
    names = ("id", name, "diagnosis", "a")
    bookkeeping.check_together(names, (1, 3), rows(cell), MISSING)


@pytest.mark.parametrize("name", ["patient_id", "PatientNr", "patient", "subject_id", "mrn"])
def test_several_rows_of_one_patient_are_refused_with_what_settles_it(name: str) -> None:
    with pytest.raises(DatasetRefused, match="rows-belong-together") as caught:
        together(name, lambda n: f"P{n // 4}")

    assert f'{{"id": "{name}"}}' in caught.value.detail
    assert f'{{"ignore": ["{name}"]}}' in caught.value.detail
    assert "15 in the first 60 rows" in caught.value.detail


def test_a_row_each_belongs_to_nobody_else() -> None:
    together("patient_id", lambda n: f"P{n}")
    together("patient_id", lambda n: "" if n % 2 else f"P{n}")
    together("image_id", lambda n: f"P{n // 4}")


def test_what_keeps_the_books_is_said() -> None:
    (said,) = bookkeeping.told(["fold", "site"])

    assert (said.code, said.settle) == (
        "bookkeeping-columns",
        '{"features": ["fold", "site", "…"]}',
    )
    assert bookkeeping.told([]) == []
