from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pytest

from sonoflow.assumptions import Assumption
from sonoflow.errors import PayloadInvalid
from sonoflow.keys import Dataset
from sonoflow.tables.numbers import Notation
from sonoflow.tables.ranges import Ranges
from sonoflow.tables.table import Standardisation, Table

PLAIN = Table(
    dataset=Dataset("wdbc", "0a1b2c3d4e5f"),
    columns=("id", "diagnosis", "a", "b", "c", "d"),
    header=True,
    delimiter=";",
    label="diagnosis",
    classes=("B", "M"),
    id="id",
    features=("c", "a", "b"),
    missing=("", "?"),
    dropped={"d": "constant"},
)
ENGINEERED = dataclasses.replace(
    PLAIN, standardisation=Standardisation((1.0, 2.0, 3.0), (1.0, 2.0, 0.5))
)


@pytest.mark.parametrize("table", [PLAIN, ENGINEERED, dataclasses.replace(PLAIN, id=None)])
def test_a_table_is_read_as_it_was_written(table: Table) -> None:
    document = json.loads(json.dumps(table.document(), allow_nan=False))

    assert Table.parse(document) == table
    assert set(document) == {
        "schema_version",
        "dataset",
        "columns",
        "header",
        "delimiter",
        "label",
        "id",
        "features",
        "missing",
        "dropped",
        "engineered",
        "standardise",
        "written",
        "decimal",
        "thousands",
        "ranges",
        "assumptions",
    }
    assert document["label"] == {"column": "diagnosis", "classes": ["B", "M"]}
    assert (document["standardise"] is None) == (not document["engineered"])


def test_plain_features_are_written_as_they_are() -> None:
    values = np.array([[0.1, 2, 3], [4, 5, 6]])

    vectors = PLAIN.transform(values)

    assert vectors.dtype == np.float32
    assert vectors.tolist() == values.astype(np.float32).tolist()
    assert (PLAIN.engineered, PLAIN.written) == (False, 3)


def test_engineered_features_are_standard_ones_then_squares_then_products() -> None:
    vectors = ENGINEERED.transform(np.array([[3.0, 8.0, 3.5], [1.0, 2.0, 3.0]]))

    # Standard: 2, 3, 1.
    assert vectors.tolist() == [[2, 3, 1, 4, 9, 1, 6, 2, 3], [0] * 9]
    assert vectors.dtype == np.float32
    assert (ENGINEERED.engineered, ENGINEERED.written) == (True, 9)


def test_thirty_features_become_495() -> None:
    names = tuple(f"f{number}" for number in range(30))
    table = dataclasses.replace(
        PLAIN,
        columns=("diagnosis", "id", *names),
        features=names,
        standardisation=Standardisation((0.0,) * 30, (1.0,) * 30),
    )

    assert table.written == table.transform(np.ones((2, 30))).shape[1] == 495


def test_no_finite_value_becomes_infinite() -> None:
    largest = float(np.finfo(np.float32).max)

    assert np.isfinite(ENGINEERED.transform(np.full((1, 3), largest))).all()
    assert np.isfinite(PLAIN.transform(np.full((1, 3), -largest))).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"schema_version": 2}, "schema version"),
        ({"features": []}, "'features'"),
        ({"features": ["a", "b", "e"]}, "no columns.*'e'"),
        ({"label": {"column": "x", "classes": ["B", "M"]}}, "no columns.*'x'"),
        ({"label": {"column": "diagnosis"}}, "'label.classes'"),
        ({"id": 3}, "'id'"),
        ({"written": 4}, "'written' must be 9"),
        ({"standardise": {"mean": [1], "scale": [1]}}, "for each feature"),
        ({"standardise": {"mean": [1, 2, 3], "scale": [1, 0, 1]}}, "above 0"),
        ({"standardise": {"mean": [1, 2, "x"], "scale": [1, 1, 1]}}, "numbers"),
        ({"decimal": "·"}, "'decimal'"),
        ({"ranges": {"a": {}}}, "'ranges'"),
        ({"dataset": {"name": "../x", "version": "0a1b2c3d4e5f"}}, "dataset.name"),
    ],
)
def test_a_broken_document_is_told_apart(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(PayloadInvalid, match=message):
        Table.parse({**ENGINEERED.document(), **changes})


def test_what_was_known_of_all_rows_decides_no_equality_and_is_kept() -> None:
    ranges = Ranges(np.zeros(3), np.ones(3), np.full(3, 0.5))
    said = (Assumption("x", "y", "z"),)
    table = dataclasses.replace(PLAIN, ranges=ranges, assumptions=said, notation=Notation(",", "."))

    found = Table.parse(json.loads(json.dumps(table.document())))

    assert found == table != PLAIN
    assert dataclasses.replace(table, ranges=None, assumptions=()) == table
    assert (found.assumptions, found.notation) == (said, Notation(",", "."))
    assert found.ranges is not None
    assert found.ranges.maximum.tolist() == [1, 1, 1]


def test_a_table_of_an_earlier_version_has_points_and_no_ranges() -> None:
    document = PLAIN.document()
    for name in ("decimal", "thousands", "ranges", "assumptions"):
        del document[name]

    found = Table.parse(document)

    assert (found.notation, found.ranges, found.assumptions) == (Notation(), None, ())
