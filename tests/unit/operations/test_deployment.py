"""What the smallest deployment is."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from local.cloudformation.template import parse, resolve_parameters
from operations.smoke import deployment

PARSE = """
import json, sys
from samcli.cli.types import CfnParameterOverridesType
print(json.dumps(CfnParameterOverridesType().convert(tuple(sys.argv[1:]), None, None)))
"""


def test_a_name_leaves_room_for_what_is_named_after_it() -> None:
    name = deployment.new_name()

    assert name == name.lower() != deployment.new_name()
    assert len(f"{name}-classifier-{'0' * 12}-{'0' * 8}") <= 63


def test_the_template_takes_the_parameters(root: Path) -> None:
    template = parse((root / "template.yaml").read_text())

    resolved = resolve_parameters(template, deployment.PARAMETERS)

    assert resolved["ClassifierArchitecture"] == "resnet18"


def test_the_sam_cli_reads_values_as_they_were_meant(root: Path) -> None:
    values = {**deployment.PARAMETERS, "Odd": 'a "b" c\\d = e'}
    python = root / ".venv-sam/bin/python"
    if not python.exists():
        pytest.skip("the SAM CLI is not set up: make .venv-sam/.ready")
    overrides = [f"{name}={deployment.quoted(value)}" for name, value in values.items()]

    read = subprocess.run(
        [str(python), "-c", PARSE, *overrides], capture_output=True, text=True, check=True
    )

    assert json.loads(read.stdout) == values
