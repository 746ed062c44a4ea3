"""Releases that meet at one endpoint: they take turns, however each of them ends."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from benchmarks.held_requests import Hold
from benchmarks.release_outcomes import violations
from benchmarks.release_trial import Left, Trial, Tried
from tests.integration.interpreter.conftest import Platform, wait_for

RUNS = (f"run-{number}" for number in itertools.count())
# The requests of a release whose probe fails, where another may come between them.
STEPS = [
    ("CreateEndpointConfig", 1),
    ("UpdateItem", 1),  # takes the lock
    ("UpdateItem", 2),  # remembers what serves
    ("ListEndpoints", 1),
    ("UpdateEndpoint", 1),
    ("InvokeEndpoint", 1),
    ("UpdateItem", 3),  # still holds the lock?
    ("UpdateEndpoint", 2),  # restores
    ("DeleteEndpointConfig", 1),
    ("UpdateModelPackage", 1),  # rejects
    ("UpdateItem", 4),  # gives the lock back
]
# Where a release is stopped, and whether it is a good one.
STOPS = [
    (True, ("UpdateItem", 1)),
    (True, ("UpdateEndpoint", 1)),
    (True, ("InvokeEndpoint", 1)),
    (True, ("UpdateItem", 3)),  # marks it proven
    (True, ("UpdateModelPackage", 1)),  # approves
    (True, ("UpdateItem", 4)),  # gives the lock back
    (False, ("UpdateEndpoint", 2)),
    (False, ("DeleteEndpointConfig", 1)),
    (False, ("UpdateItem", 4)),
]


def waits(trial: Trial, tried: Tried) -> Callable[[], bool]:
    """Whether it waits for the lock, or is over."""
    client = trial.client("stepfunctions")

    def look() -> bool:
        status = client.describe_execution(executionArn=tried.execution)["status"]
        return status != "RUNNING" or "WaitForLock" in trial.states(tried)

    return look


def meet(
    platform: Platform, trial: Trial, first: Tried, second: Tried, step: tuple[str, int]
) -> Left:
    """Both at once, the second as far as it gets while the first is held at that step."""
    hold = Hold(first.access_key, *step)
    with platform.requests.watched(before=hold):
        trial.start(first)
        assert hold.reached.wait(60), trial.states(first)
        trial.start(second)
        wait_for(waits(trial, second), bool, 60)
        hold.go.set()
        trial.ended(first)
    trial.ended(second)
    return trial.left()


def wrong(trial: Trial, before: Left, *tried: Tried) -> list[str]:
    ended = {one.name: trial.ended(one) for one in tried}
    return violations(tried, ended, before, trial.left())


@pytest.mark.parametrize("good", [(True, True), (True, False), (False, True), (False, False)])
def test_two_releases_at_one_endpoint_take_turns(
    platform: Platform, served: Trial, good: tuple[bool, bool]
) -> None:
    first, second = (served.prepare(next(RUNS), one) for one in good)
    before = served.left()

    meet(platform, served, first, second, ("InvokeEndpoint", 1))

    assert wrong(served, before, first, second) == []
    assert "WaitForLock" in served.states(second)


@pytest.mark.parametrize("good", [(True, True), (False, True), (False, False)])
def test_so_do_the_first_two_of_an_endpoint(
    platform: Platform, empty: Trial, good: tuple[bool, bool]
) -> None:
    first, second = (empty.prepare(next(RUNS), one) for one in good)
    before = empty.left()

    meet(platform, empty, first, second, ("InvokeEndpoint", 1))

    assert wrong(empty, before, first, second) == []
    assert before.status == "Absent"


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_wherever_another_comes_between(
    platform: Platform, served: Trial, step: tuple[str, int]
) -> None:
    failing, good = served.prepare(next(RUNS), False), served.prepare(next(RUNS))
    before = served.left()

    meet(platform, served, failing, good, step)

    assert wrong(served, before, failing, good) == []


@pytest.mark.parametrize("arrived", [False, True], ids=["unsent", "arrived"])
@pytest.mark.parametrize(("good", "step"), STOPS, ids=str)
def test_a_release_that_is_stopped_lets_the_next_one_on(
    platform: Platform, served: Trial, good: bool, step: tuple[str, int], arrived: bool
) -> None:
    """Given a release that is stopped at a step, with its request sent or not, when the next one
    fails its probe, then what had passed a probe serves."""
    stopped, failing = served.prepare(next(RUNS), good), served.prepare(next(RUNS), False)
    before = served.left()
    hold = Hold(stopped.access_key, *step)
    with platform.requests.watched(**{"after" if arrived else "before": hold}):
        served.start(stopped)
        assert hold.reached.wait(60), served.states(stopped)
        served.stop(stopped)
        hold.refuse = True
        hold.go.set()

    served.ended(served.start(failing))

    proven = good and (step[0] == "UpdateModelPackage" or step == ("UpdateItem", 4))
    proven = proven or (good and step == ("UpdateItem", 3) and arrived)
    expected = stopped.name if proven else before.serves
    after = served.left()
    assert (after.serves, after.answers) == (expected, expected)
    assert after.packages[failing.name] == "Rejected"
    assert after.packages[stopped.name] != "Approved" or proven
    assert failing.name not in after.configs | after.models
    assert before.configs <= after.configs
    assert "owner" not in after.lock


def test_the_lock_of_an_execution_that_aws_has_forgotten_is_taken_over(served: Trial) -> None:
    key = {"endpoint": {"S": served.endpoint}}
    gone = "arn:aws:states:us-east-1:123456789012:execution:sonoflow-release-model:long-ago"
    served.client("dynamodb").update_item(
        TableName=served.table,
        Key=key,
        UpdateExpression="SET #owner = :gone",
        ExpressionAttributeNames={"#owner": "owner"},
        ExpressionAttributeValues={":gone": {"S": gone}},
    )
    before, tried = served.left(), served.prepare(next(RUNS))

    served.start(tried)

    assert wrong(served, before, tried) == []


def test_a_turn_of_waiting_is_nine_events(platform: Platform, served: Trial) -> None:
    """Of an execution's 25,000; at 60 seconds a turn, by default, they last for two days."""
    first, second = served.prepare(next(RUNS), False), served.prepare(next(RUNS), False)
    hold = Hold(first.access_key, "InvokeEndpoint")

    with platform.requests.watched(before=hold):
        served.start(first)
        assert hold.reached.wait(60)
        served.start(second)
        turns = wait_for(lambda: turns_of_waiting(served, second), lambda ids: len(ids) >= 3, 60)
        hold.go.set()
        served.ended(first)
    served.ended(second)

    assert {after - before for before, after in itertools.pairwise(turns)} == {9}


def turns_of_waiting(trial: Trial, tried: Tried) -> list[int]:
    """The numbers of the events with which it began to wait for the lock."""
    client = trial.client("stepfunctions")
    events = client.get_execution_history(executionArn=tried.execution)["events"]
    return [
        event["id"]
        for event in events
        if event.get("stateEnteredEventDetails", {}).get("name") == "WaitForLock"
    ]


def test_an_endpoints_logs_expire(empty: Trial) -> None:
    """SageMaker makes the group, and keeps all for ever."""
    group, logs = f"/aws/sagemaker/Endpoints/{empty.endpoint}", empty.client("logs")
    tried, before = empty.prepare(next(RUNS), True), empty.left()

    empty.start(tried)

    assert wrong(empty, before, tried) == []
    (found,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 30
