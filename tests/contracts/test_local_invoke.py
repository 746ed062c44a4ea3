"""`sam local invoke` gives a function all the settings that it has on AWS.

The SAM CLI evaluates the template by itself, without an account, and leaves blank what it cannot
evaluate. What only a deployed stack knows (buckets, ARNs) it replaces by logical ids.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from functions.plan_release.app import handler
from local.cloudformation.intrinsics import Resolver
from local.cloudformation.template import parse, resolve_parameters
from sonoflow import settings
from sonoflow.releases import tasks
from tests.sam_environments import Environments, environments
from tests.unit import stack
from tests.unit.conftest import Context

pytestmark = pytest.mark.slow

# What the CLI takes a stack without a name, in no region in particular, to be.
PSEUDO = {
    "AWS::Region": "us-east-1",
    "AWS::StackName": "local",
    "AWS::URLSuffix": "localhost",
}
UNKNOWN = "known to a deployed stack alone"
READ = re.compile(r"settings\.read\(settings\.(\w+)\)")


@pytest.fixture(scope="module")
def invoked(root: Path) -> Environments:
    return environments(root / "template.yaml")


@pytest.fixture(scope="module")
def deployed(root: Path) -> Environments:
    """The same as CloudFormation would make them, from the parameters' defaults."""
    template = parse((root / "template.yaml").read_text())
    values = {**resolve_parameters(template, {}), **PSEUDO}
    resolver = Resolver(template, values, lambda name: UNKNOWN, lambda name, part: UNKNOWN)
    common = template["Globals"]["Function"]["Environment"]["Variables"]
    return {
        logical_id: {
            name: str(resolver.resolve(value))
            for name, value in {**common, **own_variables(resource)}.items()
        }
        for logical_id, resource in template["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }


def own_variables(resource: dict[str, Any]) -> dict[str, Any]:
    variables: dict[str, Any] = resource["Properties"].get("Environment", {}).get("Variables", {})
    return variables


def test_every_setting_is_as_on_aws(invoked: Environments, deployed: Environments) -> None:
    assert invoked.keys() == deployed.keys()
    for function, variables in deployed.items():
        known = {name: value for name, value in variables.items() if value != UNKNOWN}
        given = {name: invoked[function].get(name) for name in known}
        assert given == known, function


def test_what_a_deployed_stack_alone_knows_is_never_blank(
    invoked: Environments, deployed: Environments
) -> None:
    for function, variables in deployed.items():
        unknown = [name for name, value in variables.items() if value == UNKNOWN]
        assert not [name for name in unknown if not invoked[function].get(name)], function


def test_every_function_can_read_its_settings(
    invoked: Environments, functions: list[str], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = set()
    for function in functions:
        logical_id = "".join(part.capitalize() for part in function.split("_")) + "Function"
        with monkeypatch.context() as patched:
            for name, value in invoked[logical_id].items():
                patched.setenv(name, value)
            for group in READ.findall((root / "functions" / function / "app.py").read_text()):
                settings.read(getattr(settings, group))
                groups.add(group)
    assert {"Planning", "Buckets", "Staging", "Splitting", "Predicting"} <= groups


def test_an_upload_can_be_held_against_the_parameters(invoked: Environments, root: Path) -> None:
    variables = invoked["PlanDatasetFunction"]

    tasks.check((*tasks.OF_IMAGES, *tasks.OF_TABLES), variables, root / "model_code")
    assert settings.read(settings.Batching, variables).stage_batch_images == 50


@pytest.mark.parametrize("case", ["classification", "segmentation", "table", "tuned"])
@pytest.mark.usefixtures("model_code")
def test_a_release_can_be_planned(
    invoked: Environments, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """The function that reads most settings asks AWS for nothing: it runs to its end."""
    for name, value in invoked["PlanReleaseFunction"].items():
        monkeypatch.setenv(name, value)

    plan = handler(stack.event(f"plan_release.{case}"), Context())

    assert plan["release"].startswith("local-")
