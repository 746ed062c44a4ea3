from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from sonoflow.releases import training_jobs
from sonoflow.releases.release import Release
from tests.unit import stack
from tests.unit.core.releases.service_models import problems

Compose = Callable[..., Release]


@pytest.mark.parametrize("task", ["classification", "segmentation", "table"])
def test_the_request_is_one_that_sagemaker_takes(release: Compose, task: str) -> None:
    request = training_jobs.request(release(task))

    assert problems("sagemaker", "CreateTrainingJob", request) == []
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", request["TrainingJobName"])
    assert len(request["HyperParameters"]) <= 100
    assert all(
        isinstance(value, str) and len(value) <= 2500
        for value in request["HyperParameters"].values()
    )
    definitions = request["AlgorithmSpecification"].get("MetricDefinitions", [])
    assert len(definitions) <= 40
    assert all(len(d["Name"]) <= 255 and len(d["Regex"]) <= 500 for d in definitions)


def test_the_container_is_cut_off_and_its_code_comes_as_a_channel(release: Compose) -> None:
    composed = release()
    request = training_jobs.request(composed)

    told = {name: json.loads(value) for name, value in request["HyperParameters"].items()}
    assert request["EnableNetworkIsolation"] is True
    assert told["sagemaker_program"] == "train_classifier.py"
    archive = f"{composed.task.source}.tar.gz"
    assert told["sagemaker_submit_directory"] == f"/opt/ml/input/data/code/{archive}"
    channels = {channel["ChannelName"]: channel for channel in request["InputDataConfig"]}
    assert list(channels) == ["train", "validation", "test", "code", "index"]
    assert channels["code"]["DataSource"]["S3DataSource"] == {
        "S3DataType": "S3Prefix",
        "S3Uri": f"s3://{stack.WORK}/code/{archive}",
        "S3DataDistributionType": "FullyReplicated",
    }


def test_each_split_is_a_channel_of_its_manifest(release: Compose) -> None:
    channels = training_jobs.request(release())["InputDataConfig"][:3]
    assert [channel["ChannelName"] for channel in channels] == ["train", "validation", "test"]
    for channel in channels:
        name = channel["ChannelName"]
        source = channel["DataSource"]["S3DataSource"]
        assert source["S3DataType"] == "ManifestFile"
        assert source["S3Uri"].endswith(f"/splits/{name}.manifest")
        assert channel["InputMode"] == "File"


@pytest.mark.parametrize(
    ("variable", "task", "other"),
    [
        ("PRETRAINED_WEIGHTS_URI", "classification", "segmentation"),
        ("SEGMENTER_WEIGHTS_URI", "segmentation", "classification"),
    ],
)
def test_weights_to_start_from_are_a_channel_of_their_own_task(
    release: Compose, settings_env: pytest.MonkeyPatch, variable: str, task: str, other: str
) -> None:
    settings_env.setenv(variable, "s3://weights/resnet18.pth")

    def channels(task: str) -> list[str]:
        request = training_jobs.request(release(task))
        return [channel["ChannelName"] for channel in request["InputDataConfig"]]

    always = ["train", "validation", "test", "code", "index"]
    assert channels(task) == [*always, "weights"]
    assert channels(other) == always


@pytest.mark.parametrize(("count", "encrypted"), [("1", False), ("2", True)])
def test_instances_speak_encrypted_where_there_are_several(
    release: Compose, settings_env: pytest.MonkeyPatch, count: str, encrypted: bool
) -> None:
    settings_env.setenv("TRAINING_INSTANCE_COUNT", count)

    request = training_jobs.request(release())

    assert request["EnableInterContainerTrafficEncryption"] is encrypted
    assert request["ResourceConfig"]["InstanceCount"] == int(count)


