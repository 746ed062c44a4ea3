"""Tables as people really upload them, through the doors of staging and of the inbox."""

from __future__ import annotations

import collections
import contextlib
import csv
import io
import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from sonoflow import keys
from sonoflow.aws.ranged import HeldFile
from sonoflow.errors import DatasetRefused, TableRejected
from sonoflow.settings import TableStaging
from sonoflow.tables import encodings, mapping, staging
from sonoflow.tables.columns import find_columns
from sonoflow.tables.layout import inbox_layout
from sonoflow.tables.lines import read_lines
from sonoflow.tables.reader import read_rows
from sonoflow.tables.table import Table
from sonoflow.tables.writing import COMMENTS
from tests.unit import stack, tables
from tests.unit.core.tables import field_cases
from tests.unit.core.tables.field_cases import INBOX, PLAIN, TRAINING, Case, nuclei
from tests.unit.fake_endpoints import FakeEndpoints
from tests.unit.staged_tables import WDBC, quarantine, staged, table

TRUTH = {row[0]: [float(cell) for cell in row[2:]] for row in nuclei()}


def stage(data: bytes, given: dict[str, Any]) -> dict[str, Any]:
    options = TableStaging(
        split_seed=7, minimum_rows_per_class=10, table_features="plain", stage_read_attempts=1
    )
    source = HeldFile(io.BytesIO(data))
    return staging.stage(staging.Job(source, WDBC, mapping.parse(given), options, stack.WORK))


