"""The way back of a release: only what is its own, every step, and the reason kept."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from benchmarks.held_requests import Call, Hold, Refused
from benchmarks.release_trial import Left, Trial, Tried
from tests.integration.interpreter.conftest import Platform

RUNS = (f"run-{number}" for number in itertools.count())


@contextlib.contextmanager
def held(platform: Platform, trial: Trial, tried: Tried, *step: Any) -> Iterator[None]:
    """Within, the release waits before that request."""
    hold = Hold(tried.access_key, *step)
    with platform.requests.watched(before=hold):
        trial.start(tried)
        assert hold.reached.wait(60), trial.states(tried)
        yield
        hold.go.set()
        trial.ended(tried)


def update(trial: Trial, config: str) -> None:
    """By hand."""
    trial.client("sagemaker").update_endpoint(
        EndpointName=trial.endpoint, EndpointConfigName=config
    )


def restored(trial: Trial, before: Left, tried: Tried) -> None:
    after = trial.left()
    assert (after.serves, after.answers) == (before.serves, before.serves)
    assert (after.configs, after.models) == (before.configs, before.models)
    assert after.packages[tried.name] == "Rejected"
    assert "owner" not in after.lock


def test_restoring_waits_until_the_endpoint_can_be_updated(
    platform: Platform, served: Trial
) -> None:
    failing, before = served.prepare(next(RUNS), False), served.left()

    with held(platform, served, failing, "UpdateItem", 3):  # after its probe has failed
        update(served, failing.name)

    restored(served, before, failing)
    assert "WaitToUndo" in served.states(failing)
    assert "ModelError" in served.ended(failing)["error"]


def test_restoring_keeps_the_instances_that_scaling_has_added(served: Trial) -> None:
    served.client("sagemaker").update_endpoint_weights_and_capacities(
        EndpointName=served.endpoint,
        DesiredWeightsAndCapacities=[
            {"VariantName": "primary", "DesiredWeight": 1.0, "DesiredInstanceCount": 3}
        ],
    )
    failing, before = served.prepare(next(RUNS), False), served.left()

    served.ended(served.start(failing))

    restored(served, before, failing)
    assert (before.instances, served.left().instances) == (3, 3)


@pytest.mark.parametrize("step", [("InvokeEndpoint", 1), ("UpdateItem", 3)], ids=str)
@pytest.mark.parametrize("good", [True, False])
def test_what_somebody_put_there_by_hand_stays(
    platform: Platform, served: Trial, good: bool, step: tuple[str, int]
) -> None:
    """Even where a release has another configuration to go back to. Once its lock says that the
    probe has passed, it is over, and what happens then is no matter of its."""
    older = served.left().serves
    assert older is not None
    newer = served.prepare(next(RUNS))
    assert served.ended(served.start(newer))["status"] == "SUCCEEDED"
    tried = served.prepare(next(RUNS), good)

    with held(platform, served, tried, *step):
        update(served, older)
        served.left()  # until it serves

    ended, after = served.ended(tried), served.left()
    assert (after.serves, after.answers) == (older, older)
    if good and step[0] == "UpdateItem":
        assert ended["status"] == "SUCCEEDED"
        return
    assert ended["status"] == "FAILED"
    if good:
        assert ended["error"] == "EndpointChanged"
        assert older in ended["cause"]
    assert tried.name not in after.configs | after.models
    assert after.packages[tried.name] == "Rejected"


def test_an_endpoint_made_by_hand_meanwhile_is_an_error_and_stays(
    platform: Platform, empty: Trial
) -> None:
    tried = empty.prepare(next(RUNS))
    sagemaker = empty.client("sagemaker")

    with held(platform, empty, tried, "CreateEndpoint"):
        model = sagemaker.describe_model(ModelName=tried.name)
        hand = f"{empty.stack}-by-hand"
        sagemaker.create_model(
            ModelName=hand,
            ExecutionRoleArn=model["ExecutionRoleArn"],
            PrimaryContainer=model["PrimaryContainer"],
        )
        variant = {"VariantName": "primary", "ModelName": hand, "InitialInstanceCount": 1}
        sagemaker.create_endpoint_config(
            EndpointConfigName=hand,
            ProductionVariants=[{**variant, "InstanceType": "ml.c7i.large"}],
        )
        sagemaker.create_endpoint(EndpointName=empty.endpoint, EndpointConfigName=hand)

    ended, after = empty.ended(tried), empty.left()
    assert "already existing endpoint" in ended["cause"]
    assert (after.status, after.serves) == ("InService", hand)
    assert tried.name not in after.configs | after.models


@pytest.mark.parametrize("operation", ["CreateEndpoint", "UpdateEndpoint"])
def test_a_request_whose_answer_is_lost_is_undone_too(
    platform: Platform, served: Trial, empty: Trial, operation: str
) -> None:
    """Given that it arrived though its caller was told of a failure, again and again, then what it
    began is found and taken back."""
    trial = empty if operation == "CreateEndpoint" else served
    tried, before = trial.prepare(next(RUNS)), trial.left()
    lost = itertools.count()

    def lose(call: Call) -> None:
        if call == Call(operation, tried.access_key) and next(lost) < 1 + 4:
            raise Refused

    with platform.requests.watched(after=lose):
        ended = trial.ended(trial.start(tried))

    assert ended["status"] == "FAILED"
    restored(trial, before, tried)


UNDO_STEPS = [
    ("UpdateEndpoint", 2, "RestoreEndpoint"),
    ("ListEndpoints", 2, "FindEndpointLeft"),
    ("DeleteEndpointConfig", 1, "RemoveEndpointConfig"),
    ("DeleteModel", 1, "RemoveModel"),
    ("UpdateModelPackage", 1, "RejectModelPackage"),
    ("UpdateItem", 4, None),  # gives the lock back
]


@pytest.mark.parametrize(("operation", "nth", "state"), UNDO_STEPS)
def test_a_step_back_that_fails_hides_no_reason_and_keeps_no_other_from_being_taken(
    platform: Platform, served: Trial, operation: str, nth: int, state: str | None
) -> None:
    failing, before = served.prepare(next(RUNS), False), served.left()
    counted = itertools.count(1)

    def refuse(call: Call) -> None:
        if call == Call(operation, failing.access_key) and next(counted) >= nth:
            raise Refused

    with platform.requests.watched(before=refuse):
        ended = served.ended(served.start(failing))

    after = served.left()
    assert "ModelError" in ended["error"] + ended["cause"]
    if state is not None:
        assert f"{state}: SageMaker." in ended["cause"]
    unclear = state in ("RestoreEndpoint", "FindEndpointLeft")
    assert ended["error"] == "EndpointNeedsAttention" if unclear else "ModelError" in ended["error"]
    assert after.serves == (failing.name if unclear else before.serves)
    assert (failing.name in after.configs) == (unclear or operation == "DeleteEndpointConfig")
    assert (failing.name in after.models) == (unclear or operation == "DeleteModel")
    rejected = operation != "UpdateModelPackage"
    assert (after.packages[failing.name] == "Rejected") == rejected
    assert ("owner" in after.lock) == (operation == "UpdateItem")
    if unclear:  # the next release knows that this one has proven nothing
        served.ended(served.start(following := served.prepare(next(RUNS), False)))
        assert served.left().serves == after.lock["proven"]
        assert following.name not in served.left().configs


def test_what_served_without_a_lock_is_gone_back_to_after_a_release_that_was_stopped(
    platform: Platform, served: Trial
) -> None:
    """A stack that is updated from before there were locks has an endpoint and an empty table."""
    locks = served.client("dynamodb")
    locks.delete_item(TableName=served.table, Key={"endpoint": {"S": served.endpoint}})
    stopped, failing = served.prepare(next(RUNS)), served.prepare(next(RUNS), False)
    before = served.left()
    hold = Hold(stopped.access_key, "InvokeEndpoint", 1)
    with platform.requests.watched(before=hold):
        served.start(stopped)
        assert hold.reached.wait(60), served.states(stopped)
        served.stop(stopped)
        hold.refuse = True
        hold.go.set()

    served.ended(served.start(failing))

    assert served.left().serves == before.serves


def test_a_proven_model_that_cannot_be_approved_serves_on(
    platform: Platform, served: Trial
) -> None:
    good = served.prepare(next(RUNS))

    def refuse(call: Call) -> None:
        if call == Call("UpdateModelPackage", good.access_key):
            raise Refused

    with platform.requests.watched(before=refuse):
        ended = served.ended(served.start(good))

    after = served.left()
    assert (ended["status"], ended["error"]) == ("FAILED", "ModelNotApproved")
    assert f"serves {good.name}, which has passed its probe" in ended["cause"]
    assert (after.serves, after.lock["proven"]) == (good.name, good.name)
    assert "owner" not in after.lock
    assert after.packages[good.name] == "PendingManualApproval"


def test_a_lock_that_cannot_be_given_back_fails_no_release_and_stops_no_other(
    platform: Platform, served: Trial
) -> None:
    good, failing = served.prepare(next(RUNS)), served.prepare(next(RUNS), False)
    counted = itertools.count(1)

    def refuse(call: Call) -> None:
        if call == Call("UpdateItem", good.access_key) and next(counted) > 3:
            raise Refused

    with platform.requests.watched(before=refuse):
        ended = served.ended(served.start(good))
    before = served.left()
    served.ended(served.start(failing))

    assert ended["status"] == "SUCCEEDED"
    assert before.lock["owner"] == good.execution
    restored(served, before, failing)
    assert before.serves == good.name


def test_who_has_lost_the_lock_leaves_the_endpoint_alone(platform: Platform, served: Trial) -> None:
    """As an execution does that was stopped, taken over from, and redriven."""
    for good in (True, False):
        tried, before = served.prepare(next(RUNS), good), served.left()

        with held(platform, served, tried, "InvokeEndpoint"):
            own(served, "somebody")

        ended, after = served.ended(tried), served.left()
        own(served, tried.execution)  # which is over
        assert ended["error"] == "LockLost"
        assert good or "ModelError" in ended["cause"]
        assert after.serves == tried.name
        assert tried.name in after.configs & after.models
        assert after.packages[tried.name] == "Rejected"
        assert after.lock["owner"] == "somebody"
        served.ended(served.start(served.prepare(next(RUNS), False)))
        assert served.left().serves == before.lock["proven"]


def own(trial: Trial, owner: str) -> None:
    trial.client("dynamodb").update_item(
        TableName=trial.table,
        Key={"endpoint": {"S": trial.endpoint}},
        UpdateExpression="SET #owner = :owner",
        ExpressionAttributeNames={"#owner": "owner"},
        ExpressionAttributeValues={":owner": {"S": owner}},
    )


def test_a_proven_configuration_that_is_gone_is_not_gone_back_to(
    platform: Platform, empty: Trial
) -> None:
    """Given an endpoint that a stopped release left unproven, and that somebody has deleted the
    proven configuration, when the next release fails, then it goes back to what served."""
    first, stopped = empty.prepare(next(RUNS)), empty.prepare(next(RUNS))
    failing = empty.prepare(next(RUNS), False)
    empty.ended(empty.start(first))
    with held(platform, empty, stopped, "InvokeEndpoint"):
        empty.stop(stopped)
    empty.client("sagemaker").delete_endpoint_config(EndpointConfigName=first.name)

    ended = empty.ended(empty.start(failing))

    after = empty.left()
    assert "ModelError" in ended["error"]
    assert (after.serves, after.answers) == (stopped.name, stopped.name)
    assert failing.name not in after.configs


def test_a_release_whose_container_does_not_start_takes_back_what_a_stopped_one_left(
    platform: Platform, empty: Trial
) -> None:
    """SageMaker goes back by itself, but to what served: a model that nobody has proven."""
    first, stopped, broken = (empty.prepare(next(RUNS)) for _ in range(3))
    empty.ended(empty.start(first))
    with held(platform, empty, stopped, "InvokeEndpoint"):
        empty.stop(stopped)
    key = f"training/{broken.name}/output/model.tar.gz"
    empty.client("s3").put_object(Bucket=empty.bucket, Key=key, Body=b"no archive")

    ended = empty.ended(empty.start(broken))

    after = empty.left()
    assert ended["error"] == "EndpointRolledBack"
    assert (after.serves, after.answers) == (first.name, first.name)
    assert broken.name not in after.configs | after.models
