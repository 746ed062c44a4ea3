"""The request for a release's training job, and the parts that every task's job is made of.

None has a network. Where a release is tuned, candidates like that job take its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sonoflow import keys
from sonoflow.releases import tuning

if TYPE_CHECKING:
    from sonoflow.releases.release import Release

WHOLE, SHARED = "FullyReplicated", "ShardedByS3Key"


def request(release: Release) -> dict[str, Any]:
    """The body of CreateTrainingJob."""
    own = release.task.training_job(release)
    around, machines = release.surroundings, own["ResourceConfig"]
    output = {"S3OutputPath": keys.uri(release.work_bucket, "training")}
    return {
        **own,
        "TrainingJobName": release.name,
        "RoleArn": release.deployed.sagemaker_role_arn,
        "OutputDataConfig": {**output, **around.key("KmsKeyId")},
        "ResourceConfig": {
            **machines,
            "VolumeSizeInGB": max(
                release.releasing.training_volume_gigabytes, release.task.staged_gigabytes
            ),
            **around.disk_key("VolumeKmsKeyId", machines["InstanceType"]),
        },
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": machines["InstanceCount"] > 1,
        **around.network,
        "EnableManagedSpotTraining": release.releasing.training_spot,
        "Tags": release.tags,
    }


def tuning_request(release: Release) -> dict[str, Any] | None:
    """The body of CreateHyperParameterTuningJob; None where a single job is enough."""
    if release.task.tuning is None:
        return None
    return tuning.request(
        release.tuning_job_name, release.task.tuning, request(release), release.task.objective
    )


def algorithm(image_uri: str) -> dict[str, Any]:
    return {"TrainingImage": image_uri, "TrainingInputMode": "File"}


def machines(instance_type: str, count: int) -> dict[str, Any]:
    return {"InstanceType": instance_type, "InstanceCount": count}


def channel(name: str, kind: str, uri: str, distribution: str = WHOLE) -> dict[str, Any]:
    source = {"S3DataType": kind, "S3Uri": uri, "S3DataDistributionType": distribution}
    return {"ChannelName": name, "DataSource": {"S3DataSource": source}, "InputMode": "File"}
