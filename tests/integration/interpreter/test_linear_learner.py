"""Linear Learner through the SageMaker API: a job, its metrics, an endpoint, its answers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from botocore.exceptions import ClientError

from sonoflow.tables import recordio
from tests.integration.interpreter.conftest import Platform, wait_for

IMAGE = "382416733822.dkr.ecr.us-east-1.example.com/linear-learner:1"
RECORDIO = "application/x-recordio-protobuf"
JSON_LINES = "application/jsonlines"
FEATURES = 4


def table(rows: int, seed: int) -> tuple[Any, Any]:
    """Two classes that a plane separates but for some noise."""
    generator = np.random.default_rng(seed)
    vectors = generator.normal(5, 3, (rows, FEATURES)).astype(np.float32)
    noisy = vectors @ np.array([1, -2, 0.5, 0]) + generator.normal(0, 0.5, rows)
    return vectors, (noisy > np.median(noisy)).astype(np.float32)


class Job:
    """A Linear Learner job on three channels, two files each, and its bucket."""

    def __init__(self, platform: Platform, **hyperparameters: str) -> None:
        self.platform, self.bucket = platform, platform.bucket()
        self.name = f"table-{uuid.uuid4().hex[:12]}"
        self.sagemaker = platform.client("sagemaker")
        for seed, channel in enumerate(("train", "validation", "test")):
            for part in range(2):
                body = recordio.encode(*table(150, 10 * seed + part))
                platform.client("s3").put_object(
                    Bucket=self.bucket, Key=f"{channel}/part-{part:05}.recordio", Body=body
                )
        self.request: dict[str, Any] = {
            "TrainingJobName": self.name,
            "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
            "RoleArn": platform.role,
            "EnableNetworkIsolation": True,
            "HyperParameters": {
                "predictor_type": "binary_classifier",
                "feature_dim": str(FEATURES),
                "mini_batch_size": "50",
                **hyperparameters,
            },
            "InputDataConfig": [
                self.channel("train", "ShardedByS3Key"),
                self.channel("validation"),
                self.channel("test"),
            ],
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/training"},
            "ResourceConfig": {
                "InstanceType": "ml.c7i.xlarge",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
        }

    def channel(self, name: str, distribution: str = "FullyReplicated") -> dict[str, Any]:
        source = {
            "S3DataType": "S3Prefix",
            "S3Uri": f"s3://{self.bucket}/{name}/",
            "S3DataDistributionType": distribution,
        }
        return {
            "ChannelName": name,
            "ContentType": RECORDIO,
            "DataSource": {"S3DataSource": source},
        }

    def run(self) -> dict[str, Any]:
        self.sagemaker.create_training_job(**self.request)
        return wait_for(
            lambda: self.sagemaker.describe_training_job(TrainingJobName=self.name),
            lambda job: job["TrainingJobStatus"] not in ("InProgress", "Stopping"),
            60,
        )


@pytest.fixture(scope="module")
def trained(platform: Platform) -> dict[str, Any]:
    return Job(platform).run()


@pytest.fixture(scope="module")
def endpoint(platform: Platform, trained: dict[str, Any]) -> Iterator[str]:
    sagemaker, name = platform.client("sagemaker"), f"table-{uuid.uuid4().hex[:8]}"
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=platform.role,
        EnableNetworkIsolation=True,
        PrimaryContainer={
            "Image": IMAGE,
            "ModelDataUrl": trained["ModelArtifacts"]["S3ModelArtifacts"],
        },
    )
    variant = {
        "VariantName": "primary",
        "ModelName": name,
        "InstanceType": "ml.c7i.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    description = wait_for(
        lambda: sagemaker.describe_endpoint(EndpointName=name),
        lambda endpoint: endpoint["EndpointStatus"] != "Creating",
    )
    assert description["EndpointStatus"] == "InService", description
    yield name
    sagemaker.delete_endpoint(EndpointName=name)


def ask(platform: Platform, endpoint: str, body: bytes, content_type: str, **more: str) -> bytes:
    answer = platform.client("sagemaker-runtime").invoke_endpoint(
        EndpointName=endpoint, Body=body, ContentType=content_type, **more
    )
    content: bytes = answer["Body"].read()
    return content


def test_a_job_shows_the_metrics_of_the_algorithm(trained: dict[str, Any]) -> None:
    """Given a request without MetricDefinitions, then the algorithm's own are there."""
    assert trained["TrainingJobStatus"] == "Completed", trained
    metrics = {one["MetricName"]: one["Value"] for one in trained["FinalMetricDataList"]}
    assert metrics["test:binary_classification_accuracy"] > 0.9
    assert metrics["test:roc_auc_score"] > 0.97
    assert metrics["train:progress"] == 100
    wanted = {"train:objective_loss", "validation:objective_loss", "test:objective_loss"}
    assert wanted | {"test:recall", "test:precision", "test:binary_f_beta"} <= set(metrics)
    shown = trained["AlgorithmSpecification"]["MetricDefinitions"]
    assert "test:roc_auc_score" in {one["Name"] for one in shown}