def named(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


@named([case for case in TRAINING if not case.refused])
def test_a_table_is_staged_as_the_plain_one_and_what_was_assumed_is_said(
    aws: None, case: Case
) -> None:
    answer = stage(case.data, case.mapping)

    rows = [row for split in staged().values() for row in split]
    found = {row[1].removeprefix("case\n"): row[4] for row in rows}
    assert found.keys() == TRUTH.keys()
    for identity, vector in found.items():
        assert vector == pytest.approx(TRUTH[identity], rel=1e-6)
    assert answer["classes"][1] == case.positive
    assert sum(row[3] for row in rows) == answer["rows"][case.positive]
    assert tuple(one["code"] for one in answer["assumptions"]) == case.assumed
    assert tuple(table().dropped) == case.dropped
    assert answer["quarantined"] == len(quarantine()) == case.quarantined


def settled(detail: str) -> list[dict[str, Any]]:
    """What a refusal says may be written into the mapping."""
    found, at = [], 0
    while (at := detail.find('{"', at)) >= 0:
        document, end = json.JSONDecoder().raw_decode(detail, at)
        found.append(document)
        at = end
    return [one for one in found if "<" not in json.dumps(one)]


SETTLED = ("label-leaked", "positive-unclear", "labels-mixed", "decimal-unclear", "ids-altered")


@named([case for case in TRAINING if case.refused])
def test_a_table_is_refused_with_the_words_that_settle_it(aws: None, case: Case) -> None:
    with pytest.raises(DatasetRefused) as caught:
        stage(case.data, case.mapping)

    assert caught.value.reason == case.refused
    assert WDBC.table not in stack.keys_of(stack.WORK)
    said = settled(caught.value.detail)
    assert said or case.refused not in SETTLED
    for words in said:
        try:
            stage(case.data, {**case.mapping, **words})
        except DatasetRefused as other:
            assert other.reason != case.refused or case.refused == "labels-mixed"


@named([case for case in TRAINING if case.assumed])
def test_what_is_assumed_is_not_once_it_is_settled(aws: None, case: Case) -> None:
    for one in stage(case.data, case.mapping)["assumptions"]:
        words = json.loads(one["settle"])
        if "…" in one["settle"]:
            continue
        try:
            again = stage(case.data, {**case.mapping, **words})["assumptions"]
        except DatasetRefused:
            continue
        assert one not in again


@pytest.fixture
def served(endpoints: FakeEndpoints) -> Any:
    stage(PLAIN.encode(), {})
    document = stack.read_json(stack.WORK, WDBC.table)
    with tables.served(endpoints):
        stack.write(stack.WORK, keys.release_table(tables.RELEASE), json.dumps(document))
        yield endpoints


@named([case for case in INBOX if not case.refused])
def test_rows_of_the_inbox_have_the_scores_of_the_plain_ones(served: Any, case: Case) -> None:
    tally = tables.score(tables.upload(case.data))

    assert tally is not None
    assert (tally.rejection, tally.bad_rows) == (None, 0)
    text = stack.read(stack.RESULTS, tables.SCORES).decode()
    head, *rows = csv.reader(io.StringIO(text))
    flagged = [row for row in rows if row[-1]]
    assert len(flagged) == case.flags
    assert len(rows) == tally.rows >= 12
    in_order = dict(zip(TRUTH, rows, strict=False))
    for identity, row in in_order.items():
        if head[0] == "id":
            assert row[0].removeprefix("w\n") == identity
        if not row[-1]:
            assert float(row[1]) == pytest.approx(TRUTH[identity][0] / 100, rel=1e-6)


@named([case for case in INBOX if case.refused])
def test_what_would_be_scored_wrongly_is_rejected(served: Any, case: Case) -> None:
    tally = tables.score(tables.upload(case.data))

    assert tally is not None
    assert tally.rejection is not None, stack.read(stack.RESULTS, tables.SCORES)[:200]
    assert tally.rejection.reason == case.refused
    assert stack.answers() == [tables.REJECTED]


PAIRS = [(one, other) for one in range(4) for other in range(4) if one != other]
NAMES = (field_cases.OURS, field_cases.KAGGLE, field_cases.SKLEARN, field_cases.UCI)


@pytest.mark.parametrize(("training", "inbox"), PAIRS)
def test_each_spelling_of_wdbcs_names_serves_the_others(
    aws: None, endpoints: FakeEndpoints, training: int, inbox: int
) -> None:
    rows = nuclei()
    stage(field_cases.text([field_cases.header(NAMES[training]), *rows]).encode(), {})
    document = stack.read_json(stack.WORK, WDBC.table)
    with tables.served(endpoints):
        stack.write(stack.WORK, keys.release_table(tables.RELEASE), json.dumps(document))
        turned = [["id", *NAMES[inbox][::-1]], *([row[0], *row[:1:-1]] for row in rows)]
        tally = tables.score(tables.upload(field_cases.text(turned).encode()))

    assert tally is not None
    assert (tally.rows, tally.rejection) == (len(rows), None)
    first = stack.read(stack.RESULTS, tables.SCORES).decode().splitlines()[1].split(",")
    assert float(first[1]) == pytest.approx(float(rows[0][2]) / 100, rel=1e-6)


def test_the_older_wisconsin_table_is_known_by_its_shape(aws: None) -> None:
    answer = stage(field_cases.wisconsin().encode(), {})

    assert (answer["classes"], answer["positive"]) == (["2", "4"], "4")
    assert (answer["features"], answer["assumptions"]) == (9, [])
    assert table().features[0] == "clump_thickness"


def test_numbers_that_may_be_ids_are_said(aws: None) -> None:
    (said,) = stage(field_cases.NO_IDS.encode(), {})["assumptions"]

    assert said["code"] == "may-be-ids"
    assert stage(field_cases.NO_IDS.encode(), json.loads(said["settle"]))["features"] == 30


CELLS = st.sampled_from(
    [
        "1",
        "1.5",
        "1,5",
        "1.326",
        "1,326",
        "-2e3",
        "M",
        "B",
        "",
        "NA",
        "x",
        '"a',
        'b"',
        '"a\nb"',
        "#",
    ]
)
LINES = st.one_of(
    st.lists(CELLS, min_size=1, max_size=5).map(lambda cells: ";".join(cells)),
    st.lists(CELLS, min_size=1, max_size=5).map(lambda cells: ",".join(cells)),
    st.sampled_from(
        ["", "  ", "# note", "sep=;", "0,1,2,3", "7;M;1,5;2", "7,M,1.5,2", '"7\n8",M,1,2']
    ),
)


@settings(deadline=None, max_examples=500)
@given(
    lines=st.lists(LINES, max_size=25),
    head=st.sampled_from(["", "id,label,a,b", "id;label;a;b", "sep=;\nid;label;a;b"]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "latin-1"]),
)
def test_each_line_is_used_or_set_aside_or_none_of_the_table(
    lines: list[str], head: str, end: str, encoding: str
) -> None:
    written = "\n".join([head, *lines]).split("\n")
    data = (end.join(written) + end).encode(encoding)
    content = b"".join(encodings.as_utf8([data]))
    try:
        layout = find_columns(content, {"label": "label"} if head else {"label": 1}).layout
    except DatasetRefused:
        return

    blocks = list(read_rows(encodings.as_utf8([data]), layout))

    used = [line for block in blocks for line in block.lines.tolist()]
    aside = [row.line for block in blocks for row in block.bad]
    times = collections.Counter(used + aside)
    assert max(times.values(), default=1) == 1
    passed = layout.preamble + layout.header
    inside = {
        lines.first + line
        for lines in read_lines(encodings.as_utf8([data]))
        for first, last in lines.records
        for line in range(first + 1, last + 1)
    }
    for number, line in enumerate(written, 1):
        if not line.strip() or number in times:
            continue
        if passed:
            passed -= 1
        else:
            assert number in inside or line.lstrip().startswith(COMMENTS), (number, line)


