"""The request for a release's training job: script mode, without network."""

from __future__ import annotations

from typing import Any

from sonoflow import keys, tasks
from sonoflow.releases import Release

VOLUME_GIGABYTES = 30
_INPUT = "/opt/ml/input/data"


def request(release: Release) -> dict[str, Any]:
    """The body of CreateTrainingJob."""
    settings = release.training
    several = settings.training_instance_count > 1
    return {
        "TrainingJobName": release.name,
        "RoleArn": settings.sagemaker_role_arn,
        "AlgorithmSpecification": {
            "TrainingImage": settings.training_image_uri,
            "TrainingInputMode": "File",
            "MetricDefinitions": release.task.metric_definitions(),
        },
        "HyperParameters": tasks.encoded({**release.hyperparameters, **_script(release)}),
        "InputDataConfig": _channels(release),
        "OutputDataConfig": {"S3OutputPath": keys.uri(release.work_bucket, "training")},
        "ResourceConfig": {
            "InstanceType": settings.training_instance_type,
            "InstanceCount": settings.training_instance_count,
            "VolumeSizeInGB": VOLUME_GIGABYTES,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": settings.training_max_runtime_seconds},
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": several,
        "Tags": release.tags,
    }


def _script(release: Release) -> dict[str, str]:
    """Script mode's own parameters. The code comes as a channel: the container cannot reach S3."""
    archive = keys.parse_uri(release.code.uri)[1].rpartition("/")[2]
    return {
        "sagemaker_program": release.task.program,
        "sagemaker_submit_directory": f"{_INPUT}/code/{archive}",
    }


def _channels(release: Release) -> list[dict[str, Any]]:
    channels = [_channel(split, "ManifestFile", release.manifests[split]) for split in keys.SPLITS]
    channels.append(_channel("code", "S3Prefix", release.code.uri))
    weights = release.training.pretrained_weights_uri
    if weights and release.task.uses_pretrained_weights:
        channels.append(_channel("weights", "S3Prefix", weights))
    return channels


def _channel(name: str, kind: str, uri: str) -> dict[str, Any]:
    source = {"S3DataType": kind, "S3Uri": uri, "S3DataDistributionType": "FullyReplicated"}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, "InputMode": "File"}
