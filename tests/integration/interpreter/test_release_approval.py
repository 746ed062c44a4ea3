"""A release that a person decides on: it waits without holding anything, and ends either way."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.release_machine import MACHINE, Machines
from benchmarks.release_trial import Trial, Tried
from tests.integration.interpreter.conftest import Platform, wait_for
from tests.integration.interpreter.test_release_comparison import package

RUNS = (f"run-{number}" for number in itertools.count())


@pytest.fixture
def asking(platform: Platform) -> Iterator[Trial]:
    """An endpoint that nothing is deployed to without a person."""
    trial = Trial(Machines(platform.runtime, approval="manual"))
    yield trial
    trial.close()


def token(trial: Trial, tried: Tried) -> str:
    """Of the release, once it waits."""

    def held() -> Any:
        if "WaitForApproval" not in trial.states(tried):
            return None
        key = {"endpoint": {"S": package(trial, tried)["ModelPackageArn"]}}
        item = trial.client("dynamodb").get_item(TableName=trial.table, Key=key)
        return item.get("Item", {}).get("token", {}).get("S")

    return str(wait_for(held, bool, 60))


def approve(trial: Trial, tried: Tried) -> None:
    given = token(trial, tried)
    trial.client("stepfunctions").send_task_success(taskToken=given, output="{}")


def test_a_release_waits_with_the_lock_free_and_goes_on_when_it_is_approved(asking: Trial) -> None:
    tried = asking.start(asking.prepare(next(RUNS)))
    given = token(asking, tried)

    registered = package(asking, tried)
    assert registered["ModelApprovalStatus"] == "PendingManualApproval"
    assert registered["CustomerMetadataProperties"]["approval"] == "awaited"
    assert asking.lock() == {}
    assert asking.left().status == "Absent"
    asking.client("stepfunctions").send_task_success(taskToken=given, output="{}")

    assert asking.ended(tried)["status"] == "SUCCEEDED"
    after = asking.left()
    assert (after.serves, after.answers) == (tried.name, tried.name)
    assert package(asking, tried)["ModelApprovalStatus"] == "Approved"


def test_a_rejected_model_ends_its_release_with_the_reason(asking: Trial) -> None:
    tried = asking.start(asking.prepare(next(RUNS)))
    asking.client("stepfunctions").send_task_failure(
        taskToken=token(asking, tried), error="ModelRejected", cause="a person has rejected it: no"
    )

    ended = asking.ended(tried)

    assert (ended["status"], ended["error"]) == ("FAILED", "ModelRejected")
    assert ended["cause"] == "a person has rejected it: no"
    assert package(asking, tried)["ModelApprovalStatus"] == "Rejected"
    assert asking.left().models == frozenset()


def test_nobody_is_asked_about_a_model_that_is_worse(asking: Trial) -> None:
    first = asking.start(asking.prepare(next(RUNS)))
    approve(asking, first)
    asking.ended(first)
    second = asking.start(asking.prepare(next(RUNS), worse_than=first.name))

    assert asking.ended(second)["error"] == "ModelWorse"
    assert "WaitForApproval" not in asking.states(second)


def test_the_newest_that_is_approved_wins_in_whatever_order(asking: Trial) -> None:
    """Given two that wait, the later one approved first."""
    older = asking.start(asking.prepare(next(RUNS)))
    token(asking, older)
    newer = asking.start(asking.prepare(next(RUNS)))
    approve(asking, newer)
    assert asking.ended(newer)["status"] == "SUCCEEDED"
    approve(asking, older)

    ended = asking.ended(older)

    assert (ended["status"], ended["error"]) == ("FAILED", "ModelSuperseded")
    after = asking.left()
    assert (after.serves, after.answers) == (newer.name, newer.name)
    assert after.packages[older.name] == "Rejected"
    assert older.name not in after.configs | after.models
    assert "owner" not in after.lock


def test_a_model_that_nobody_decides_on_ends_its_release(platform: Platform) -> None:
    text = MACHINE.read_text("utf-8")
    definition = json.loads(text)
    definition["States"]["WaitForApproval"]["TimeoutSeconds"] = 2
    trial = Trial(Machines(platform.runtime, json.dumps(definition), approval="manual"))

    tried = trial.start(trial.prepare(next(RUNS)))
    ended = trial.ended(tried)

    assert (ended["status"], ended["error"]) == ("FAILED", "ApprovalTimedOut")
    assert "in three days" in ended["cause"]
    assert package(trial, tried)["ModelApprovalStatus"] == "Rejected"