def test_the_log_reads_as_that_of_the_built_in_algorithm(
    platform: Platform, trained: dict[str, Any]
) -> None:
    logs, group = platform.client("logs"), "/aws/sagemaker/TrainingJobs"
    stream = logs.describe_log_streams(
        logGroupName=group, logStreamNamePrefix=trained["TrainingJobName"]
    )["logStreams"][0]["logStreamName"]
    events = logs.get_log_events(logGroupName=group, logStreamName=stream)["events"]
    log = "\n".join(event["message"] for event in events)

    objective = "binary_classification_cross_entropy_objective <loss>="
    assert f"#quality_metric: host=algo-1, epoch=0, train {objective}" in log
    assert f"#quality_metric: host=algo-1, epoch=0, validation {objective}" in log
    assert "#progress_metric: host=algo-1, completed 6 % of epochs" in log
    assert "Best model found for hyperparameters: {" in log


def test_an_endpoint_answers_what_training_measured(
    platform: Platform, trained: dict[str, Any], endpoint: str
) -> None:
    """The same rows through the endpoint give the accuracy that the job reports."""
    parts = [table(150, 20), table(150, 21)]
    right = 0
    for vectors, labels in parts:
        answer = json.loads(ask(platform, endpoint, recordio.encode(vectors), RECORDIO))
        predicted = [one["predicted_label"] for one in answer["predictions"]]
        right += int((np.array(predicted) == labels).sum())

    metrics = {one["MetricName"]: one["Value"] for one in trained["FinalMetricDataList"]}
    assert right / 300 == pytest.approx(metrics["test:binary_classification_accuracy"])


def test_an_endpoint_speaks_every_content_type(platform: Platform, endpoint: str) -> None:
    vectors, _ = table(3, 5)
    rows = vectors.tolist()
    requests = {
        "text/csv": "\n".join(",".join(map(repr, row)) for row in rows).encode(),
        "application/json": json.dumps({"instances": [{"features": r} for r in rows]}).encode(),
        "application/jsonlines": b"\n".join(json.dumps({"features": r}).encode() for r in rows),
        RECORDIO: recordio.encode(vectors),
    }

    answers = [json.loads(ask(platform, endpoint, body, kind)) for kind, body in requests.items()]

    assert all(answer == answers[0] for answer in answers)
    lines = ask(platform, endpoint, requests["text/csv"], "text/csv", Accept=JSON_LINES)
    assert [json.loads(line) for line in lines.splitlines()] == answers[0]["predictions"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "complaint"),
    [
        (b"1,2,3", "text/csv", 400, "3 features per record"),
        (b"{", "application/json", 400, "unable to evaluate payload provided"),
        (b"1,2,3,4", "image/png", 415, "image/png not supported"),
    ],
)
def test_what_an_endpoint_cannot_answer_comes_back_with_its_status(
    platform: Platform, endpoint: str, body: bytes, content_type: str, status: int, complaint: str
) -> None:
    with pytest.raises(ClientError) as raised:
        ask(platform, endpoint, body, content_type)

    assert raised.value.response["Error"]["Code"] == "ModelError"
    assert raised.value.response["OriginalStatusCode"] == status
    assert complaint in raised.value.response["OriginalMessage"]


def test_a_wrong_hyperparameter_fails_the_job_and_is_named(platform: Platform) -> None:
    description = Job(platform, epoch="3").run()

    assert description["TrainingJobStatus"] == "Failed"
    assert description["FailureReason"] == (
        "ClientError: Additional hyperparameters are not allowed ('epoch' was unexpected) "
        "(caused by ValidationError), exit code: 2"
    )


def test_data_that_do_not_fit_fail_the_job(platform: Platform) -> None:
    description = Job(platform, feature_dim="5").run()

    assert description["TrainingJobStatus"] == "Failed"
    assert description["FailureReason"].startswith(
        "ClientError: The 'train' channel has 4 features per record"
    )


@pytest.mark.parametrize(
    ("members", "complaint"),
    [
        (
            {"AlgorithmSpecification": {"MetricDefinitions": [{"Name": "a", "Regex": "a=(.*)"}]}},
            "You can't override the metric definitions for Amazon SageMaker algorithms",
        ),
        (
            {"ResourceConfig": {"InstanceCount": 2}},
            "ResourceConfig.InstanceCount above 1",
        ),
        (
            {"CheckpointConfig": {"S3Uri": "s3://bucket/checkpoints"}},
            "CheckpointConfig of a built-in algorithm",
        ),
        (
            {"StoppingCondition": {"MaxWaitTimeInSeconds": 900}},
            "only supported when EnableManagedSpotTraining is set to true",
        ),
        (
            {"EnableManagedSpotTraining": True},
            "Invalid MaxWaitTimeInSeconds. It must be present",
        ),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxWaitTimeInSeconds": 599},
            },
            "greater than or equal to MaxRuntimeInSeconds",
        ),
        (
            {
                "EnableManagedSpotTraining": True,
                "StoppingCondition": {"MaxWaitTimeInSeconds": 3601},
            },
            "MaxWaitTimeInSeconds above 3600 is not supported for the given algorithm",
        ),
    ],
)
def test_requests_that_are_refused_at_once(
    platform: Platform, members: dict[str, Any], complaint: str
) -> None:
    job = Job(platform)
    for name, member in members.items():
        given = job.request.get(name)
        job.request[name] = given | member if isinstance(given, dict) else member

    with pytest.raises(ClientError, match=complaint):
        job.sagemaker.create_training_job(**job.request)


def test_a_job_on_spot_capacity_runs(platform: Platform) -> None:
    job = Job(platform, epochs="1", num_models="1")
    job.request["EnableManagedSpotTraining"] = True
    job.request["StoppingCondition"]["MaxWaitTimeInSeconds"] = 3600

    description = job.run()

    assert description["TrainingJobStatus"] == "Completed", description
    assert description["EnableManagedSpotTraining"] is True