SMALL = Table.parse(tables.DOCUMENT)
FRAGMENTS = st.lists(
    st.one_of(
        st.sampled_from(
            [*',;\t|"\n\r#.0 1M', "sep=", "id", "label", "a", "1.326", "1,326", "\ufeff"]
        ),
        st.text(max_size=3),
    ),
    max_size=60,
).map("".join)


@settings(deadline=None, max_examples=500)
@given(content=st.one_of(st.binary(max_size=200), FRAGMENTS.map(str.encode)))
def test_whatever_is_uploaded_is_read_or_refused(content: bytes) -> None:
    text = b"".join(encodings.as_utf8([content]))
    with contextlib.suppress(DatasetRefused):
        list(read_rows([text], find_columns(text, {}).layout))
    with contextlib.suppress(TableRejected, csv.Error):
        list(read_rows([text], inbox_layout(SMALL, text)))


def test_a_class_beside_two_that_are_known_is_said(aws: None) -> None:
    rows = field_cases.labels(lambda n, label: "atypical" if n % 5 == 0 else label)
    data = field_cases.text([field_cases.header(), *rows]).encode()

    answer = stage(data, {})

    (said,) = answer["assumptions"]
    assert (said["code"], len(answer["classes"])) == ("extra-classes", 3)
    assert len(stage(data, json.loads(said["settle"]))["classes"]) == 2
    assert stage(data, {"labels": {"atypical": "atypical"}})["assumptions"] == []


def test_normal_benign_and_malignant_are_three_classes(aws: None) -> None:
    rows = field_cases.labels(lambda n, label: "N" if n % 5 == 0 else label)

    answer = stage(field_cases.text([field_cases.header(), *rows]).encode(), {})

    assert (answer["classes"], answer["assumptions"]) == (["B", "M", "N"], [])


@pytest.mark.parametrize(
    ("extra", "merged"),
    [({"M": "positive", "B": "negative"}, True), ({"M": "0", "B": "1"}, False)],
)
def test_labels_are_to_be_merged_only_where_words_say_the_same(
    aws: None, extra: dict[str, str], merged: bool
) -> None:
    rows = field_cases.labels(lambda n, label: label if n % 2 else extra[label])

    with pytest.raises(DatasetRefused, match="labels-mixed") as caught:
        stage(field_cases.text([field_cases.header(), *rows]).encode(), {})

    proposed = [one["labels"] for one in settled(caught.value.detail) if "labels" in one]
    assert ({name: label for label, name in extra.items()} in proposed) is merged
    assert {label: label for label in extra.values()} in proposed


def test_an_id_without_values_is_set_aside_where_the_inbox_has_no_header(served: Any) -> None:
    rows = [[row[0], *[""] * 31] for row in field_cases.FEW[:3]] + field_cases.FEW[3:]

    tally = tables.score(tables.upload(field_cases.text(rows).encode()))

    assert tally is not None
    assert (tally.rows, [row.line for row in tally.listed]) == (9, [1, 2, 3])


def highest() -> float:
    """The end of the first feature's range."""
    ranges = table().ranges
    assert ranges is not None
    return float(ranges.maximum[0])


def test_a_mistyped_cell_of_training_opens_no_range(aws: None) -> None:
    rows = nuclei()
    stage(field_cases.text([field_cases.header(), *rows]).encode(), {})
    largest = highest()

    rows[7][2] = str(1000 * float(rows[7][2]))
    answer = stage(field_cases.text([field_cases.header(), *rows]).encode(), {})

    assert sum(answer["rows"].values()) == len(rows)
    assert largest < highest() < 10 * largest


def test_a_sign_of_no_value_is_said(aws: None) -> None:
    rows = nuclei()
    rows[7][2] = rows[9][4] = "-999"
    data = field_cases.text([field_cases.header(), *rows]).encode()

    answer = stage(data, {})

    (said,) = answer["assumptions"]
    assert said["code"] == "may-be-no-value"
    again = stage(data, json.loads(said["settle"]))
    assert (again["quarantined"], again["assumptions"]) == (2, [])
