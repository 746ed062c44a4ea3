from __future__ import annotations

import collections
import csv
import functools
import io
import json
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer

from functions.stage_table.app import handler
from sonoflow import keys
from sonoflow.aws.clients import client
from sonoflow.errors import DatasetRefused, PayloadInvalid
from sonoflow.keys import SPLITS
from sonoflow.tables import recordio, shards, staging
from sonoflow.tables.columns import WDBC_COLUMNS
from sonoflow.tables.lines import LINE_BYTES_LIMIT, read_lines
from sonoflow.tables.table import Table
from tests.unit import stack

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

PREFIX = "datasets/wdbc/3c5e0f9a7b21/"
COHORT = "datasets/cohort/9d81c4f7e602/"
Rows = list[list[str]]


@functools.cache
def _wdbc() -> tuple[tuple[str, ...], ...]:
    data = load_breast_cancer()
    return tuple(
        (str(842302 + 7 * number), "MB"[target], *(f"{value:g}" for value in values))
        for number, (values, target) in enumerate(zip(data.data, data.target, strict=True))
    )


def wdbc() -> Rows:
    """The table as UCI publishes it, with ids of our own."""
    return [list(row) for row in _wdbc()]


def written(rows: Rows, delimiter: str = ",", newline: str = "\n") -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=newline).writerows(rows)
    return text.getvalue().encode()


def stage(context: Any, data: bytes, event: str = "stage_table.wdbc", **mapping: Any) -> Any:
    payload = stack.state_upload(stack.event(event), data)
    payload["mapping"].update(mapping)
    return handler(payload, context)


def staged(prefix: str = PREFIX) -> dict[str, list[tuple[int, str, str, float, list[float]]]]:
    """Line, id, class, label and vector of every row that is written, by split, by manifest."""
    splits: dict[str, Any] = {}
    for split in SPLITS:
        head, *names = stack.read_json(stack.WORK, f"{prefix}splits/{split}.manifest")
        bucket, root = keys.parse_uri(head["prefix"])
        splits[split] = []
        for name in names:
            records = recordio.read(stack.read(bucket, root + name))
            text = stack.read(bucket, root + name.replace(".recordio", ".csv")).decode()
            header, *named = csv.reader(io.StringIO(text))
            assert header == ["line", "id", "class"]
            assert records.labels is not None
            for (line, *texts), label, vector in zip(
                named, records.labels.tolist(), records.vectors.tolist(), strict=True
            ):
                splits[split].append((int(line), *texts, label, vector))
    return splits


def quarantine(prefix: str = PREFIX) -> list[dict[str, Any]]:
    body = stack.read(stack.WORK, f"{prefix}quarantine.jsonl")
    return [json.loads(line) for line in body.splitlines()]


def test_wdbc_is_staged_as_it_is_published(aws: None, context: Any) -> None:
    answer = stage(context, written(wdbc()))

    assert answer == {
        "kind": "table",
        "classes": ["B", "M"],
        "rows": {"B": 357, "M": 212},
        "splits": answer["splits"],
        "features": 30,
        "quarantined": 0,
        "manifests": {
            split: f"s3://{stack.WORK}/{PREFIX}splits/{split}.manifest" for split in SPLITS
        },
        "table_uri": f"s3://{stack.WORK}/{PREFIX}table.json",
    }
    rows = staged()
    everything = sorted(row for split in SPLITS for row in rows[split])
    assert [(row[0], row[1], row[2]) for row in everything] == [
        (line, cells[0], cells[1]) for line, cells in enumerate(wdbc(), 1)
    ]
    assert all(label == (name == "M") for _, _, name, label, _ in everything)
    values = np.array([[float(cell) for cell in cells[2:]] for cells in wdbc()], np.float32)
    assert [row[4] for row in everything] == values.tolist()
    for split in SPLITS:
        counts = collections.Counter(row[2] for row in rows[split])
        assert answer["splits"][split] == {"B": counts["B"], "M": counts["M"]}
        lines = [row[0] for row in rows[split]]
        assert (lines == sorted(lines)) == (split != "train")  # a sorted file would train badly
        share = {"train": 0.8}.get(split, 0.1)
        assert abs(counts["B"] - share * 357) < 2
        assert abs(counts["M"] - share * 212) < 2


