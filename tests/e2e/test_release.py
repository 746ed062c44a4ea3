"""One machinery, both ways of hosting; once per content; updated in place, and gone back on."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.conftest import Deploy, Stack

pytestmark = pytest.mark.slow

Phantoms = Callable[[int], bytes]


def scaling_policies(stack: Stack) -> list[dict[str, Any]]:
    scaling = stack.laptop.client("application-autoscaling")
    found: list[dict[str, Any]] = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")[
        "ScalingPolicies"
    ]
    return found


def serving(stack: Stack) -> dict[str, str]:
    """Endpoint name → the configuration that it serves."""
    names = [e["EndpointName"] for e in stack.sagemaker.list_endpoints()["Endpoints"]]
    described = [stack.sagemaker.describe_endpoint(EndpointName=name) for name in names]
    assert {endpoint["EndpointStatus"] for endpoint in described} <= {"InService"}
    return {endpoint["EndpointName"]: endpoint["EndpointConfigName"] for endpoint in described}


def test_realtime_hosting_scales(deploy: Deploy, phantoms: Phantoms) -> None:
    with deploy(HostingMode="realtime", ScalingMaximum="3", ScaleInCooldown="77") as stack:
        ended = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))

        assert ended["status"] == "SUCCEEDED", ended.get("cause")
        policies = {policy["ResourceId"]: policy for policy in scaling_policies(stack)}
        assert set(policies) == {
            "endpoint/sonoflow-classifier/variant/primary",
            "endpoint/sonoflow-segmenter/variant/primary",
        }
        for policy in policies.values():
            target = policy["TargetTrackingScalingPolicyConfiguration"]
            assert target["ScaleInCooldown"] == 77


def test_a_second_data_set_updates_the_endpoints_in_place(
    deploy: Deploy, phantoms: Phantoms
) -> None:
    with deploy() as stack:
        first = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))
        assert first["status"] == "SUCCEEDED", first.get("cause")
        assert scaling_policies(stack) == []  # serverless does not scale by policy
        before = serving(stack)

        stack.upload("datasets/phantoms.zip", phantoms(1))  # the same again
        second = stack.run_to_the_end("datasets/phantoms.zip", phantoms(2))

        assert second["status"] == "SUCCEEDED", second.get("cause")
        assert len(stack.runs()) == 2
        after = serving(stack)
        assert set(after) == {"sonoflow-classifier", "sonoflow-segmenter"}
        assert all(after[name] != before[name] for name in after)
        releases = json.loads(second["output"])["releases"]
        assert {release["release"] for release in releases} == set(after.values())
        packages = stack.sagemaker.list_model_packages(ModelPackageGroupName="sonoflow-classifier")
        versions = [p["ModelPackageVersion"] for p in packages["ModelPackageSummaryList"]]
        assert sorted(versions) == [1, 2]


def test_an_endpoint_that_does_not_come_up_is_undone(deploy: Deploy, phantoms: Phantoms) -> None:
    """Given a serving image that nobody has, when a model is released, then the endpoint, its
    configuration and the model are gone and the package is marked Rejected."""
    with deploy(ServingImageUri="123456789012.dkr.ecr.us-east-1.amazonaws.com/none:1") as stack:
        ended = stack.run_to_the_end("datasets/phantoms.zip", phantoms(1))

        assert ended["status"] == "FAILED"
        assert "none:1" in ended["cause"]
        assert serving(stack) == {}
        assert stack.sagemaker.list_endpoint_configs()["EndpointConfigs"] == []
        assert stack.sagemaker.list_models()["Models"] == []
        packages = stack.sagemaker.list_model_packages(ModelPackageGroupName="sonoflow-classifier")
        statuses = [p["ModelApprovalStatus"] for p in packages["ModelPackageSummaryList"]]
        assert statuses == ["Rejected"]
        assert stack.running() == []
