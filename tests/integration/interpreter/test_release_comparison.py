"""A model that is worse than the one in service: what becomes of its release, and when."""

from __future__ import annotations

import itertools
from typing import Any

from benchmarks.held_requests import Hold
from benchmarks.release_trial import Trial, Tried
from tests.integration.interpreter.conftest import Platform, wait_for

RUNS = (f"run-{number}" for number in itertools.count())


def package(trial: Trial, tried: Tried) -> dict[str, Any]:
    sagemaker = trial.client("sagemaker")
    listed = sagemaker.list_model_packages(ModelPackageGroupName=trial.endpoint)
    (arn,) = (
        one["ModelPackageArn"]
        for one in listed["ModelPackageSummaryList"]
        if one["ModelPackageDescription"].startswith(f"{tried.name},")
    )
    found: dict[str, Any] = sagemaker.describe_model_package(ModelPackageName=arn)
    return found


def test_a_worse_model_is_registered_as_rejected_with_the_reason_and_never_deployed(
    served: Trial,
) -> None:
    before = served.left()
    assert before.serves is not None
    tried = served.prepare(next(RUNS), worse_than=before.serves)

    ended = served.ended(served.start(tried))

    assert (ended["status"], ended["error"]) == ("FAILED", "ModelWorse")
    assert ended["cause"] == f"worse than {before.serves}"
    registered = package(served, tried)
    assert registered["ModelApprovalStatus"] == "Rejected"
    assert registered["ApprovalDescription"] == f"ModelWorse: worse than {before.serves}"
    assert registered["CustomerMetadataProperties"]["comparison"] == "worse"
    after, states = served.left(), served.states(tried)
    assert (after.serves, after.answers) == (before.serves, before.serves)
    assert (after.configs, after.models) == (before.configs, before.models)
    assert "LockEndpoint" not in states
    assert "CreateModel" not in states


def test_a_model_that_passes_says_in_the_registry_what_it_was_compared_with(
    served: Trial,
) -> None:
    tried = served.prepare(next(RUNS))

    assert served.ended(served.start(tried))["status"] == "SUCCEEDED"

    registered = package(served, tried)
    assert registered["ModelApprovalStatus"] == "Approved"
    assert "comparison" in registered["CustomerMetadataProperties"]
    assert "evaluation" in registered["CustomerMetadataProperties"]
    assert served.states(tried).count("CompareModels") == 1


def test_a_model_is_compared_anew_with_one_that_came_into_service_meanwhile(
    platform: Platform, served: Trial
) -> None:
    """Given two releases, each better than the one before both, the second worse than the first:
    while it is compared anew the lock is free."""
    first = served.prepare(next(RUNS))
    second = served.prepare(next(RUNS), worse_than=first.name)
    updating = Hold(first.access_key, "UpdateEndpoint", 1)
    with platform.requests.watched(before=updating):
        served.start(first)
        assert updating.reached.wait(60), served.states(first)
        served.start(second)
        wait_for(lambda: "WaitForLock" in served.states(second), bool, 60)
        updating.go.set()
        assert served.ended(first)["status"] == "SUCCEEDED"
    ended, after = served.ended(second), served.left()

    assert (ended["status"], ended["error"]) == ("FAILED", "ModelWorse")
    assert ended["cause"] == f"worse than {first.name}"
    assert (after.serves, after.answers) == (first.name, first.name)
    assert second.name not in after.configs | after.models
    assert after.packages[second.name] == "Rejected"
    assert "owner" not in after.lock
    states = served.states(second)
    assert states.count("CompareModels") == 2
    assert states.index("UnlockToCompare") < len(states) - 1 - states[::-1].index("CompareModels")
    assert "UpdateEndpoint" not in states


def test_a_model_that_holds_against_the_newcomer_too_takes_its_place(
    platform: Platform, served: Trial
) -> None:
    first, second = served.prepare(next(RUNS)), served.prepare(next(RUNS))
    updating = Hold(first.access_key, "UpdateEndpoint", 1)
    with platform.requests.watched(before=updating):
        served.start(first)
        assert updating.reached.wait(60), served.states(first)
        served.start(second)
        wait_for(lambda: "WaitForLock" in served.states(second), bool, 60)
        updating.go.set()
        served.ended(first)
    served.ended(second)

    after = served.left()
    assert (after.serves, after.answers) == (second.name, second.name)
    assert served.states(second).count("CompareModels") == 2
    assert "owner" not in after.lock
