"""An in-process moto server with the runtime's Step Functions and SageMaker on top."""

from __future__ import annotations

import dataclasses
import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.held_requests import HeldRequests
from benchmarks.interpreter import running, unbounded_role
from benchmarks.release_machine import Machines
from benchmarks.release_trial import Trial
from local.runtime.runtime import Runtime

ROOT = Path(__file__).parents[3]


@dataclasses.dataclass
class Platform:
    """The runtime under test and what tests do with it."""

    runtime: Runtime
    role: str
    requests: HeldRequests

    def client(self, service: str) -> Any:
        return self.runtime.client(service)

    def bucket(self) -> str:
        name = f"test-{uuid.uuid4().hex[:12]}"
        self.client("s3").create_bucket(Bucket=name)
        return name

    def state_machine(self, definition: dict[str, Any]) -> str:
        arn: str = self.client("stepfunctions").create_state_machine(
            name=f"machine-{uuid.uuid4().hex[:12]}",
            definition=json.dumps({"QueryLanguage": "JSONata", **definition}),
            roleArn=self.role,
        )["stateMachineArn"]
        return arn

    def start(self, definition: dict[str, Any], value: Any = None) -> str:
        arn: str = self.client("stepfunctions").start_execution(
            stateMachineArn=self.state_machine(definition), input=json.dumps(value or {})
        )["executionArn"]
        return arn

    def run(self, definition: dict[str, Any], value: Any = None) -> dict[str, Any]:
        return self.finish(self.start(definition, value))

    def finish(self, execution: str, seconds: float = 30) -> dict[str, Any]:
        client = self.client("stepfunctions")
        return wait_for(
            lambda: client.describe_execution(executionArn=execution),
            lambda description: description["status"] != "RUNNING",
            seconds,
        )

    def states(self, definition: dict[str, Any], value: Any = None) -> Any:
        """The output of a machine that must succeed."""
        description = self.run(definition, value)
        assert description["status"] == "SUCCEEDED", description
        return json.loads(description["output"])


def wait_for(
    read: Callable[[], Any], done: Callable[[Any], bool], seconds: float = 30, every: float = 0.05
) -> Any:
    deadline = time.monotonic() + seconds
    while not done(value := read()):
        assert time.monotonic() < deadline, f"still {value}"
        time.sleep(every)
    return value


@pytest.fixture(scope="session")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    with running(tmp_path_factory.mktemp("state")) as (runtime, requests):
        role = unbounded_role(runtime, f"role-{uuid.uuid4().hex[:12]}")
        yield Platform(runtime, role, requests)


@pytest.fixture(scope="module")
def machines(platform: Platform) -> Machines:
    return Machines(platform.runtime)


@pytest.fixture(scope="module")
def served(machines: Machines) -> Iterator[Trial]:
    """An endpoint that serves a good release, shared: every test leaves it serving one."""
    trial = Trial(machines)
    assert trial.ended(trial.start(trial.prepare("first")))["status"] == "SUCCEEDED"
    yield trial
    trial.close()


@pytest.fixture
def empty(machines: Machines) -> Iterator[Trial]:
    """No endpoint yet."""
    trial = Trial(machines)
    yield trial
    trial.close()
