"""Whatever happens on the way, the smoke test removes what it deployed, and says how it ended."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from operations.account import Account, Unfinished
from operations.names import Names
from operations.smoke import __main__ as smoke
from operations.smoke import cost
from operations.smoke.expectations import Findings


class Steps:
    """What the smoke test does, and where that goes wrong."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.wrong: dict[str, BaseException] = {}
        self.failures: list[str] = []

    def step(self, name: str) -> None:
        self.done.append(name)
        if name in self.wrong:
            raise self.wrong[name]

    def make(self, folder: Path) -> Any:
        self.step("make")
        return type("Material", (), {"images": {}, "labels": {}})()

    def deploy(self, root: Path, sam: Path, template: Path, stack: str, parameters: Any) -> None:
        self.step("deploy")

    def remove(self, account: Account, stack: str, data: Any, say: Any, poll: float) -> None:
        assert stack.startswith("sonoflow-smoke-")
        assert data([]) == "delete"
        self.step("remove")

    def train(self, material: Any) -> None:
        self.step("train")

    def ask(self, material: Any) -> tuple[dict[str, Any], str]:
        self.step("ask")
        return {}, ""


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    steps = Steps()
    monkeypatch.setattr(smoke.material, "make", steps.make)
    monkeypatch.setattr(smoke.deployment, "deploy", steps.deploy)
    monkeypatch.setattr(smoke, "remove", steps.remove)
    monkeypatch.setattr(smoke, "Job", lambda *arguments: steps)
    monkeypatch.setattr(Account, "outputs", lambda self, name: {})
    monkeypatch.setattr(smoke.signal, "signal", lambda *arguments: None)
    found = Findings()
    found.failures = steps.failures
    monkeypatch.setattr(smoke.expectations, "of_images", lambda *arguments: found)
    monkeypatch.setattr(smoke.expectations, "of_rows", lambda *arguments: Findings())
    with mock_aws():
        yield steps


def run(*options: str) -> int:
    return smoke.main(["--template", "template.yaml", *options])


def test_a_stack_that_answers_rightly_passes_and_is_removed(
    steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run() == 0

    assert steps.done == ["make", "deploy", "train", "ask", "remove"]
    assert capsys.readouterr().out.rstrip().endswith("passed")


def test_a_wrong_answer_fails(steps: Steps, capsys: pytest.CaptureFixture[str]) -> None:
    steps.failures.append("mean Dice of lesions is 0.100, below 0.5")

    assert run() == 1

    assert steps.done[-1] == "remove"
    assert "FAILED: mean Dice" in capsys.readouterr().out


@pytest.mark.parametrize("where", ["deploy", "train", "ask"])
@pytest.mark.parametrize(
    ("error", "status"), [(Unfinished("it broke"), 1), (KeyboardInterrupt(), 130)]
)
def test_what_fails_or_is_interrupted_is_removed(
    steps: Steps, where: str, error: BaseException, status: int
) -> None:
    steps.wrong[where] = error

    assert run() == status

    assert steps.done[-2:] == [where, "remove"]


def test_a_defect_of_its_own_removes_the_stack_too(steps: Steps) -> None:
    steps.wrong["ask"] = ZeroDivisionError()

    with pytest.raises(ZeroDivisionError):
        run()

    assert steps.done[-1] == "remove"


def test_what_cannot_be_removed_is_told_of_with_the_way_to_do_it(
    steps: Steps, capsys: pytest.CaptureFixture[str]
) -> None:
    steps.wrong["remove"] = KeyboardInterrupt()

    assert run() == 130

    said = capsys.readouterr().out
    assert "NOT REMOVED" in said and "make destroy STACK=sonoflow-smoke-" in said


def test_it_is_kept_if_that_is_asked_for(steps: Steps, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--keep") == 0

    assert "remove" not in steps.done
    assert "make destroy STACK=sonoflow-smoke-" in capsys.readouterr().out


def test_a_price_that_is_not_known_keeps_nothing_alive(
    steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*arguments: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "ListEndpoints")

    monkeypatch.setattr(smoke.cost, "of", refused)

    assert run() == 0

    assert steps.done[-1] == "remove"


def test_hours_are_those_of_this_stack() -> None:
    with mock_aws():
        sagemaker = boto3.client("sagemaker")
        for stack in ("wards", "wards-eu"):
            name = f"{stack}-table-61e104857123-0123abcd"
            role = "arn:aws:iam::123456789012:role/anybody"
            sagemaker.create_model(ModelName=name, ExecutionRoleArn=role)
            variant = {
                "VariantName": "primary",
                "ModelName": name,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
            }
            sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
            sagemaker.create_endpoint(EndpointName=f"{stack}-table", EndpointConfigName=name)
        now = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=2)

        hours = cost.of(Account(), Names("wards"), now)

    assert hours.hosting == pytest.approx(2, abs=0.01)
    assert "about $0.23" in hours.sentence()
