"""The summary says what the answers say."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import jsonschema

from sonoflow.aws.clients import client
from sonoflow.bulk.rows import COLUMNS
from tests.unit import bulk, fake_endpoints, pictures, stack
from tests.unit.bulk import PATH, Run
from tests.unit.fake_endpoints import CLASSIFIER, FakeEndpoints

FILES = [
    ("a.png", pictures.png(1)),
    ("b, c.png", pictures.png(2)),
    ("notes.txt", b"dear colleague"),
]


def validate(root: Path, document: Any) -> None:
    schema = json.loads((root / "docs/schemas/bulk.schema.json").read_text("utf-8"))
    checker = jsonschema.FormatChecker()
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(document)


def test_counts_rows_and_answers_agree(endpoints: FakeEndpoints, context: Any, root: Path) -> None:
    Run.of(bulk.put(bulk.archive(FILES)), context).finish()

    document = stack.read_json(stack.RESULTS, f"bulk/{PATH}.json")
    validate(root, document)
    assert document["kind"] == "archive"
    assert document["counts"]["all"] == 3
    assert document["labels"] == {"benign": 2}
    assert document["reasons"] == {"unsupported-extension": 1}
    [failure] = document["failures"]
    assert failure["path"] == f"{PATH}/notes.txt"
    table = list(
        csv.DictReader(io.StringIO(stack.read(stack.RESULTS, f"bulk/{PATH}.csv").decode()))
    )
    assert tuple(table[0]) == COLUMNS
    lines = bulk.rows()
    assert [row["path"] for row in table] == [row["path"] for row in lines]
    for row in lines:
        found = stack.read_json(stack.RESULTS, row["document_key"])
        assert row["version_id"] == found["image"]["version_id"]
        if row["outcome"] == "predicted":
            label = found["classification"]["label"]
            assert (row["label"], row["action"]) == (label, found["decision"]["action"])
            assert row["probability"] == found["classification"]["probabilities"][label]
            assert row["lesion_fraction"] == found["segmentation"]["lesion_fraction"]


def test_a_summary_with_failures_is_there_and_does_not_settle_the_zip(
    endpoints: FakeEndpoints, context: Any, root: Path
) -> None:
    endpoints.answers[CLASSIFIER] = fake_endpoints.failing

    Run.of(bulk.put(bulk.archive(FILES)), context).finish(1)

    document = stack.read_json(stack.RESULTS, f"bulk/{PATH}.json")
    validate(root, document)
    assert document["counts"]["failed"] == 2
    head = client("s3").head_object(Bucket=stack.RESULTS, Key=f"bulk/{PATH}.json")
    assert "sonoflow-completes" not in head["Metadata"]


def test_a_whole_summary_is_written_once(endpoints: FakeEndpoints, context: Any) -> None:
    run = Run.of(bulk.put(bulk.archive(FILES)), context)
    run.finish()
    before = client("s3").head_object(Bucket=stack.RESULTS, Key=f"bulk/{PATH}.json")["VersionId"]

    assert run.summarise() == {"counts": None, "key": None}

    after = client("s3").head_object(Bucket=stack.RESULTS, Key=f"bulk/{PATH}.json")["VersionId"]
    assert before == after


def test_the_rows_are_there_before_the_document_that_names_them(
    endpoints: FakeEndpoints, context: Any
) -> None:
    run = Run.of(bulk.put(bulk.archive(FILES)), context)
    written: list[str] = []
    hook = "before-call.s3.PutObject"

    def note(params: Any, **_: Any) -> None:
        written.append(params["url_path"])

    client("s3").meta.events.register(hook, note)
    run.finish()
    client("s3").meta.events.unregister(hook, note)

    assert [path.rpartition(".")[2] for path in written if "/bulk/ward" in path] == [
        *("csv", "jsonl", "json"),
    ]