def test_the_table_document_says_what_scoring_needs(aws: None, context: Any) -> None:
    stage(context, written(wdbc()))

    table = Table.parse(stack.read_json(stack.WORK, f"{PREFIX}table.json"))
    assert table.columns == WDBC_COLUMNS
    assert (table.label, table.id, table.header, table.delimiter) == ("diagnosis", "id", False, ",")
    assert (table.features[0], table.features[-1]) == ("mean_radius", "worst_fractal_dimension")
    assert table.features == WDBC_COLUMNS[2:]
    assert table.classes == ("B", "M")
    assert (table.dropped, table.engineered) == ({}, False)


def test_statistics_are_those_of_numpy(aws: None, context: Any) -> None:
    stage(context, written(wdbc()))

    found = stack.read_json(stack.WORK, f"{PREFIX}table_statistics.json")
    values = np.array([[float(cell) for cell in cells[2:]] for cells in wdbc()])
    malignant = np.array([cells[1] == "M" for cells in wdbc()])
    assert (found["rows"], found["classes"]) == (569, {"B": 357, "M": 212})
    for at, (name, feature) in enumerate(found["features"].items()):
        column = values[:, at]
        assert name == WDBC_COLUMNS[at + 2]
        assert (feature["minimum"], feature["maximum"]) == (column.min(), column.max())
        assert feature["mean"] == pytest.approx(column.mean())
        assert feature["standard_deviation"] == pytest.approx(column.std(ddof=1))
        assert feature["by_class"]["M"] == {
            "mean": pytest.approx(column[malignant].mean()),
            "standard_deviation": pytest.approx(column[malignant].std(ddof=1)),
        }
    np.testing.assert_allclose(found["correlations"], np.corrcoef(values.T), atol=1e-6)
    assert found["quarantine"] == {}
    assert found["baseline"] == {"train_median_label": 0.0}


def with_header(rows: Rows, order: list[int], names: tuple[str, ...] = WDBC_COLUMNS) -> Rows:
    return [[row[at] for at in order] for row in [list(names), *rows]]


@pytest.mark.parametrize(
    ("delimiter", "newline", "mark"),
    [
        (",", "\r\n", b"\xef\xbb\xbf"),
        (";", "\n", b"\xef\xbb\xbf"),
        ("\t", "\r\n", b""),
        ("|", "\n", b""),
    ],
)
def test_a_header_may_name_the_columns_in_any_order(
    aws: None, context: Any, delimiter: str, newline: str, mark: bytes
) -> None:
    order = np.random.default_rng(7).permutation(32).tolist()
    data = mark + written(with_header(wdbc()[:100], order), delimiter, newline)

    answer = stage(context, data)

    assert sum(answer["rows"].values()) == 100
    table = Table.parse(stack.read_json(stack.WORK, f"{PREFIX}table.json"))
    assert (table.header, table.delimiter, table.id) == (True, delimiter, "id")
    assert list(table.columns) == [WDBC_COLUMNS[at] for at in order]
    assert list(table.features) == [WDBC_COLUMNS[at] for at in order if at > 1]
    by_id = {row[0]: row for row in wdbc()}
    for line, identity, name, _, vector in staged()["train"]:
        source = dict(zip(WDBC_COLUMNS, by_id[identity], strict=True))
        assert name == source["diagnosis"]
        assert vector == [np.float32(source[feature]) for feature in table.features]
        assert wdbc()[line - 2][0] == identity


def test_a_header_with_a_delimiter_at_its_end_is_known(aws: None, context: Any) -> None:
    """As the copy of WDBC that most people have is written."""
    lines = written(with_header(wdbc()[:100], list(range(32)))).split(b"\n")
    lines[0] += b","

    answer = stage(context, b"\n".join(lines))

    assert (sum(answer["rows"].values()), answer["quarantined"]) == (100, 0)


