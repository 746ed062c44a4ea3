from __future__ import annotations

import collections
import io
from typing import Any

import numpy as np
import pytest

from sonoflow.aws.clients import client
from sonoflow.aws.ranged import HeldFile
from sonoflow.errors import DatasetRefused
from sonoflow.settings import TableStaging
from sonoflow.tables import shards, staging
from sonoflow.tables.columns import WDBC_COLUMNS
from sonoflow.tables.lines import LINE_BYTES_LIMIT, read_lines
from tests.unit import stack
from tests.unit.staged_tables import WDBC, quarantine, staged, table, wdbc, with_header, written

pytestmark = pytest.mark.usefixtures("aws")


def stage(data: bytes, *, features: str = "plain", seed: int = 7, **mapping: Any) -> dict[str, Any]:
    """As the version WDBC."""
    options = TableStaging(
        split_seed=seed,
        minimum_rows_per_class=10,
        table_features=features,
        stage_read_attempts=1,
    )
    source = HeldFile(io.BytesIO(data))
    return staging.stage(staging.Job(source, WDBC, mapping, options, stack.WORK))


def test_the_documents_say_what_scoring_and_the_report_need() -> None:
    answer = stage(written(wdbc()))

    assert (answer["quarantined"], answer["assumptions"]) == (0, [])
    found = table()
    assert found.dataset == WDBC
    assert found.columns == WDBC_COLUMNS
    assert (found.label, found.id, found.header, found.delimiter) == ("diagnosis", "id", False, ",")
    assert found.features == WDBC_COLUMNS[2:]
    assert found.classes == ("B", "M")
    assert (found.dropped, found.engineered) == ({}, False)
    statistics = stack.read_json(stack.WORK, WDBC.table_statistics)
    assert (statistics["rows"], statistics["classes"]) == (569, {"B": 357, "M": 212})
    assert tuple(statistics["features"]) == WDBC_COLUMNS[2:]
    assert statistics["quarantine"] == {}
    assert statistics["baseline"] == {"train_median_label": 0.0}


def test_vectors_are_in_the_order_of_the_files_columns() -> None:
    order = np.random.default_rng(7).permutation(32).tolist()
    data = b"\xef\xbb\xbf" + written(with_header(wdbc()[:100], order), ";", "\r\n")

    answer = stage(data)

    assert sum(answer["rows"].values()) == 100
    assert (table().header, table().delimiter, table().id) == (True, ";", "id")
    by_id = {row[0]: row for row in wdbc()}
    for line, identity, name, _, vector in staged()["train"]:
        source = dict(zip(WDBC_COLUMNS, by_id[identity], strict=True))
        assert name == source["diagnosis"]
        assert vector == [np.float32(source[feature]) for feature in table().features]
        assert wdbc()[line - 2][0] == identity


def test_a_header_with_a_delimiter_at_its_end_costs_no_row() -> None:
    lines = written(with_header(wdbc()[:100], list(range(32)))).split(b"\n")
    lines[0] += b","

    answer = stage(b"\n".join(lines))

    assert (sum(answer["rows"].values()), answer["quarantined"]) == (100, 0)


BAD = [
    (lambda row: row[:-1], "wrong-column-count"),
    (lambda row: [*row[:5], "", *row[6:]], "missing-value"),
    (lambda row: [*row[:5], "?", *row[6:]], "missing-value"),
    (lambda row: [*row[:5], "n.a.", *row[6:]], "not-a-number"),
    (lambda row: [*row[:5], "inf", *row[6:]], "infinite-value"),
    (lambda row: [row[0], "", *row[2:]], "missing-label"),
    (lambda row: ["842302", *row[1:]], "duplicate-id"),
    (lambda row: [*row[:5], "\x07", *row[6:]], "unreadable-text"),
    (lambda row: [*row[:5], " " * LINE_BYTES_LIMIT, *row[6:]], "line-too-long"),
]


def test_bad_rows_are_set_aside_by_line_and_reason_and_the_rest_goes_on() -> None:
    rows = wdbc()
    for number, (spoil, _) in enumerate(BAD):
        rows[10 * number + 5] = spoil(rows[10 * number + 5])

    answer = stage(written(rows))

    entries = quarantine()
    assert [(entry["line"], entry["reason"]) for entry in entries] == [
        (10 * number + 6, reason) for number, (_, reason) in enumerate(BAD)
    ]
    assert all(set(entry) == {"line", "reason", "detail"} for entry in entries)
    assert "mean_area" in entries[1]["detail"]
    assert "n.a." not in entries[3]["detail"]
    assert answer["quarantined"] == len(BAD)
    assert sum(answer["rows"].values()) == 569 - len(BAD)
    lines = {row[0] for split in staged().values() for row in split}
    assert lines == set(range(1, 570)) - {entry["line"] for entry in entries}
    statistics = stack.read_json(stack.WORK, WDBC.table_statistics)
    assert statistics["quarantine"] == dict(
        sorted(collections.Counter(reason for _, reason in BAD).items())
    )


