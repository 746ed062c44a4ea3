"""The request for a release's training job: a script of ours, or a built-in algorithm.

Neither has a network. Where a release is tuned, candidates like that job take its place.
"""

from __future__ import annotations

from typing import Any

from sonoflow import keys
from sonoflow.releases import tasks, tuning
from sonoflow.releases.linear_learner import SPOT_SECONDS_LIMIT
from sonoflow.releases.release import Code, Release
from sonoflow.settings import Training

VOLUME_GIGABYTES = 30
RECORDIO = "application/x-recordio-protobuf"
_INPUT = "/opt/ml/input/data"
_WHOLE, _SHARED = "FullyReplicated", "ShardedByS3Key"


def request(release: Release) -> dict[str, Any]:
    """The body of CreateTrainingJob."""
    own = _script(release, release.source) if isinstance(release.source, Code) else _table(release)
    return {
        "TrainingJobName": release.name,
        "RoleArn": release.training.sagemaker_role_arn,
        "OutputDataConfig": {"S3OutputPath": keys.uri(release.work_bucket, "training")},
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": own["ResourceConfig"]["InstanceCount"] > 1,
        "Tags": release.tags,
        **own,
    }


def tuning_request(release: Release) -> dict[str, Any] | None:
    """The body of CreateHyperParameterTuningJob; None where a single job is enough."""
    if release.tuning is None:
        return None
    objective = release.task.objective
    return tuning.request(release.tuning_job_name, release.tuning, request(release), objective)


def _script(release: Release, code: Code) -> dict[str, Any]:
    """Script mode. The code comes as a channel: the container cannot reach S3."""
    settings = release.training
    archive = keys.parse_uri(code.uri)[1].rpartition("/")[2]
    flags = {
        **release.hyperparameters,
        "sagemaker_program": release.task.program,
        "sagemaker_submit_directory": f"{_INPUT}/code/{archive}",
    }
    channels = [_channel(split, "ManifestFile", release.manifests[split]) for split in keys.SPLITS]
    channels.append(_channel("code", "S3Prefix", code.uri))
    # Which images belong together, for the confidence intervals.
    index = keys.uri(release.work_bucket, release.dataset.index)
    channels.append(_channel("index", "S3Prefix", index))
    if weights := release.task.weights_uri(settings):
        channels.append(_channel("weights", "S3Prefix", weights))
    return {
        "AlgorithmSpecification": {
            **_algorithm(release),
            "MetricDefinitions": release.task.metric_definitions(),
        },
        "HyperParameters": tasks.encoded(flags),
        "InputDataConfig": channels,
        "ResourceConfig": _machines(
            settings.training_instance_type, settings.training_instance_count
        ),
        "StoppingCondition": _stopping(settings),
        "EnableManagedSpotTraining": settings.training_spot,
        # Written after every epoch: a job that is interrupted goes on there.
        "CheckpointConfig": {
            "S3Uri": keys.uri(release.work_bucket, keys.checkpoints(release.name)),
        },
    }


def _stopping(settings: Training) -> dict[str, int]:
    """A script checkpoints, so it may wait for spot instances as long again as it may run."""
    seconds = settings.training_max_runtime_seconds
    if not settings.training_spot:
        return {"MaxRuntimeInSeconds": seconds}
    return {"MaxRuntimeInSeconds": seconds, "MaxWaitTimeInSeconds": 2 * seconds}


def _table(release: Release) -> dict[str, Any]:
    """Linear Learner, which shares the training shards out between its instances."""
    settings = release.table_training
    seconds = release.training.training_max_runtime_seconds
    stopping = {"MaxRuntimeInSeconds": seconds}
    if settings.table_spot:
        stopping = {
            "MaxRuntimeInSeconds": min(seconds, SPOT_SECONDS_LIMIT),
            "MaxWaitTimeInSeconds": SPOT_SECONDS_LIMIT,
        }
    return {
        "AlgorithmSpecification": _algorithm(release),
        "HyperParameters": release.hyperparameters,
        "InputDataConfig": [
            {
                **_channel(
                    split,
                    "ManifestFile",
                    release.manifests[split],
                    _SHARED if split == "train" else _WHOLE,
                ),
                "ContentType": RECORDIO,
            }
            for split in keys.SPLITS
        ],
        "ResourceConfig": _machines(settings.table_instance_type, settings.table_instance_count),
        "StoppingCondition": stopping,
        "EnableManagedSpotTraining": settings.table_spot,
    }


def _algorithm(release: Release) -> dict[str, Any]:
    return {"TrainingImage": release.training_image_uri, "TrainingInputMode": "File"}


def _machines(instance_type: str, count: int) -> dict[str, Any]:
    return {
        "InstanceType": instance_type,
        "InstanceCount": count,
        "VolumeSizeInGB": VOLUME_GIGABYTES,
    }


def _channel(name: str, kind: str, uri: str, distribution: str = _WHOLE) -> dict[str, Any]:
    source = {"S3DataType": kind, "S3Uri": uri, "S3DataDistributionType": distribution}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, "InputMode": "File"}
