from __future__ import annotations

import pytest

from sonoflow.tables import known
from sonoflow.tables.known import WDBC_COLUMNS, WISCONSIN_COLUMNS
from sonoflow.tables.numbers import is_number

WISCONSIN_ROW = ["1000025", "5", "1", "1", "1", "2", "?", "3", "1", "10", "2"]


@pytest.mark.parametrize("name", ["Mean Radius", " mean_radius", "MEAN - RADIUS", "mean.radius"])
def test_names_are_compared_without_case_and_by_words(name: str) -> None:
    assert known.plain(name) == "mean_radius"


@pytest.mark.parametrize(
    ("spellings", "name"),
    [
        (["mean radius", "radius_mean", "mean_radius", "radius1"], "mean_radius"),
        (["concave points error", "concave points_se", "concave_points2"], "concave_points_error"),
        (
            ["worst fractal dimension", "fractal_dimension_worst", "fractal_dimension3"],
            "worst_fractal_dimension",
        ),
        (["Size", "size"], "size"),
    ],
)
def test_the_spellings_of_a_name_are_the_same(spellings: list[str], name: str) -> None:
    assert {known.same(spelling) for spelling in spellings} == {name}


def test_every_column_of_wdbc_has_three_spellings() -> None:
    for measure in ("radius", "texture", "concave_points"):
        for ends in (("mean", "1"), ("se", "2"), ("worst", "3")):
            own, other = (known.same(f"{measure}{mark}") for mark in (f"_{ends[0]}", ends[1]))
            assert own == other
            assert own in WDBC_COLUMNS


def test_a_known_table_is_known_by_most_of_its_names() -> None:
    kaggle = ["radius_mean", "texture_mean", "area_worst", "age"]
    assert known.is_wdbc(kaggle)
    assert not known.is_wdbc(["radius_mean", "age", "weight", "height"])
    assert not known.is_wdbc([])
    assert known.is_wisconsin(["Clump Thickness", "Bare Nuclei", "Mitoses", "Cell.size"])
    assert not known.is_wisconsin(kaggle)


def shape(rows: list[list[str]]) -> tuple[str, ...] | None:
    return known.by_shape(rows, {"", "?"}, is_number)


def test_a_known_table_is_known_by_its_shape() -> None:
    wdbc = ["842302", "M", *["17.99"] * 29, "?"]

    assert shape([wdbc, wdbc, ["x"]]) == WDBC_COLUMNS
    assert shape([WISCONSIN_ROW] * 3) == WISCONSIN_COLUMNS
    assert shape([wdbc, ["x"], ["y"]]) is None
    assert shape([["842302", "1", *["17.99"] * 30]]) is None
    assert shape([[*WISCONSIN_ROW[:-1], "3"]]) is None
    assert shape([["1", "11", *WISCONSIN_ROW[2:]]]) is None


@pytest.mark.parametrize(
    "name",
    ["RadiusMean", "radiusMean", "mean radius (mm)", "Mean_Radius [um]", "radius\u200b_mean"],
)
def test_humps_units_and_what_takes_no_place_part_no_names(name: str) -> None:
    assert known.same(name) == "mean_radius"


def test_units_part_other_names() -> None:
    assert known.same("area (mm)") != known.same("area (px)")