BAD = [
    (lambda row: row[:-1], "wrong-column-count"),
    (lambda row: [*row[:5], "", *row[6:]], "missing-value"),
    (lambda row: [*row[:5], "?", *row[6:]], "missing-value"),
    (lambda row: [*row[:5], "n/a", *row[6:]], "not-a-number"),
    (lambda row: [*row[:5], "inf", *row[6:]], "infinite-value"),
    (lambda row: [row[0], "", *row[2:]], "missing-label"),
    (lambda row: ["842302", *row[1:]], "duplicate-id"),
    (lambda row: [*row[:5], "\x07", *row[6:]], "unreadable-text"),
    (lambda row: [*row[:5], " " * LINE_BYTES_LIMIT, *row[6:]], "line-too-long"),
]


def test_bad_rows_are_set_aside_by_line_and_reason_and_the_rest_goes_on(
    aws: None, context: Any
) -> None:
    rows = wdbc()
    for number, (spoil, _) in enumerate(BAD):
        rows[10 * number + 5] = spoil(rows[10 * number + 5])

    answer = stage(context, written(rows))

    entries = quarantine()
    assert [(entry["line"], entry["reason"]) for entry in entries] == [
        (10 * number + 6, reason) for number, (_, reason) in enumerate(BAD)
    ]
    assert all(set(entry) == {"line", "reason", "detail"} for entry in entries)
    assert "mean_area" in entries[1]["detail"]
    assert "n/a" not in entries[3]["detail"]
    assert answer["quarantined"] == len(BAD)
    assert sum(answer["rows"].values()) == 569 - len(BAD)
    lines = {row[0] for split in staged().values() for row in split}
    assert lines == set(range(1, 570)) - {entry["line"] for entry in entries}
    statistics = stack.read_json(stack.WORK, f"{PREFIX}table_statistics.json")
    assert statistics["quarantine"] == dict(
        sorted(collections.Counter(reason for _, reason in BAD).items())
    )


def test_of_a_repeated_id_the_first_row_is_kept(
    aws: None, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_lines, "__defaults__", (2000,))
    rows = wdbc()
    rows[300] = rows[2]
    rows[301] = [rows[2][0], *rows[301][1:]]
    rows[302] = rows[2]
    rows.insert(0, rows[2])

    stage(context, written(rows))

    assert [(entry["line"], entry["detail"]) for entry in quarantine()] == [
        (4, "the id of line 1, with the same label and values"),
        (302, "the id of line 1, with the same label and values"),
        (303, "the id of line 1, with another label or value"),
        (304, "the id of line 1, with the same label and values"),
    ]


def test_a_mapping_says_what_the_columns_are(aws: None, context: Any) -> None:
    header = ["site", "case", "finding", "size", "constant", "depth"]
    body = [
        [f"ward {n % 3}", f"c{n}", ("plain", "suspicious")[n % 2], str(n), "4", str(n % 7)]
        for n in range(60)
    ]
    body[7][3] = "-9"

    answer = stage(context, written([header, *body]), "stage_table.mapped")

    assert (answer["classes"], answer["features"]) == (["plain", "suspicious"], 2)
    table = Table.parse(stack.read_json(stack.WORK, f"{COHORT}table.json"))
    assert (table.label, table.id, table.features) == ("finding", "case", ("size", "depth"))
    assert table.dropped == {"constant": "constant"}
    assert table.missing == ("", "-9")
    assert [(e["line"], e["reason"]) for e in quarantine(COHORT)] == [(9, "missing-value")]
    assert all(len(row[4]) == 2 for row in staged(COHORT)["train"])


def test_columns_without_header_go_by_number(aws: None, context: Any) -> None:
    body = [[str(n), str(n % 2), str(n * n)] for n in range(40)]

    answer = stage(context, written(body), label=1, features=[2, "column_0"])

    assert answer["classes"] == ["0", "1"]
    table = Table.parse(stack.read_json(stack.WORK, f"{PREFIX}table.json"))
    assert table.columns == ("column_0", "column_1", "column_2")
    assert (table.features, table.id) == (("column_2", "column_0"), None)
    assert {row[1] for row in staged()["train"]} <= {str(line) for line in range(1, 41)}


