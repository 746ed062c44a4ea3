"""CreateTrainingJob requests: what AWS refuses at once, beside what its model says, and what a
laptop cannot do."""

from __future__ import annotations

from typing import Any

from moto.sagemaker.exceptions import ValidationError

from local.sagemaker import images
from local.sagemaker.training import channels, instances
from local.sagemaker.training.builtin_algorithm import ALGORITHMS, Algorithm

# Asked for and not kept, these would change what a job does without anyone noticing.
_UNSUPPORTED = ("RemoteDebugConfig", "RetryStrategy", "SessionChainingConfig", "VpcConfig")
DAY_SECONDS = 86400  # MaxRuntimeInSeconds by default
# How long a job on spot capacity may take whose algorithm could not go on after an interruption.
_SPOT_SECONDS_WITHOUT_CHECKPOINTS = 3600


def check(request: dict[str, Any]) -> None:
    """Raises ValidationError."""
    algorithm = _algorithm(request["AlgorithmSpecification"])
    unsupported = [member for member in _UNSUPPORTED if request.get(member)]
    if algorithm is not None and request.get("CheckpointConfig"):
        unsupported.append("CheckpointConfig of a built-in algorithm")
    unsupported += _unsupported_instances(request, algorithm)
    if request["ResourceConfig"].get("InstanceGroups"):
        unsupported.append("ResourceConfig.InstanceGroups")
    if "TrainingImage" not in request["AlgorithmSpecification"]:
        unsupported.append("AlgorithmSpecification without TrainingImage")
    if unsupported:
        raise ValidationError(
            message=f"{', '.join(unsupported)}: not supported yet by the laptop runtime."
        )
    if algorithm is not None and request["AlgorithmSpecification"].get("MetricDefinitions"):
        raise ValidationError(
            message="You can't override the metric definitions for Amazon SageMaker algorithms. "
            "Please retry the request without specifying metric definitions."
        )
    _check_spot(request, algorithm)


def _unsupported_instances(request: dict[str, Any], algorithm: Algorithm | None) -> list[str]:
    count = request["ResourceConfig"].get("InstanceCount", 1)
    if algorithm is not None and count > 1:
        return ["ResourceConfig.InstanceCount above 1 of a built-in algorithm"]
    if count > instances.LIMIT:
        return [f"ResourceConfig.InstanceCount above {instances.LIMIT}"]
    return [
        f"ShardedByS3Key of channel {channel['ChannelName']} with several instances"
        for channel in request.get("InputDataConfig") or []
        if count > 1 and channels.distribution(channel) == "ShardedByS3Key"
    ]


def described(specification: dict[str, Any]) -> dict[str, Any]:
    """The AlgorithmSpecification that DescribeTrainingJob shows: with the metrics that a built-in
    algorithm has by itself."""
    algorithm = _algorithm(specification)
    if algorithm is None:
        return specification
    return {**specification, "MetricDefinitions": algorithm.metric_definitions()}


def _algorithm(specification: dict[str, Any]) -> Algorithm | None:
    """The built-in algorithm of the request's image, if it is one."""
    try:
        contract = images.training_contract(specification.get("TrainingImage") or "")
    except images.UnknownImage:  # the job itself fails for it, as on AWS
        return None
    return ALGORITHMS.get(contract)


def _check_spot(request: dict[str, Any], algorithm: Algorithm | None) -> None:
    stopping = request.get("StoppingCondition") or {}
    wait = stopping.get("MaxWaitTimeInSeconds")
    if not request.get("EnableManagedSpotTraining"):
        if wait is not None:
            raise ValidationError(
                message="Invalid MaxWaitTimeInSeconds. It is only supported when "
                "EnableManagedSpotTraining is set to true"
            )
        return
    if wait is None or wait < stopping.get("MaxRuntimeInSeconds", DAY_SECONDS):
        raise ValidationError(
            message="Invalid MaxWaitTimeInSeconds. It must be present and be greater than or "
            "equal to MaxRuntimeInSeconds"
        )
    if algorithm is not None and wait > _SPOT_SECONDS_WITHOUT_CHECKPOINTS:
        raise ValidationError(
            message=f"MaxWaitTimeInSeconds above {_SPOT_SECONDS_WITHOUT_CHECKPOINTS} is not "
            "supported for the given algorithm"
        )
