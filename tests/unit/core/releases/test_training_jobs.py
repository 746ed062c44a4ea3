from __future__ import annotations

import json
import re
from collections.abc import Callable

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


@pytest.mark.parametrize(("count", "encrypted"), [("1", False), ("2", True)])
def test_instances_speak_encrypted_where_there_are_several(
    release: Compose, settings_env: pytest.MonkeyPatch, count: str, encrypted: bool
) -> None:
    settings_env.setenv("TRAINING_INSTANCE_COUNT", count)

    request = training_jobs.request(release())

    assert request["EnableInterContainerTrafficEncryption"] is encrypted
    assert request["ResourceConfig"]["InstanceCount"] == int(count)


def test_a_disk_has_the_size_that_a_parameter_says(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    assert training_jobs.request(release())["ResourceConfig"]["VolumeSizeInGB"] == 30
    settings_env.setenv("TRAINING_VOLUME_GIGABYTES", "500")

    for task in ("classification", "segmentation", "table"):
        assert training_jobs.request(release(task))["ResourceConfig"]["VolumeSizeInGB"] == 500


@pytest.mark.parametrize(
    ("features", "rows", "least", "most"),
    [(30, 455, 30, 30), (30, 40_000_000, 30, 35), (495, 40_000_000, 200, 250)],
)
def test_a_tables_disk_holds_the_table(
    release: Compose, features: int, rows: int, least: int, most: int
) -> None:
    """Eleven gigabytes of text are forty million rows; engineered, thirty features are 495."""
    composed = release("table", dataset__features=features, dataset__train_rows=rows)

    volume = training_jobs.request(composed)["ResourceConfig"]["VolumeSizeInGB"]

    assert least <= volume <= most
    assert volume * 1e9 > rows / 0.8 * features * 4
