"""What unit tests of the core and of the functions stand on: an AWS of their own, in memory."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from moto import mock_aws

from sonoflow.aws.clients import client
from tests.unit import stack
from tests.unit.fake_endpoints import FakeEndpoints
from tests.unit.fake_training_jobs import FakeTrainingJobs


@dataclasses.dataclass(frozen=True)
class Context:
    """What a Lambda function is told of itself."""

    function_name: str = "sonoflow-function"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:sonoflow-function"
    aws_request_id: str = "8f3b2c1d-4e5f-4a6b-9c7d-0e1f2a3b4c5d"

    def get_remaining_time_in_millis(self) -> int:
        return 900_000


@pytest.fixture
def context() -> Context:
    return Context()


@pytest.fixture
def settings_env(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of all functions, as a small stack has it."""
    for variable, value in stack.ENVIRONMENT.items():
        monkeypatch.setenv(variable, value)
    return monkeypatch


@pytest.fixture
def aws(settings_env: pytest.MonkeyPatch) -> Iterator[None]:
    """The stack's buckets, topic and state machines, empty."""
    with mock_aws():
        s3 = client("s3")
        for bucket in (stack.UPLOADS, stack.WORK, stack.RESULTS):
            s3.create_bucket(Bucket=bucket)
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        client("sns").create_topic(Name=stack.TOPIC)
        for machine in (stack.STATE_MACHINE, stack.TABLE_STATE_MACHINE):
            client("stepfunctions").create_state_machine(
                name=machine,
                # Runs until it is stopped, where another test has put the laptop runtime into this
                # process: moto by itself executes nothing.
                definition='{"StartAt": "Rest", "States": {"Rest": '
                '{"Type": "Wait", "Seconds": 60, "End": true}}}',
                roleArn="arn:aws:iam::123456789012:role/sonoflow-states",
            )
        yield


@pytest.fixture
def endpoints(aws: None) -> Iterator[FakeEndpoints]:
    """Endpoints that answer as the models' do, behind the real client."""
    fake = FakeEndpoints()
    with fake.behind(client("sagemaker-runtime")):
        yield fake


@pytest.fixture
def jobs(aws: None) -> Iterator[FakeTrainingJobs]:
    """Training jobs as SageMaker describes them, behind the real client."""
    fake = FakeTrainingJobs()
    with fake.behind(client("sagemaker")):
        yield fake
