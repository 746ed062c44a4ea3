from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from local.stepfunctions.jsonata_queries import evaluate
from sonoflow.releases import hosting
from sonoflow.releases.release import Release
from tests.unit import stack
from tests.unit.core.releases.service_models import problems

Compose = Callable[..., Release]


@pytest.mark.parametrize("mode", ["serverless", "realtime"])
@pytest.mark.parametrize("task", ["classification", "segmentation", "table"])
def test_every_request_is_one_that_its_service_takes(
    release: Compose, settings_env: pytest.MonkeyPatch, task: str, mode: str
) -> None:
    settings_env.setenv("HOSTING_MODE", mode)
    composed = release(task)

    assert problems("sagemaker", "CreateModelPackage", hosting.model_package(composed)) == []
    assert problems("sagemaker", "CreateModel", hosting.model(composed)) == []
    assert problems("sagemaker", "CreateEndpointConfig", hosting.endpoint_config(composed)) == []
    assert problems("sagemaker", "CreateEndpoint", hosting.endpoint(composed)) == []
    assert problems("sagemaker", "UpdateEndpoint", hosting.endpoint_update(composed)) == []


def test_serverless_variants_have_memory_and_no_instances(release: Compose) -> None:
    (variant,) = hosting.endpoint_config(release())["ProductionVariants"]

    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 4096, "MaxConcurrency": 5}
    assert "InstanceType" not in variant
    assert hosting.scaling(release()) is None


def test_realtime_variants_have_instances_and_scale_with_both_cool_downs(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("HOSTING_MODE", "realtime")
    settings_env.setenv("SCALING_MINIMUM", "2")
    composed = release()

    (variant,) = hosting.endpoint_config(composed)["ProductionVariants"]
    scaling = hosting.scaling(composed)

    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.c7i.large", 2)
    assert "ServerlessConfig" not in variant
    assert scaling is not None
    service = "application-autoscaling"
    assert problems(service, "RegisterScalableTarget", scaling["target"]) == []
    assert problems(service, "PutScalingPolicy", scaling["policy"]) == []
    assert scaling["target"]["ResourceId"] == (
        f"endpoint/sonoflow-classifier/variant/{variant['VariantName']}"
    )
    assert (scaling["target"]["MinCapacity"], scaling["target"]["MaxCapacity"]) == (2, 4)
    assert scaling["policy"]["TargetTrackingScalingPolicyConfiguration"] == {
        "TargetValue": 60.0,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
        },
        "ScaleInCooldown": 300,
        "ScaleOutCooldown": 60,
    }


@pytest.mark.parametrize(("given", "target"), [("0", 171.4), ("60", 60.0), ("0.5", 0.5)])
def test_scaling_aims_at_what_the_probe_measured_unless_the_stack_says_what_else(
    release: Compose, settings_env: pytest.MonkeyPatch, root: Path, given: str, target: float
) -> None:
    settings_env.setenv("HOSTING_MODE", "realtime")
    settings_env.setenv("SCALING_TARGET_INVOCATIONS", given)
    scaling = hosting.scaling(release())
    machine = json.loads((root / "statemachine" / "release_model.asl.json").read_text())
    expression = machine["States"]["PutScalingPolicy"]["Arguments"]

    policy = evaluate(
        expression.removeprefix("{%").removesuffix("%}"),
        {"plan": {"scaling": scaling}, "probe": {"scaling_target": 171.4}},
    )

    assert problems("application-autoscaling", "PutScalingPolicy", policy) == []
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    assert configuration["TargetValue"] == target
    assert configuration["ScaleOutCooldown"] == 60


def test_a_model_is_cut_off_from_the_network_where_sagemaker_offers_it(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("HOSTING_MODE", "realtime")
    assert hosting.model(release())["EnableNetworkIsolation"] is True

    settings_env.setenv("HOSTING_MODE", "serverless")
    assert hosting.model(release())["EnableNetworkIsolation"] is False


def test_an_update_keeps_the_instances_that_scaling_added(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("HOSTING_MODE", "realtime")
    assert hosting.endpoint_update(release())["RetainAllVariantProperties"] is True


def test_an_endpoint_outlives_the_data_set_that_it_was_made_for(release: Compose) -> None:
    """Its tags would be those of its first release for ever: UpdateEndpoint takes none."""
    composed = release()

    assert hosting.endpoint(composed)["Tags"] == [{"Key": "sonoflow:stack", "Value": "sonoflow"}]
    assert "Tags" not in hosting.endpoint_update(composed)


def test_a_model_package_points_at_its_evaluation_and_has_no_tags(release: Compose) -> None:
    """SageMaker refuses tags on versions: they take those of their group."""
    composed = release()
    package = hosting.model_package(composed)

    statistics = package["ModelMetrics"]["ModelQuality"]["Statistics"]
    assert statistics["S3Uri"] == (f"s3://{stack.WORK}/training/{composed.name}/evaluation.json")
    assert "Tags" not in package
    assert "CustomerMetadataProperties" not in package


def test_a_tables_model_is_served_by_the_image_that_trained_it(release: Compose) -> None:
    composed = release("table")
    image = stack.ENVIRONMENT["LINEAR_LEARNER_IMAGE_URI"]
    specification = hosting.model_package(composed)["InferenceSpecification"]

    assert hosting.model(composed)["PrimaryContainer"] == {
        "Image": image,
        "ModelDataUrl": f"s3://{stack.WORK}/training/{composed.name}/output/model.tar.gz",
    }
    assert [container["Image"] for container in specification["Containers"]] == [image]
    assert "application/x-recordio-protobuf" in specification["SupportedContentTypes"]
    assert "image/png" not in specification["SupportedContentTypes"]
    assert "application/jsonlines" in specification["SupportedResponseMIMETypes"]


def test_a_tables_package_names_no_evaluation_that_does_not_exist_yet(release: Compose) -> None:
    assert "ModelMetrics" not in hosting.model_package(release("table"))


def test_a_model_waits_for_its_probe_before_it_is_approved(release: Compose) -> None:
    for task in ("classification", "segmentation", "table"):
        package = hosting.model_package(release(task))
        assert package["ModelApprovalStatus"] == "PendingManualApproval"
