from __future__ import annotations

import csv
from collections.abc import Iterator

import pytest

from sonoflow.inference import invocations
from tests.unit import stack, tables
from tests.unit.fake_endpoints import FakeEndpoints
from tests.unit.tables import REJECTED, SCORES, rejection, score, upload

RANGES = {
    "radius": {"minimum": 10.0, "maximum": 90.0, "mean": 50.0},
    "texture": {"minimum": 1.0, "maximum": 5.0, "mean": 2.0},
}


@pytest.fixture(autouse=True)
def endpoint(endpoints: FakeEndpoints) -> Iterator[FakeEndpoints]:
    with tables.served(endpoints):
        yield endpoints


@pytest.fixture
def with_ranges(endpoint: FakeEndpoints) -> None:
    tables.deploy(endpoint, tables.RELEASE, ranges=RANGES)


def flags(data: bytes) -> list[str]:
    assert score(upload(data)) is not None
    header, *rows = csv.reader(stack.read(stack.RESULTS, SCORES).decode().splitlines())
    assert header[-1] == "flags"
    return [row[-1] for row in rows]


@pytest.mark.usefixtures("with_ranges")
def test_values_far_outside_are_scored_and_flagged_by_row() -> None:
    assert flags(b"a1,B,40,1\na2,M,900,2.5\na3,B,50,3\na4,B,4,-3\na5,B,40,1\n") == [
        *("", "outside-range: radius", "", "outside-range: radius; texture", "")
    ]


@pytest.mark.usefixtures("with_ranges")
def test_flags_stay_with_their_rows_in_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invocations, "PAYLOAD_BYTES_LIMIT", 5 * 86)
    rows = [f"n{number},B,{900 if number % 7 == 0 else 40},1\n" for number in range(100)]

    found = flags("".join(rows).encode())

    assert [bool(flag) for flag in found] == [number % 7 == 0 for number in range(100)]


def test_of_many_features_a_flag_names_the_first(endpoint: FakeEndpoints) -> None:
    names = [f"f{number}" for number in range(40)]
    ranges = {name: RANGES["texture"] for name in names}
    tables.deploy(
        endpoint,
        tables.RELEASE,
        columns=["diagnosis", *names],
        features=names,
        ranges=ranges,
        id=None,
        written=40,
    )
    row = ",".join(["9"] * 7 + ["2"] * 33)

    assert flags(f"{','.join(names)}\n{row}\n".encode()) == [
        "outside-range: f0; f1; f2; f3; f4; 2 more"
    ]


@pytest.mark.usefixtures("with_ranges")
@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"a1,900,90\na2,900,90\na3,40,1\n", "Add a header"),
        (b"id,radius,texture\n" + b"a1,900,90\n" * 5 + b"a1,40,1\n", "other units"),
    ],
    ids=["without a header", "with one"],
)
def test_a_table_whose_values_are_mostly_far_outside_is_rejected(
    endpoint: FakeEndpoints, data: bytes, hint: str
) -> None:
    score(upload(data))

    assert rejection()["reason"] == "columns-shifted"
    assert hint in rejection()["detail"]
    assert stack.answers() == [REJECTED]


@pytest.mark.usefixtures("with_ranges")
def test_what_was_assumed_of_the_numbers_is_flagged_in_every_row() -> None:
    data = b"id;radius;texture\na1;40,5;1\na2;1.326;2\na3;50,5;3\n"

    assert flags(data) == [
        "thousands-assumed",
        "thousands-assumed | outside-range: radius",
        "thousands-assumed",
    ]


@pytest.mark.usefixtures("with_ranges")
def test_a_few_rows_under_their_names_may_be_far_outside() -> None:
    assert flags(b"id,radius,texture\na1,900,90\n") == ["outside-range: radius; texture"]


def test_a_model_that_was_trained_before_there_were_ranges_flags_nothing() -> None:
    assert flags(b"a1,B,40000,1\n") == [""]
