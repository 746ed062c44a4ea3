from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from functions.plan_bulk.app import handler
from sonoflow.aws.clients import client
from tests.unit import bulk, pictures, stack
from tests.unit.functions.test_predict import validator
from tests.unit.metrics import metrics_of


def test_a_zip_starts_the_execution_that_answers_what_it_holds(
    aws: None, context: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    data = bulk.archive([("monday/MILLER.png", pictures.png(1)), ("../out.png", b"x")])
    event = stack.upload(stack.event("plan_bulk.archive"), data)

    answer = handler(event, context)

    [run] = stack.executions(stack.BULK_STATE_MACHINE_ARN)
    assert answer == {
        "status": "started",
        "run": run["name"],
        "images": 1,
        "refused": 1,
        "batches": 1,
    }
    upload = run["input"]["upload"]
    assert upload["version_id"] == event["detail"]["object"]["version-id"]
    assert upload["sequencer"] == event["detail"]["object"]["sequencer"]
    told = capsys.readouterr().out
    assert metrics_of(told) == {"BulkStarted": 1}
    assert "MILLER" not in told


def test_a_manifest_does_too(aws: None, context: Any) -> None:
    data = f"s3://{stack.UPLOADS}/inbox/a.png\n".encode()

    answer = handler(stack.upload(stack.event("plan_bulk.manifest"), data), context)

    assert (answer["status"], answer["images"]) == ("started", 1)


def test_what_is_no_zip_is_rejected_with_its_reason(
    aws: None, context: Any, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    event = stack.upload(stack.event("plan_bulk.bad_not_a_zip"), b"Dear colleague, see below.")

    answer = handler(event, context)

    assert answer == {"status": "rejected", "reason": "not-a-zip"}
    rejection = stack.read_json(stack.RESULTS, "rejected/words.zip.json")
    validator(root, "rejection").validate(rejection)
    assert "no readable zip archive" in rejection["detail"]
    assert metrics_of(capsys.readouterr().out) == {"BulkRejected": 1, "Rejections": 1}


def test_what_was_deleted_meanwhile_is_ignored(aws: None, context: Any) -> None:
    event = stack.upload(stack.event("plan_bulk.archive"), b"x")
    client("s3").delete_object(Bucket=stack.UPLOADS, Key=event["detail"]["object"]["key"])

    assert handler(event, context) == {"status": "ignored"}
    assert stack.answers() == []