def test_of_a_repeated_id_the_first_row_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_lines, "__defaults__", (2000,))
    rows = wdbc()
    rows[300] = rows[2]
    rows[301] = [rows[2][0], *rows[301][1:]]
    rows[302] = rows[2]
    rows.insert(0, rows[2])

    stage(written(rows))

    assert [(entry["line"], entry["detail"]) for entry in quarantine()] == [
        (4, "the id of line 1, with the same label and values"),
        (302, "the id of line 1, with the same label and values"),
        (303, "the id of line 1, with another label or value"),
        (304, "the id of line 1, with the same label and values"),
    ]


def test_where_a_table_has_no_ids_none_is_repeated_and_rows_go_by_their_line() -> None:
    rows = wdbc()[:100]
    for number, row in enumerate(rows):
        row[0] = str(number // 2)

    answer = stage(written(rows), id=None)

    assert (answer["quarantined"], answer["features"]) == (0, 30)
    assert (table().id, table().dropped) == (None, {"id": "identifier"})
    named = {row[1] for split in staged().values() for row in split}
    assert named == {str(line) for line in range(1, 101)}


def test_a_label_is_the_number_of_its_class() -> None:
    body = [["label", "a"], *(["ill" if n < 15 else "well", str(n % 20)] for n in range(30))]

    answer = stage(written(body), positive="ill")

    assert answer["classes"] == ["well", "ill"]
    for row in staged()["train"]:
        assert answer["classes"][int(row[3])] == row[2]


def test_engineered_features_are_standard_by_the_training_split_with_squares_and_products() -> None:
    answer = stage(written(wdbc()), features="engineered")

    assert answer["features"] == 495
    train = np.array([row[4] for row in staged()["train"]])
    assert train.shape[1] == 495
    np.testing.assert_allclose(train[:, :30].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(train[:, :30].std(axis=0, ddof=1), 1, atol=1e-5)
    np.testing.assert_allclose(train[:, 30:60], train[:, :30] ** 2, rtol=1e-5)
    np.testing.assert_allclose(train[:, 60], train[:, 0] * train[:, 1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(train[:, 494], train[:, 28] * train[:, 29], rtol=1e-5, atol=1e-6)
    by_line = {row[0]: row[4] for row in staged()["test"]}
    values = np.array([[float(c) for c in wdbc()[line - 1][2:]] for line in by_line])
    assert table().transform(values).tolist() == list(by_line.values())


def test_too_many_features_to_engineer_are_refused() -> None:
    header = ["label", *(f"f{n}" for n in range(201))]
    data = written([header, *([str(n % 2)] + [str(n // 2)] * 201 for n in range(20))])

    with pytest.raises(DatasetRefused, match=r"too-many-features: 201 .* 20502 .* at most 200"):
        stage(data, features="engineered")

    assert stage(data)["features"] == 201


@pytest.mark.parametrize("limit", ["ROWS_LIMIT", "WRITTEN_BYTES_LIMIT"])
def test_more_than_can_be_staged_is_refused(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    monkeypatch.setattr(staging, limit, 500)

    with pytest.raises(DatasetRefused, match=r"too-large: .*500"):
        stage(written(wdbc()))


@pytest.mark.parametrize(
    ("rows", "reason", "detail"),
    [
        ([["label", "a"], *(["xy"[n % 2], "7"] for n in range(30))], "no-features", "same number"),
        (
            [["label", "a"], *([str(n), str(n % 7)] for n in range(200))],
            "too-many-classes",
            "'label' holds more than 100 labels",
        ),
    ],
)
def test_a_table_that_tells_a_model_nothing_is_refused(
    rows: list[list[str]], reason: str, detail: str
) -> None:
    with pytest.raises(DatasetRefused, match=f"{reason}: .*{detail}"):
        stage(written(rows))

    assert WDBC.table not in stack.keys_of(stack.WORK)


def test_a_refused_tables_quarantine_can_be_read() -> None:
    rows = [["label", "center"], *(["xy"[n % 2], "Aachen"] for n in range(30))]

    with pytest.raises(DatasetRefused, match=r"too-few-rows: .*30 × not-a-number .*'center'"):
        stage(written(rows))

    assert len(quarantine()) == 30


def test_an_empty_cell_is_no_value_whatever_else_is_none() -> None:
    rows = wdbc()
    rows[3][1] = ""
    rows[4][5] = ""

    answer = stage(written(rows), missing=["-9"])

    assert answer["classes"] == ["B", "M"]
    assert [entry["reason"] for entry in quarantine()] == ["missing-label", "missing-value"]


def everything_written() -> dict[str, bytes]:
    return {key: stack.read(stack.WORK, key) for key in stack.keys_of(stack.WORK)}


def test_a_second_run_leaves_the_same_bytes() -> None:
    first_answer = stage(written(wdbc()))
    first = everything_written()

    assert stage(written(wdbc())) == first_answer
    assert everything_written() == first


@pytest.mark.parametrize("features", ["plain", "engineered"])
@pytest.mark.parametrize("kind", ["right", "a class too few", "a column too few"])
def test_what_a_sample_suggests_changes_nothing_that_is_written(
    monkeypatch: pytest.MonkeyPatch, features: str, kind: str
) -> None:
    """A small table is its own sample; of a large one, a sample sees beginning and end, say."""
    size = {"plain": 20_000, "engineered": 300_000}[features]
    monkeypatch.setattr(shards, "SHARD_BYTES", size)
    monkeypatch.setattr(shards, "_TRANSFORMED_BYTES", 5_000)
    rows = wdbc()
    for number, row in enumerate(rows):
        row[6] = "1"
        if kind == "a class too few" and 200 <= number < 230:
            row[1] = "Atypical"
        if kind == "a column too few":
            row[4] = "3" if 200 <= number < 230 else "2"
    data = written(rows)
    answer = stage(data, features=features)
    whole = everything_written()
    for key in whole:
        client("s3").delete_object(Bucket=stack.WORK, Key=key)
    monkeypatch.setattr(staging, "SAMPLES", 2)
    monkeypatch.setattr(staging, "SAMPLE_BYTES", 4000)
    passes: list[Any] = []
    monkeypatch.setattr(staging, "_write", recorded(staging._write, passes))

    assert stage(data, features=features) == answer
    assert everything_written() == whole
    assert len(passes) == (kind != "right" or features == "engineered")
    assert len([key for key in whole if key.endswith(".recordio")]) > 3
    assert table().dropped == {"mean_smoothness": "constant"}


def recorded(function: Any, calls: list[Any]) -> Any:
    def wrapped(*arguments: Any) -> Any:
        calls.append(arguments)
        return function(*arguments)

    return wrapped


def test_how_lines_fall_into_blocks_changes_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(wdbc())
    answer = stage(data)
    rows = staged()
    monkeypatch.setattr(read_lines, "__defaults__", (3000,))

    assert stage(data) == answer
    assert staged() == rows


def test_another_seed_splits_otherwise() -> None:
    stage(written(wdbc()))
    first = {row[0] for row in staged()["test"]}
    stage(written(wdbc()), seed=8)

    assert {row[0] for row in staged()["test"]} != first


def test_what_was_assumed_stands_in_the_answer_and_in_the_table() -> None:
    body = [["label", "a"], *([str(n % 2), str(n * 7 % 11)] for n in range(40))]

    answer = stage(written(body))

    assert [one["code"] for one in answer["assumptions"]] == ["positive-class"]
    assert [one.document() for one in table().assumptions] == answer["assumptions"]
    assert stage(written(body), positive="0")["assumptions"] == []


def test_the_table_says_between_what_its_features_lay() -> None:
    stage(written(wdbc()))

    ranges = stack.read_json(stack.WORK, WDBC.table)["ranges"]

    assert tuple(ranges) == WDBC_COLUMNS[2:]
    values = np.array([[float(cell) for cell in row[2:]] for row in wdbc()])
    assert ranges["mean_radius"]["minimum"] == values[:, 0].min()
    assert ranges["worst_fractal_dimension"]["maximum"] == values[:, -1].max()


def test_a_large_table_that_cannot_be_sampled_is_staged_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = stage(written(wdbc()))
    rows = staged()
    monkeypatch.setattr(staging, "SAMPLES", 2)
    monkeypatch.setattr(staging, "SAMPLE_BYTES", 4000)

    assert stage(written(wdbc()).decode().encode("utf-16")) == answer
    assert staged() == rows


@pytest.mark.parametrize("first", [0, 1])
def test_a_copy_of_a_row_neither_trains_nor_measures(first: int) -> None:
    """Under other ids, and without any."""
    rows = wdbc()[:100]
    again = [["copy" + row[0], *row[1:]] for row in rows[:60]]
    head, chosen = with_header(rows + again, [*range(first, 32)])[0], rows + again

    answer = stage(written([head, *([*row[first:]] for row in chosen)]))

    lines = [row[0] for split in staged().values() for row in split]
    assert sorted(lines) == [*range(2, 102)]
    assert {row["reason"] for row in quarantine()} == {"duplicate-row"}
    said = {one["code"]: one["detail"] for one in answer["assumptions"]}
    assert said["duplicate-rows"].startswith("60 rows repeat all values of an earlier row, 0 of")


def test_copies_with_other_labels_are_said_or_refused() -> None:
    rows = wdbc()[:200]
    other = [["x" + row[0], "MB"[row[1] == "M"], *row[2:]] for row in rows]

    (said,) = stage(written(rows + other[:2]))["assumptions"]
    assert "2 rows repeat" in said["detail"]
    assert "2 of them with another label" in said["detail"]
    assert [row["reason"] for row in quarantine()] == ["contradicting-row"] * 2
    with pytest.raises(DatasetRefused, match=r"rows-contradict: 3 of 203 rows .*line 20[0-9]"):
        stage(written(rows + other[:3]))


def test_patients_of_the_same_grades_are_two() -> None:
    rows = [[f"p{n}", "MB"[n % 2], str(n % 7), str(n % 5), str(n % 3)] for n in range(210)]

    answer = stage(written([["id", "diagnosis", "a", "b", "c"], *rows]))

    assert (sum(answer["rows"].values()), answer["assumptions"]) == (210, [])
