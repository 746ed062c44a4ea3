"""Releases that change what an endpoint runs on: SageMaker takes no such update while it scales."""

from __future__ import annotations

import itertools
from typing import Any

from benchmarks.held_requests import Call, Refused
from benchmarks.release_outcomes import violations
from benchmarks.release_trial import Trial, Tried
from tests.integration.interpreter.conftest import Platform

RUNS = (f"run-{number}" for number in itertools.count())
OTHER = "ml.c7i.xlarge"
VARIANT = {
    "ServiceNamespace": "sagemaker",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
SCALING = ("UpdateEndpoint", "RegisterScalableTarget", "DeregisterScalableTarget")


def targets(trial: Trial) -> list[str]:
    found = trial.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[f"endpoint/{trial.endpoint}/variant/primary"]
    )
    return [one["ResourceId"] for one in found["ScalableTargets"]]


def policies(trial: Trial) -> dict[str, dict[str, Any]]:
    """By name, what each aims at."""
    found = trial.client("application-autoscaling").describe_scaling_policies(
        ServiceNamespace="sagemaker", ResourceId=f"endpoint/{trial.endpoint}/variant/primary"
    )
    return {
        one["PolicyName"]: one["TargetTrackingScalingPolicyConfiguration"]
        for one in found["ScalingPolicies"]
    }


def scales(trial: Trial) -> bool:
    return bool(targets(trial)) and list(policies(trial)) == [f"{trial.endpoint}-invocations"]


def released(platform: Platform, trial: Trial, tried: Tried, refused: str = "") -> list[str]:
    """The requests of its release that matter to scaling, in their order; one may be refused."""
    made: list[str] = []

    def before(call: Call) -> None:
        if call.access_key == tried.access_key and call.operation in (*SCALING, refused):
            made.append(call.operation)
            if call.operation == refused:
                raise Refused

    with platform.requests.watched(before=before):
        trial.ended(trial.start(tried))
    return made


def test_a_release_on_the_same_instances_leaves_scaling_alone(
    platform: Platform, served: Trial
) -> None:
    made = released(platform, served, served.prepare(next(RUNS)))

    assert made == ["UpdateEndpoint", "RegisterScalableTarget"]
    assert scales(served)


def test_one_on_others_suspends_it_for_as_long_as_the_update_takes(
    platform: Platform, empty: Trial
) -> None:
    """And what failed on other instances comes back to those that were, and scales again."""
    good = [empty.prepare(next(RUNS)), empty.prepare(next(RUNS), instance_type=OTHER)]
    for one in good:
        made = released(platform, empty, one)
        assert empty.ended(one)["status"] == "SUCCEEDED"
        assert scales(empty)
    assert made == ["DeregisterScalableTarget", "UpdateEndpoint", "RegisterScalableTarget"]

    failing, before = empty.prepare(next(RUNS), False), empty.left()
    made = released(platform, empty, failing)

    assert made == [
        "DeregisterScalableTarget",
        "UpdateEndpoint",
        "DeregisterScalableTarget",
        "UpdateEndpoint",
        "RegisterScalableTarget",
    ]
    ended = {failing.name: empty.ended(failing)}
    assert violations([failing], ended, before, empty.left()) == []
    assert scales(empty)


def test_what_an_earlier_probe_measured_is_put_back(platform: Platform, served: Trial) -> None:
    """The failed release has measured nothing, and the stack's parameters need not say it."""
    scaling = served.client("application-autoscaling")
    ((name, measured),) = policies(served).items()
    earlier = {**measured, "TargetValue": 42.0, "ScaleInCooldown": 7}
    scaling.put_scaling_policy(
        **VARIANT,
        ResourceId=f"endpoint/{served.endpoint}/variant/primary",
        PolicyName=name,
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration=earlier,
    )
    failing, before = served.prepare(next(RUNS), False, instance_type=OTHER), served.left()

    released(platform, served, failing)

    assert violations([failing], {failing.name: served.ended(failing)}, before, served.left()) == []
    assert policies(served) == {name: earlier}


def test_where_there_was_no_policy_none_is_put_back(platform: Platform, served: Trial) -> None:
    (name,) = policies(served)
    served.client("application-autoscaling").delete_scaling_policy(
        **VARIANT, ResourceId=f"endpoint/{served.endpoint}/variant/primary", PolicyName=name
    )
    failing, before = served.prepare(next(RUNS), False, instance_type=OTHER), served.left()

    released(platform, served, failing)

    assert violations([failing], {failing.name: served.ended(failing)}, before, served.left()) == []
    assert targets(served)
    assert policies(served) == {}
    released(platform, served, served.prepare(next(RUNS)))
    assert scales(served), "the next good release measures one"


def test_scaling_that_cannot_be_suspended_changes_nothing(
    platform: Platform, served: Trial
) -> None:
    tried, before = served.prepare(next(RUNS), instance_type=OTHER), served.left()

    made = released(platform, served, tried, refused="DeregisterScalableTarget")

    ended = served.ended(tried)
    assert ended["error"].startswith("ApplicationAutoScaling.")
    assert "UpdateEndpoint" not in made
    assert served.left().serves == before.serves
    assert scales(served)


def test_scaling_that_cannot_be_resumed_is_told_beside_the_reason(
    platform: Platform, served: Trial
) -> None:
    tried, before = served.prepare(next(RUNS), False, instance_type=OTHER), served.left()

    released(platform, served, tried, refused="RegisterScalableTarget")

    ended = served.ended(tried)
    assert "ModelError" in ended["error"]
    assert "ResumeScaling: ApplicationAutoScaling." in ended["cause"]
    assert served.left().serves == before.serves
    released(platform, served, served.prepare(next(RUNS)))
    assert scales(served)


def test_a_serving_configuration_that_is_gone_may_have_had_other_instances(
    platform: Platform, empty: Trial
) -> None:
    first, second = empty.prepare(next(RUNS)), empty.prepare(next(RUNS))
    empty.ended(empty.start(first))
    empty.client("sagemaker").delete_endpoint_config(EndpointConfigName=first.name)

    made = released(platform, empty, second)

    assert empty.ended(second)["status"] == "SUCCEEDED"
    assert made == ["DeregisterScalableTarget", "UpdateEndpoint", "RegisterScalableTarget"]
    assert scales(empty)


def test_instances_do_not_become_serverless(platform: Platform, served: Trial) -> None:
    """SageMaker refuses it: it is told before the training, and nothing has been made."""
    tried, before = served.prepare(next(RUNS), serverless=True), served.left()

    ended = served.ended(served.start(tried))

    assert (ended["status"], ended["error"]) == ("FAILED", "HostingModeChanged")
    assert f"{served.endpoint} runs on instances, and HostingMode is serverless" in ended["cause"]
    assert "Train" not in served.states(tried)
    assert served.left() == before


def test_nor_what_is_serverless_instances(platform: Platform, empty: Trial) -> None:
    """SageMaker takes that and not the way back, which a failed probe would need."""
    first = empty.prepare(next(RUNS), serverless=True)
    assert empty.ended(empty.start(first))["status"] == "SUCCEEDED"
    tried, before = empty.prepare(next(RUNS)), empty.left()

    ended = empty.ended(empty.start(tried))

    assert ended["error"] == "HostingModeChanged"
    assert "is serverless, and HostingMode asks for instances" in ended["cause"]
    assert empty.left() == before
    again = empty.prepare(next(RUNS), serverless=True)
    assert empty.ended(empty.start(again))["status"] == "SUCCEEDED"
