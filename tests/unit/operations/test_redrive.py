"""Which uploads nothing has come of, and how they are sent again."""

from __future__ import annotations

import datetime
import json
from typing import Any

import boto3
import pytest

from operations import redrive
from operations.account import Account
from operations.redrive import Redrive
from tests.unit import stack

pytestmark = pytest.mark.usefixtures("aws")
LATER = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)
MACHINE = f"arn:aws:states:us-east-1:123456789012:stateMachine:{stack.STATE_MACHINE}"


class Known(Account):
    """The account in which the unit tests' stack is."""

    def outputs(self, name: str) -> dict[str, str]:
        return {
            "UploadsBucketName": stack.UPLOADS,
            "WorkBucketName": stack.WORK,
            "ResultsBucketName": stack.RESULTS,
            "TrainImagesStateMachineArn": MACHINE,
            "TrainTableStateMachineArn": MACHINE.replace(
                stack.STATE_MACHINE, stack.TABLE_STATE_MACHINE
            ),
        }


@pytest.fixture
def s3() -> Any:
    return boto3.client("s3")


def put(s3: Any, key: str, body: bytes = b"scan", **others: Any) -> str:
    version: str = s3.put_object(Bucket=stack.UPLOADS, Key=key, Body=body, **others)["VersionId"]
    return version


def answer(s3: Any, key: str, version: str) -> None:
    metadata = {"sonoflow-version-id": version}
    s3.put_object(Bucket=stack.RESULTS, Key=key, Body=b"{}", Metadata=metadata)


def unanswered(older_than: datetime.datetime = LATER) -> list[str]:
    found = Redrive(Known(), "sonoflow").unanswered(older_than)
    return sorted(upload["Key"] for upload in found)


def test_what_has_a_prediction_scores_or_a_rejection_is_answered(s3: Any) -> None:
    keys = {name: put(s3, f"inbox/{name}") for name in ("a.png", "b.csv", "c.png", "d/e.png")}
    answer(s3, "predictions/a.png.json", keys["a.png"])
    answer(s3, "scores/b.csv.csv", keys["b.csv"])
    answer(s3, "rejected/c.png.json", keys["c.png"])

    assert unanswered() == ["inbox/d/e.png"]


def test_the_answer_to_an_earlier_version_is_none(s3: Any) -> None:
    answer(s3, "predictions/a.png.json", put(s3, "inbox/a.png"))
    put(s3, "inbox/a.png", b"another scan")

    assert unanswered() == ["inbox/a.png"]


def test_a_data_set_of_which_something_has_come_is_left_alone(s3: Any) -> None:
    """Given one that was refused, one in training, one that was staged long ago, and a lost one."""
    versions = {
        name: put(s3, f"datasets/{name}.zip") for name in ("refused", "run", "staged", "lost")
    }
    refusal = {"upload": {"version_id": versions["refused"]}}
    s3.put_object(
        Bucket=stack.WORK, Key="refused/datasets/refused.zip.json", Body=json.dumps(refusal)
    )
    boto3.client("stepfunctions").start_execution(
        stateMachineArn=MACHINE,
        name="run-cd0007f2cf09",
        input=json.dumps({"upload": {"version_id": versions["run"]}}),
    )
    s3.put_object(Bucket=stack.WORK, Key="datasets/staged/cd0007f2cf09/plan.json", Body=b"{}")

    assert unanswered() == ["datasets/lost.zip"]


def test_what_nobody_answers_is_not_missed(s3: Any) -> None:
    """Given a folder's marker, a mapping, a deleted image, and what is on its way still."""
    put(s3, "inbox/ward3/", b"")
    put(s3, "datasets/wdbc.mapping.json", b"{}")
    put(s3, "inbox/gone.png")
    s3.delete_object(Bucket=stack.UPLOADS, Key="inbox/gone.png")
    assert unanswered() == []

    put(s3, "inbox/new.png")
    just_now = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=15)
    assert unanswered(older_than=just_now) == []


def test_sending_again_makes_a_version_like_the_one_before(s3: Any) -> None:
    first = put(s3, "inbox/a.png", ContentType="image/png", Metadata={"ward": "3"})

    again = Redrive(Known(), "sonoflow")
    (upload,) = again.unanswered(LATER)
    assert again.send_again(upload) == "sent again"

    head = s3.head_object(Bucket=stack.UPLOADS, Key="inbox/a.png")
    assert head["VersionId"] != first
    assert head["ContentType"] == "image/png"
    assert head["Metadata"] == {"ward": "3", "sonoflow-redriven": first}
    answer(s3, "predictions/a.png.json", head["VersionId"])
    assert unanswered() == []


def test_what_s3_cannot_copy_is_told_of() -> None:
    upload = {"Key": "datasets/huge.zip", "Size": 5 * 1024**3 + 1}

    assert "upload it again" in Redrive(Known(), "sonoflow").send_again(upload)


def test_a_dry_run_sends_nothing(
    s3: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = put(s3, "inbox/a.png")
    monkeypatch.setattr(redrive, "Account", Known)

    assert redrive.main(["--stack", "sonoflow", "--minutes", "-1", "--dry-run"]) == 0

    assert "inbox/a.png: unanswered" in capsys.readouterr().out
    assert s3.head_object(Bucket=stack.UPLOADS, Key="inbox/a.png")["VersionId"] == version
