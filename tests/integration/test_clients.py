"""Clients that others wrote, against the laptop runtime: the SageMaker Python SDK, the AWS CLI and
Powertools' idempotency.

The first two pin what they share with us, so each has an environment of its own, which
`make clients` makes; without it their tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, Event
from types import SimpleNamespace
from typing import Any

import pytest
from aws_lambda_powertools.utilities.idempotency import (
    DynamoDBPersistenceLayer,
    IdempotencyConfig,
    idempotent_function,
)
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
)

from tests.integration.interpreter.conftest import Platform, platform

__all__ = ["platform"]  # a fixture

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).with_name("clients")
SECONDS = 300


def needs(environment: str) -> pytest.MarkDecorator:
    missing = not (ROOT / environment / ".ready").exists()
    return pytest.mark.skipif(missing, reason=f"needs {environment}: make clients")


@pytest.fixture
def surroundings(platform: Platform) -> dict[str, str]:
    """A client's environment: nothing of a developer's own, and the runtime for AWS."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(platform.runtime.state),
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": platform.runtime.region,
        "AWS_ENDPOINT_URL": platform.runtime.endpoint_url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(PROGRAMS / "sdk.yaml"),
        "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
    }


def run(command: list[str], surroundings: Mapping[str, str]) -> str:
    ended = subprocess.run(
        command, env=surroundings, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    return ended.stdout


@needs(".venv-sdk")
def test_an_estimator_of_the_sagemaker_sdk_fits_deploys_and_predicts(
    platform: Platform, surroundings: dict[str, str]
) -> None:
    python, program = str(ROOT / ".venv-sdk/bin/python"), str(PROGRAMS / "estimator.py")

    printed = run([python, program, platform.role, platform.bucket()], surroundings)

    found = json.loads(printed.splitlines()[-1])
    assert found["answer"] == {"sum": 42}
    assert found["job"]["TrainingJobStatus"] == "Completed"
    assert [each["Value"] for each in found["job"]["FinalMetricDataList"]] == [12]
    assert "learnt=12" in printed  # the job's log, which `fit` follows
    listed = platform.client("sagemaker").list_endpoints(NameContains=found["endpoint"])
    assert listed["Endpoints"] == []


@needs(".venv-aws")
class TestCommandLine:
    """The commands that README names."""

    @pytest.fixture
    def aws(self, platform: Platform, surroundings: dict[str, str]) -> Any:
        del surroundings["AWS_ENDPOINT_URL"]  # README's commands name it
        command = [str(ROOT / ".venv-aws/bin/aws"), "--endpoint-url", platform.runtime.endpoint_url]
        return lambda *words: run([*command, *words], surroundings)

    def test_objects_go_both_ways(self, platform: Platform, aws: Any, tmp_path: Path) -> None:
        bucket = platform.bucket()
        scan, large = tmp_path / "scan.png", tmp_path / "data.zip"
        scan.write_bytes(b"a scan")
        large.write_bytes(os.urandom(9 * 2**20))  # in parts

        aws("s3", "cp", str(scan), f"s3://{bucket}/inbox/ward3/scan.png")
        aws("s3", "cp", str(large), f"s3://{bucket}/datasets/")

        assert aws("s3", "cp", f"s3://{bucket}/inbox/ward3/scan.png", "-") == "a scan"
        stored = platform.client("s3").get_object(Bucket=bucket, Key="datasets/data.zip")
        assert stored["Body"].read() == large.read_bytes()

    def test_what_runs_made_is_deleted(self, platform: Platform, aws: Any) -> None:
        sagemaker, name = platform.client("sagemaker"), f"sonoflow-{uuid.uuid4().hex[:8]}"
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=platform.role)
        sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": "primary",
                    "ModelName": name,
                    "InstanceType": "ml.c7i.large",
                    "InitialInstanceCount": 1,
                }
            ],
        )
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
        sagemaker.create_model_package_group(ModelPackageGroupName=name)
        sagemaker.create_model_package(ModelPackageGroupName=name)
        while sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Creating":
            time.sleep(0.1)

        aws("sagemaker", "delete-endpoint", "--endpoint-name", name)
        listed = aws(
            *("sagemaker", "list-model-packages", "--model-package-group-name", name),
            *("--query", "ModelPackageSummaryList[].ModelPackageArn", "--output", "text"),
        )
        aws("sagemaker", "delete-model-package", "--model-package-name", listed.strip())

        assert sagemaker.list_endpoints(NameContains=name)["Endpoints"] == []
        found = sagemaker.list_model_packages(ModelPackageGroupName=name)
        assert found["ModelPackageSummaryList"] == []


class TestIdempotency:
    @pytest.fixture
    def idempotent(self, platform: Platform) -> Iterator[Any]:
        """Makes a function do its work once for each `order`."""
        client, name = platform.client("dynamodb"), f"idempotency-{uuid.uuid4().hex[:8]}"
        client.create_table(
            TableName=name,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        config = IdempotencyConfig(expires_after_seconds=60)
        config.register_lambda_context(SimpleNamespace(get_remaining_time_in_millis=lambda: 60_000))
        yield idempotent_function(
            data_keyword_argument="order",
            persistence_store=DynamoDBPersistenceLayer(table_name=name, boto3_client=client),
            config=config,
        )
        client.delete_table(TableName=name)

    def test_what_was_done_is_not_done_again(self, idempotent: Any) -> None:
        calls: list[int] = []

        @idempotent
        def work(order: int) -> dict[str, int]:
            calls.append(order)
            return {"call": len(calls)}

        answers = [work(order=1), work(order=1), work(order=2)]

        assert answers == [{"call": 1}, {"call": 1}, {"call": 2}]
        assert calls == [1, 2]

    def test_of_many_at_once_one_works(self, idempotent: Any) -> None:
        gate, finish, calls = Barrier(6), Event(), []

        @idempotent
        def work(order: int) -> int:
            calls.append(order)
            finish.wait(20)
            return order

        def ask(_: int) -> str:
            gate.wait(20)
            try:
                work(order=1)
            except IdempotencyAlreadyInProgressError:
                return "in progress"
            return "done"

        with ThreadPoolExecutor(6) as threads:
            asked = [threads.submit(ask, number) for number in range(6)]
            while sum(each.done() for each in asked) < 5:
                time.sleep(0.02)
            finish.set()
        found = sorted(each.result() for each in asked)

        assert found == ["done", *["in progress"] * 5]
        assert calls == [1]

    def test_what_failed_is_tried_again(self, idempotent: Any) -> None:
        calls: list[int] = []

        @idempotent
        def work(order: int) -> int:
            calls.append(order)
            if len(calls) == 1:
                raise RuntimeError("at first")
            return order

        with pytest.raises(RuntimeError, match="at first"):
            work(order=1)

        assert work(order=1) == 1
        assert calls == [1, 1]
