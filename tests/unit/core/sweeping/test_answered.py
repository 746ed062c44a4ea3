from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from sonoflow.aws.clients import client
from sonoflow.sweeping import answered
from tests.unit import stack
from tests.unit.core.sweeping.swept import answer

pytestmark = pytest.mark.usefixtures("aws")
LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
LATER = datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC)


@pytest.mark.parametrize(
    ("key", "result"),
    [
        ("inbox/a.png", "predictions/a.png.json"),
        ("inbox/a.png", "rejected/a.png.json"),
        ("inbox/w/b.csv", "scores/w/b.csv.csv"),
        ("inbox/w/b.csv", "rejected/w/b.csv.json"),
    ],
)
def test_what_completes_an_answer_of_that_version_answers_it(key: str, result: str) -> None:
    assert not answered.is_inbox_object(stack.RESULTS, key, "v1")

    answer(result, "v1")

    assert answered.is_inbox_object(stack.RESULTS, key, "v1")
    assert not answered.is_inbox_object(stack.RESULTS, key, "v2")


def test_a_rejection_of_some_rows_is_no_answer_without_scores() -> None:
    answer("rejected/b.csv.json", "v1", completes=False)

    assert not answered.is_inbox_object(stack.RESULTS, "inbox/b.csv", "v1")


def test_sequencers_are_of_whatever_part_of_an_answer_is_there() -> None:
    answer("masks/a.png.png", "v1", "0C", completes=False)
    answer("rejected/a.png.json", "v0", "0B")
    assert answered.sequencers(stack.RESULTS, "inbox/a.png", "v2") == (None, ["0B", "0C"])

    assert answered.sequencers(stack.RESULTS, "inbox/a.png", "v1") == ("0C", ["0B"])


def upload(name: str, written: datetime.datetime = LATER) -> dict[str, Any]:
    return {"Key": f"datasets/{name}.zip", "VersionId": "v1", "LastModified": written}


def has_come_of(asked: dict[str, Any]) -> bool:
    machines = (stack.STATE_MACHINE_ARN, stack.TABLE_STATE_MACHINE_ARN)
    return answered.Datasets(stack.WORK, machines).has_come_of(asked)


def test_nothing_has_come_of_a_data_set_that_nobody_heard_of() -> None:
    assert not has_come_of(upload("lost"))


@pytest.mark.parametrize("version", ["v1", "v0"])
def test_a_refusal_is_of_one_version(version: str) -> None:
    stack.write(
        stack.WORK,
        "refused/datasets/wards.zip.json",
        json.dumps({"upload": {"version_id": version}}),
    )

    assert has_come_of(upload("wards")) is (version == "v1")


@pytest.mark.parametrize(
    ("name", "version", "come"),
    [
        ("wards-cd0007f2cf09", "v1", True),
        ("wards-cd0007f2cf09", "v0", False),
        ("wards2-cd0007f2cf09", "v1", False),
    ],
)
def test_an_execution_is_for_one_version(name: str, version: str, come: bool) -> None:
    client("stepfunctions").start_execution(
        stateMachineArn=stack.TABLE_STATE_MACHINE_ARN,
        name=name,
        input=json.dumps({"upload": {"version_id": version}}),
    )

    assert has_come_of(upload("wards")) is come


def test_what_was_staged_since_has_come_of_it() -> None:
    stack.write(stack.WORK, "datasets/wards/cd0007f2cf09/plan.json", "{}")

    assert has_come_of(upload("wards", LONG_AGO))
    assert not has_come_of(upload("wards", LATER))
    assert not has_come_of(upload("ward", LONG_AGO))
