from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sonoflow.errors import ConfigurationError, PayloadInvalid
from sonoflow.releases import training_jobs
from sonoflow.releases.release import Release
from tests.unit import stack
from tests.unit.core.releases.service_models import problems

Compose = Callable[..., Release]
GATE = {"minimum": {"accuracy": 0.9}}


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dataset__features": 0}, "features.*1 or more"),
        ({"dataset__features": "30"}, "dataset.features"),
        ({"dataset__train_rows": 0}, "train_rows.*1 or more"),
        ({"dataset__table_uri": ""}, "dataset.table_uri"),
        ({"dataset__classes": ["B"]}, "two or more"),
    ],
)
def test_a_table_that_is_not_described_is_an_error_that_names_what(
    release: Compose, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(PayloadInvalid, match=message):
        release("table", **changes)


def test_a_region_without_linear_learner_fails_for_tables_alone_and_says_what_to_set(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    settings_env.setenv("LINEAR_LEARNER_IMAGE_URI", "")

    assert release("classification").name
    with pytest.raises(ConfigurationError, match="LinearLearnerImageUri"):
        _ = release("table").name


def test_a_table_is_not_tuned(release: Compose) -> None:
    with pytest.raises(PayloadInvalid, match=r"'table': Linear Learner tries the candidates"):
        release("table", Tune=True)


def test_a_classifier_is_judged_by_its_job_and_by_its_endpoint(release: Compose) -> None:
    composed = release("table")

    assert composed.task.gate(["B", "M"]) == GATE
    assert composed.task.probe_request(composed)["gate"] == GATE


def test_a_regressor_is_judged_at_its_endpoint_alone(
    release: Compose, settings_env: pytest.MonkeyPatch
) -> None:
    """Its own figures know no accuracy."""
    told = '{"predictor_type": "regressor", "loss": "absolute_loss"}'
    settings_env.setenv("TABLE_HYPERPARAMETERS", told)
    composed = release("table")

    assert composed.task.gate(["B", "M"]) == {}
    request = composed.task.probe_request(composed)
    assert (request["gate"], request["predictor_type"]) == (GATE, "regressor")
    # More than two classes are classified all the same.
    assert composed.task.gate(["A", "B", "C"]) == GATE


def test_what_is_trained_is_named_by_the_staged_table(release: Compose) -> None:
    source = release("table").task.source

    assert source == f"s3://{stack.WORK}/datasets/wdbc/61e104857123/table.json"
