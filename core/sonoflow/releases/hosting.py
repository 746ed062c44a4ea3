"""The requests that register a release, serve it and scale it."""

from __future__ import annotations

from typing import Any

from sonoflow.releases.release import Release

VARIANT = "primary"
# Seconds: an instance takes minutes to come, and a quiet minute is no reason to let it go.
SCALE_IN_COOLDOWN, SCALE_OUT_COOLDOWN = 300, 60


def model_package(release: Release) -> dict[str, Any]:
    """The body of CreateModelPackage.

    No Tags: a versioned package takes those of its group, and SageMaker refuses its own. No
    metadata: the state machine adds the metrics. Model metrics only where their object exists by
    now: a table's evaluation is made at its endpoint.
    """
    container = {
        "Image": release.task.serving_image_uri,
        "ModelDataUrl": release.model_uri,
    }
    package: dict[str, Any] = {
        "ModelPackageGroupName": release.endpoint,
        "ModelPackageDescription": f"{release.name}, trained by the run {release.run}",
        "InferenceSpecification": {
            "Containers": [container],
            "SupportedContentTypes": list(release.task.request_types),
            "SupportedResponseMIMETypes": list(release.task.response_types),
            "SupportedRealtimeInferenceInstanceTypes": [release.hosting.hosting_instance_type],
        },
        # Approved by the state machine, once the endpoint has passed its probe.
        "ModelApprovalStatus": "PendingManualApproval",
        # Makes a repeated call register nothing twice.
        "ClientToken": release.version,
    }
    if (metrics := release.task.model_metrics(release)) is not None:
        package["ModelMetrics"] = metrics
    return package


def model(release: Release) -> dict[str, Any]:
    """The body of CreateModel.

    Cut off from the network, except behind a serverless endpoint, which SageMaker does not offer
    isolation for: https://docs.aws.amazon.com/sagemaker/latest/dg/serverless-endpoints.html
    """
    return {
        "ModelName": release.name,
        "ExecutionRoleArn": release.deployed.sagemaker_role_arn,
        "PrimaryContainer": {
            "Image": release.task.serving_image_uri,
            "ModelDataUrl": release.model_uri,
        },
        "EnableNetworkIsolation": not is_serverless(release),
        **release.surroundings.network,
        "Tags": release.tags,
    }


def endpoint_config(release: Release) -> dict[str, Any]:
    """The body of CreateEndpointConfig. Serverless endpoints have no disk to give a key for."""
    settings = release.hosting
    key = {}
    variant: dict[str, Any] = {"VariantName": VARIANT, "ModelName": release.name}
    if is_serverless(release):
        variant["ServerlessConfig"] = {
            "MemorySizeInMB": settings.serverless_memory_mb,
            "MaxConcurrency": settings.serverless_max_concurrency,
        }
    else:
        variant["InstanceType"] = settings.hosting_instance_type
        variant["InitialInstanceCount"] = settings.scaling_minimum
        variant["InitialVariantWeight"] = 1.0
        key = release.surroundings.disk_key("KmsKeyId", settings.hosting_instance_type)
    return {
        "EndpointConfigName": release.name,
        "ProductionVariants": [variant],
        **key,
        "Tags": release.tags,
    }


def is_serverless(release: Release) -> bool:
    return release.hosting.hosting_mode == "serverless"


def endpoint(release: Release) -> dict[str, Any]:
    """The body of CreateEndpoint. Its tags outlive the release."""
    return {**_configured(release), "Tags": release.lasting_tags}


def _configured(release: Release) -> dict[str, Any]:
    return {"EndpointName": release.endpoint, "EndpointConfigName": release.name}


def endpoint_update(release: Release) -> dict[str, Any]:
    """The body of UpdateEndpoint; an endpoint that has scaled out keeps its instances."""
    return {**_configured(release), "RetainAllVariantProperties": not is_serverless(release)}


def scaling(release: Release) -> dict[str, Any] | None:
    """The bodies of RegisterScalableTarget and PutScalingPolicy; serverless scales by itself.

    Where the stack gives no TargetValue, the state machine adds the one that the probe measured.
    """
    settings = release.hosting
    if is_serverless(release):
        return None
    given = settings.scaling_target_invocations
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{release.endpoint}/variant/{VARIANT}",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    metric = {"PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}
    return {
        "target": {
            **target,
            "MinCapacity": settings.scaling_minimum,
            "MaxCapacity": settings.scaling_maximum,
        },
        "policy": {
            **target,
            "PolicyName": f"{release.endpoint}-invocations",
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                **({"TargetValue": given} if given else {}),
                "PredefinedMetricSpecification": metric,
                "ScaleInCooldown": SCALE_IN_COOLDOWN,
                "ScaleOutCooldown": SCALE_OUT_COOLDOWN,
            },
        },
    }