@pytest.mark.parametrize(
    ("labels", "positive", "classes"),
    [
        (["benign"] * 10 + ["malignant"] * 20, None, ["benign", "malignant"]),
        (["0.0"] * 10 + ["1.0"] * 20, None, ["0.0", "1.0"]),
        (["True"] * 20 + ["False"] * 10, None, ["False", "True"]),
        (["ill"] * 10 + ["well"] * 20, None, ["well", "ill"]),
        (["ill"] * 15 + ["well"] * 15, None, ["ill", "well"]),
        (["ill"] * 15 + ["well"] * 15, "ill", ["well", "ill"]),
        (["c"] * 10 + ["a"] * 10 + ["b"] * 10, None, ["a", "b", "c"]),
    ],
)
def test_classes_are_numbered_so_that_the_positive_one_is_1(
    aws: None, context: Any, labels: list[str], positive: str | None, classes: list[str]
) -> None:
    body = [["label", "a"], *([label, str(n)] for n, label in enumerate(labels))]
    mapping = {} if positive is None else {"positive": positive}

    assert stage(context, written(body), **mapping)["classes"] == classes
    for row in staged()["train"]:
        assert classes[int(row[3])] == row[2]


def test_engineered_features_are_standard_by_the_training_split_with_squares_and_products(
    aws: None, context: Any, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("STAGING_OPTIONS", stack.staging_options(table_features="engineered"))

    answer = stage(context, written(wdbc()))

    assert answer["features"] == 495
    train = np.array([row[4] for row in staged()["train"]])
    assert train.shape[1] == 495
    np.testing.assert_allclose(train[:, :30].mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(train[:, :30].std(axis=0, ddof=1), 1, atol=1e-5)
    np.testing.assert_allclose(train[:, 30:60], train[:, :30] ** 2, rtol=1e-5)
    np.testing.assert_allclose(train[:, 60], train[:, 0] * train[:, 1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(train[:, 494], train[:, 28] * train[:, 29], rtol=1e-5, atol=1e-6)
    table = Table.parse(stack.read_json(stack.WORK, f"{PREFIX}table.json"))
    by_line = {row[0]: row[4] for row in staged()["test"]}
    values = np.array([[float(c) for c in wdbc()[line - 1][2:]] for line in by_line])
    assert table.transform(values).tolist() == list(by_line.values())


def test_too_many_features_to_engineer_are_refused(
    aws: None, context: Any, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("STAGING_OPTIONS", stack.staging_options(table_features="engineered"))
    header = ["label", *(f"f{n}" for n in range(201))]
    data = written([header, *([str(n % 2)] + [str(n)] * 201 for n in range(20))])

    with pytest.raises(DatasetRefused, match=r"too-many-features: 201 .* 20502 .* at most 200"):
        stage(context, data)

    settings_env.setenv("STAGING_OPTIONS", stack.staging_options(table_features="plain"))
    assert stage(context, data)["features"] == 201


@pytest.mark.parametrize("limit", ["ROWS_LIMIT", "WRITTEN_BYTES_LIMIT"])
def test_more_than_can_be_staged_is_refused(
    aws: None, context: Any, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(staging, limit, 500)

    with pytest.raises(DatasetRefused, match=r"too-large: .*500"):
        stage(context, written(wdbc()))


def test_an_empty_cell_is_no_value_whatever_else_is_none(aws: None, context: Any) -> None:
    rows = wdbc()
    rows[3][1] = ""
    rows[4][5] = ""

    answer = stage(context, written(rows), missing=["-9"])

    assert answer["classes"] == ["B", "M"]
    assert [entry["reason"] for entry in quarantine()] == ["missing-label", "missing-value"]


def everything_written() -> dict[str, bytes]:
    return {key: stack.read(stack.WORK, key) for key in stack.keys_of(stack.WORK)}


def test_a_second_run_leaves_the_same_bytes(aws: None, context: Any) -> None:
    first_answer = stage(context, written(wdbc()))
    first = everything_written()

    assert stage(context, written(wdbc())) == first_answer
    assert everything_written() == first


@pytest.mark.parametrize("features", ["plain", "engineered"])
@pytest.mark.parametrize("kind", ["right", "a class too few", "a column too few"])
def test_what_a_sample_suggests_changes_nothing_that_is_written(
    aws: None, context: Any, settings_env: pytest.MonkeyPatch, features: str, kind: str
) -> None:
    """A small table is its own sample; of a large one, a sample sees beginning and end, say."""
    settings_env.setenv("STAGING_OPTIONS", stack.staging_options(table_features=features))
    size = {"plain": 20_000, "engineered": 300_000}[features]
    settings_env.setattr(shards, "SHARD_BYTES", size)
    settings_env.setattr(shards, "_TRANSFORMED_BYTES", 5_000)
    rows = wdbc()
    for number, row in enumerate(rows):
        row[6] = "1"
        if kind == "a class too few" and 200 <= number < 230:
            row[1] = "Atypical"
        if kind == "a column too few":
            row[4] = "3" if 200 <= number < 230 else "2"
    data = written(rows)
    answer = stage(context, data)
    whole = everything_written()
    for key in whole:
        client("s3").delete_object(Bucket=stack.WORK, Key=key)
    settings_env.setattr(staging, "SAMPLES", 2)
    settings_env.setattr(staging, "SAMPLE_BYTES", 4000)
    passes = []
    settings_env.setattr(staging, "_write", recorded(staging._write, passes))

    assert stage(context, data) == answer
    assert everything_written() == whole
    assert len(passes) == (kind != "right" or features == "engineered")
    assert len([key for key in whole if key.endswith(".recordio")]) > 3
    table = Table.parse(stack.read_json(stack.WORK, f"{PREFIX}table.json"))
    assert table.dropped == {"mean_smoothness": "constant"}


def recorded(function: Any, calls: list[Any]) -> Any:
    def wrapped(*arguments: Any) -> Any:
        calls.append(arguments)
        return function(*arguments)

    return wrapped


def test_how_lines_fall_into_blocks_changes_no_row(
    aws: None, context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = written(wdbc())
    answer = stage(context, data)
    rows = staged()
    monkeypatch.setattr(read_lines, "__defaults__", (3000,))

    assert stage(context, data) == answer
    assert staged() == rows


def test_another_seed_splits_otherwise(
    aws: None, context: Any, settings_env: pytest.MonkeyPatch
) -> None:
    stage(context, written(wdbc()))
    first = {row[0] for row in staged()["test"]}
    settings_env.setenv("STAGING_OPTIONS", stack.staging_options(split_seed=8))
    stage(context, written(wdbc()))

    assert {row[0] for row in staged()["test"]} != first


ONE_CLASS = [["label", "a"], *(["x", str(n)] for n in range(30))]
FEW = [["label", "a"], *(["xy"[n > 24], str(n)] for n in range(30))]
SAME = [["label", "a"], *(["xy"[n % 2], "7"] for n in range(30))]
TEXT = [["label", "center"], *(["xy"[n % 2], "Aachen"] for n in range(30))]


@pytest.mark.parametrize(
    ("data", "mapping", "reason", "told"),
    [
        (b"", {}, "empty-table", ""),
        (b"\n \n", {}, "empty-table", ""),
        (b"label,a\n", {}, "empty-table", "no rows"),
        (b"dear colleague\nbye\n", {}, "not-a-table", ""),
        (b"PK\x03\x04abc,def\n", {}, "not-a-table", ""),
        ("label,a\nx,1\n".encode("utf-16"), {}, "not-a-table", ""),
        (b"label,a\rx,1\ry,2\r", {}, "not-a-table", "CR"),
        (b"label,a,a\nx,1,2\n", {}, "not-a-table", "'a' twice"),
        (written(ONE_CLASS), {}, "one-class-only", "'x'"),
        (written(FEW), {}, "too-few-rows", "class 'y' has 5 usable rows, 10 are needed"),
        (written(TEXT), {}, "too-few-rows", "30 × not-a-number .*'center'"),
        (written(SAME), {}, "no-features", "same number"),
        (written(FEW), {"ignore": ["a"]}, "no-features", ""),
        (b"size,a\n1,2\n", {}, "label-column-unknown", "mapping.json.*Columns: size, a"),
        (b"1,2\n3,4\n", {}, "label-column-unknown", "no header.*column_0, column_1"),
        (b"label,class,a\nx,x,2\n", {}, "label-column-unknown", "'label', 'class'"),
        (b"label,a\nx,2\n", {"label": "b"}, "label-column-unknown", "'b' is none of"),
        (b"label,a\nx,2\n", {"features": ["b"]}, "mapping-invalid", "'b'"),
        (b"label,a\nx,2\n", {"label": "\ud800"}, "mapping-invalid", "half a surrogate pair"),
        (b"label,a\nx,2\n", {"\ud800": 1}, "mapping-invalid", "half a surrogate pair"),
        (b"label,a\nx,2\n", {"features": ["label"]}, "mapping-invalid", "'features'"),
        (b"label,a\nx,2\n", {"id": "label"}, "mapping-invalid", "same column"),
        (b"label,a\nx,2\n", {"id": 1}, "mapping-invalid", "'id'"),
        (written(with_header(wdbc(), list(range(32)))), {"positive": "m"}, "mapping-invalid", "m"),
        (
            written([["label", "a"], *([str(n), str(n)] for n in range(200))]),
            {},
            "too-many-classes",
            "'label'",
        ),
    ],
)
def test_what_cannot_be_trained_on_is_refused_with_a_reason(
    aws: None, context: Any, data: bytes, mapping: dict[str, Any], reason: str, told: str
) -> None:
    with pytest.raises(DatasetRefused, match=f"(?s){reason}.*{told}"):
        stage(context, data, **mapping)

    refusal = stack.read_json(stack.WORK, "refused/datasets/wdbc.data.json")
    assert refusal["reason"] == reason
    assert f"{PREFIX}table.json" not in stack.keys_of(stack.WORK)


def test_a_refused_tables_quarantine_can_be_read(aws: None, context: Any) -> None:
    with pytest.raises(DatasetRefused):
        stage(context, written(TEXT))

    assert len(quarantine()) == 30


def test_an_id_that_is_none_is_said_so(aws: None, context: Any) -> None:
    rows = wdbc()[:100]
    for number, row in enumerate(rows):
        row[0] = str(number // 2)

    answer = stage(context, written(rows), id=None)

    assert (answer["quarantined"], answer["features"]) == (0, 30)
    table = Table.parse(stack.read_json(stack.WORK, f"{PREFIX}table.json"))
    assert (table.id, table.dropped) == (None, {"id": "identifier"})


def test_columns_that_would_tell_rows_apart_are_no_features(aws: None, context: Any) -> None:
    """pandas writes its index under an empty name; a patient's number is no measure."""
    header = ["", "id", "Patient ID", "label", "a"]
    body = [[str(n), str(n), str(n // 2), "xy"[n % 2], str(n % 5)] for n in range(60)]

    stage(context, written([header, *body]))

    table = Table.parse(stack.read_json(stack.WORK, f"{PREFIX}table.json"))
    assert (table.id, table.features) == ("id", ("a",))
    assert table.dropped == {"column_0": "unnamed", "Patient ID": "identifier"}


def test_a_mapping_that_names_no_column_is_refused(aws: None, context: Any) -> None:
    with pytest.raises(DatasetRefused, match=r"mapping-invalid.*'ward'.*finding, a"):
        stage(context, b"finding,a\nx,1\n", "stage_table.bad_mapping")


def test_a_version_that_is_no_digest_is_an_error(aws: None, context: Any) -> None:
    with pytest.raises(PayloadInvalid, match=r"dataset\.version"):
        stage(context, written(wdbc()), "stage_table.bad_version")


def test_the_upload_that_the_plan_saw_is_staged(aws: None, context: Any) -> None:
    """Another version may be the latest by now."""
    payload = stack.state_upload(stack.event("stage_table.wdbc"), written(wdbc()))
    stack.state_upload(stack.event("stage_table.wdbc"), b"gone")

    assert handler(payload, context)["rows"] == {"B": 357, "M": 212}
