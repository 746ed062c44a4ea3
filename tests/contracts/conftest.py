"""The documents that the contract tests read: the template as written, and as AWS sees it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse

from local.cloudformation.includes import included

Document = dict[str, Any]


class _NoManagedPolicies:
    """The translator asks for managed policies by name; the template names none."""

    def load(self) -> dict[str, str]:
        return {}


def states_of(machine: Document) -> Iterator[tuple[str, Document]]:
    """Every state of a machine, those inside maps included."""
    for name, state in machine["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states_of(state["ItemProcessor"])


def lintable(machine: Document) -> Document:
    """A machine as cfn-lint knows the language: 1.58 takes JSONata for a wait's seconds, not yet
    for a map's concurrency, where AWS takes it too; and it reads a resource's ARN before the
    partition is put into it. Everything else is left for it to judge."""
    copied: Document = json.loads(json.dumps(machine).replace("arn:${Partition}:", "arn:aws:"))
    for _, state in states_of(copied):
        if str(state.get("MaxConcurrency", "")).startswith("{%"):
            state["MaxConcurrency"] = 1
    return copied


@pytest.fixture(scope="session")
def template(root: Path) -> Document:
    parsed: Document = yaml_parse((root / "template.yaml").read_text())
    return parsed


@pytest.fixture(scope="session")
def machines(root: Path) -> dict[str, Document]:
    """`statemachine/<name>.asl.json` by name."""
    paths = sorted((root / "statemachine").glob("*.asl.json"))
    return {path.name.removesuffix(".asl.json"): json.loads(path.read_text()) for path in paths}


@pytest.fixture(scope="session")
def expanded(root: Path, template: Document, machines: dict[str, Document]) -> Document:
    """The template after the SAM transform, with each included file in its place."""
    source = included(copy.deepcopy(template), lambda path: (root / path).read_text())
    for resource in source["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            properties["CodeUri"] = "s3://artifacts/function.zip"
        if resource["Type"] == "AWS::Serverless::StateMachine":
            name = Path(properties.pop("DefinitionUri")).name.removesuffix(".asl.json")
            properties["Definition"] = lintable(machines[name])
    result: Document = transform(source, {}, _NoManagedPolicies())
    for resource in result["Resources"].values():
        # The translator joins a definition from its lines, and cfn-lint follows a join by
        # recursion, one level a line. The joined string is the same definition.
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            separator, lines = resource["Properties"]["DefinitionString"]["Fn::Join"]
            resource["Properties"]["DefinitionString"] = separator.join(lines)
    return result


@pytest.fixture(scope="session")
def functions(root: Path) -> list[str]:
    """Names of the function folders."""
    return sorted(path.parent.name for path in (root / "functions").glob("*/app.py"))