@pytest.mark.parametrize(
    ("task", "model"), [("classification", "classifier"), ("segmentation", "segmenter")]
)
def test_what_the_program_is_told_are_flags_that_it_knows(
    release: Compose, root: Path, task: str, model: str
) -> None:
    """A flag that a script does not know is an error of the script, minutes into a job."""
    declared = json.loads((root / "model_code/hyperparameters.json").read_text("utf-8"))
    identity = {"classes", "model-name", "model-version", "dataset-version", "code-digest"}
    told = training_jobs.request(release(task))["HyperParameters"]

    flags = {name for name in told if not name.startswith("sagemaker_")}

    assert identity < flags <= declared["common"].keys() | declared[model].keys() | identity
    arguments = (root / "model_code/sonomodel/arguments.py").read_text("utf-8")
    assert all(f'"--{name}"' in arguments for name in identity)


def test_a_table_is_trained_by_linear_learner_on_its_manifests(release: Compose) -> None:
    request = training_jobs.request(release("table"))

    assert request["AlgorithmSpecification"] == {
        "TrainingImage": stack.ENVIRONMENT["LINEAR_LEARNER_IMAGE_URI"],
        "TrainingInputMode": "File",
    }
    assert request["EnableNetworkIsolation"] is True
    assert request["EnableManagedSpotTraining"] is False
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert request["ResourceConfig"]["InstanceType"] == "ml.c7i.xlarge"
    folder = f"s3://{stack.WORK}/datasets/wdbc/61e104857123/splits"
    for channel, distribution in zip(
        request["InputDataConfig"],
        ("ShardedByS3Key", "FullyReplicated", "FullyReplicated"),
        strict=True,
    ):
        assert channel["ContentType"] == "application/x-recordio-protobuf"
        assert channel["DataSource"]["S3DataSource"] == {
            "S3DataType": "ManifestFile",
            "S3Uri": f"{folder}/{channel['ChannelName']}.manifest",
            "S3DataDistributionType": distribution,
        }


def test_linear_learner_is_told_plain_text(release: Compose) -> None:
    """It reads no JSON: "auto" in quotes would be none of its values."""
    told = training_jobs.request(release("table"))["HyperParameters"]

    assert told == {
        "predictor_type": "binary_classifier",
        "feature_dim": "30",
        "mini_batch_size": "100",
        "epochs": "15",
        "num_models": "32",
        "optimizer": "auto",
        "learning_rate": "auto",
        "l1": "auto",
        "wd": "auto",
        "normalize_data": "true",
        "loss": "auto",
    }


def test_a_script_says_where_it_goes_on_and_may_wait_for_spot_instances(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    steady = training_jobs.request(release())
    settings_env.setenv("TRAINING_SPOT", "true")
    composed = release()
    spot = training_jobs.request(composed)

    assert problems("sagemaker", "CreateTrainingJob", spot) == []
    assert spot["CheckpointConfig"] == {"S3Uri": f"s3://{stack.WORK}/checkpoints/{composed.name}"}
    assert steady["EnableManagedSpotTraining"] is False
    assert steady["StoppingCondition"] == {"MaxRuntimeInSeconds": 3600}
    assert spot["EnableManagedSpotTraining"] is True
    assert spot["StoppingCondition"] == {
        "MaxRuntimeInSeconds": 3600,
        "MaxWaitTimeInSeconds": 7200,
    }


@pytest.mark.parametrize(("seconds", "run"), [("43200", 3600), ("600", 600)])
def test_spot_training_takes_no_longer_than_sagemaker_lets_built_in_algorithms(
    release: Compose, settings_env: pytest.MonkeyPatch, seconds: str, run: int
) -> None:
    settings_env.setenv("TRAINING_SPOT", "true")
    settings_env.setenv("TRAINING_MAX_RUNTIME_SECONDS", seconds)

    request = training_jobs.request(release("table"))

    assert problems("sagemaker", "CreateTrainingJob", request) == []
    assert request["EnableManagedSpotTraining"] is True
    assert request["StoppingCondition"] == {
        "MaxRuntimeInSeconds": run,
        "MaxWaitTimeInSeconds": 3600,
    }


def test_a_table_on_several_instances_is_encrypted_between_them(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("TABLE_INSTANCE_COUNT", "3")

    request = training_jobs.request(release("table"))

    assert request["ResourceConfig"]["InstanceCount"] == 3
    assert request["EnableInterContainerTrafficEncryption"] is True
