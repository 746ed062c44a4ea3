from __future__ import annotations

import collections
from typing import Any

import numpy as np
import pytest

from functions.stage_table.app import handler
from sonoflow.errors import DatasetRefused, PayloadInvalid
from sonoflow.keys import SPLITS
from tests.unit import stack
from tests.unit.metrics import metrics_of
from tests.unit.staged_tables import COHORT, WDBC, quarantine, staged, table, wdbc, written

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")


def stage(context: Any, data: bytes, event: str = "stage_table.wdbc", **mapping: Any) -> Any:
    payload = stack.state_upload(stack.event(event), data)
    payload["mapping"].update(mapping)
    return handler(payload, context)


def test_wdbc_is_staged_as_it_is_published(aws: None, context: Any) -> None:
    answer = stage(context, written(wdbc()))

    assert answer == {
        "kind": "table",
        "classes": ["B", "M"],
        "positive": "M",
        "rows": {"B": 357, "M": 212},
        "splits": answer["splits"],
        "features": 30,
        "quarantined": 0,
        "manifests": {split: f"s3://{stack.WORK}/{WDBC.manifest(split)}" for split in SPLITS},
        "table_uri": f"s3://{stack.WORK}/{WDBC.table}",
        "assumptions": [],
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


def test_rows_are_counted(aws: None, context: Any, capsys: pytest.CaptureFixture[str]) -> None:
    rows = wdbc()
    rows[3][5] = ""

    answer = stage(context, written(rows))

    assert answer["quarantined"] == 1
    assert metrics_of(capsys.readouterr().out) == {"RowsStaged": 568.0, "RowsQuarantined": 1.0}


def test_a_mapping_says_what_the_columns_are(aws: None, context: Any) -> None:
    header = ["site", "case", "finding", "size", "constant", "depth"]
    body = [
        [f"ward {n % 3}", f"c{n}", ("plain", "suspicious")[n % 2], str(3 * n), "4", str(n % 7)]
        for n in range(60)
    ]
    body[7][3] = "-9"

    answer = stage(context, written([header, *body]), "stage_table.mapped")

    assert (answer["classes"], answer["features"]) == (["plain", "suspicious"], 2)
    found = table(COHORT)
    assert (found.label, found.id, found.features) == ("finding", "case", ("size", "depth"))
    assert found.dropped == {"constant": "constant"}
    assert found.missing == ("", "-9")
    assert [(e["line"], e["reason"]) for e in quarantine(COHORT)] == [(9, "missing-value")]
    assert all(len(row[4]) == 2 for row in staged(COHORT)["train"])


def test_the_stack_says_how_a_table_is_staged(
    aws: None, context: Any, settings_env: pytest.MonkeyPatch
) -> None:
    stage(context, written(wdbc()))
    first = {row[0] for row in staged()["test"]}
    options = stack.staging_options(table_features="engineered", split_seed=8)
    settings_env.setenv("STAGING_OPTIONS", options)

    assert stage(context, written(wdbc()))["features"] == 495
    assert {row[0] for row in staged()["test"]} != first


@pytest.mark.parametrize(
    ("data", "mapping", "reason", "detail"),
    [
        (b"label,a\nx,2\n", {"label": "\ud800"}, "mapping-invalid", "half a surrogate pair"),
        (b"dear colleague\nbye\n", {}, "not-a-table", "no comma"),
        (b"label,a\n", {}, "empty-table", "no rows"),
        (
            written([["label", "a"], *(["xy"[n > 24], str(n % 9)] for n in range(30))]),
            {},
            "too-few-rows",
            "class 'y' has 5 usable rows, 10 are needed",
        ),
        (
            written([["label", "a"], *(["xy"[n % 2], "7"] for n in range(30))]),
            {},
            "no-features",
            "same number",
        ),
    ],
    ids=["mapping", "columns", "no rows", "classes", "features"],
)
def test_what_cannot_be_trained_on_is_refused_with_a_reason(
    aws: None,
    context: Any,
    capsys: pytest.CaptureFixture[str],
    data: bytes,
    mapping: dict[str, Any],
    reason: str,
    detail: str,
) -> None:
    with pytest.raises(DatasetRefused, match=f"{reason}.*{detail}"):
        stage(context, data, **mapping)

    refusal = stack.read_json(stack.WORK, "refused/datasets/wdbc.data.json")
    assert refusal["reason"] == reason
    assert WDBC.table not in stack.keys_of(stack.WORK)
    assert metrics_of(capsys.readouterr().out) == {"DatasetsRefused": 1.0}


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
