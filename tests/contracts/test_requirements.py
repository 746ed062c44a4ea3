"""One set of packages: what functions name, what the laptop runs, what `sam build` installs."""

from __future__ import annotations

from importlib.metadata import Distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local.runtime.requirements import constraints_file, distributions, is_local, lines

FUNCTIONS = sorted(p.parent.name for p in Path(__file__).parents[2].glob("functions/*/app.py"))


def named(root: Path, function: str) -> list[str]:
    return list(lines((root / "functions" / function / "requirements.txt").read_text("utf-8")))


def drawn_in(root: Path, function: str) -> dict[str, Distribution]:
    wanted = [line for line in named(root, function) if not is_local(line)]
    return distributions(line for line in wanted if constraints_file(line) is None)


@pytest.fixture(scope="module")
def pins(root: Path) -> dict[str, str]:
    """Version by name, of constraints.txt; each is one version."""
    found = {}
    for line in lines((root / "constraints.txt").read_text("utf-8")):
        name, _, version = line.partition("==")
        assert version, line
        found[canonicalize_name(name)] = version
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_built_of_what_is_pinned_for_all(
    root: Path, function: str, pins: dict[str, str]
) -> None:
    files = list(filter(None, map(constraints_file, named(root, function))))

    assert [(root / "functions" / function / file).resolve() for file in files] == [
        root / "constraints.txt"
    ]
    drawn = drawn_in(root, function)
    assert {name: found.version for name, found in drawn.items()} == {
        name: pins.get(name) for name in drawn
    }


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_brings_a_whole_set_of_aws_clients_and_no_x_ray_sdk(
    root: Path, function: str
) -> None:
    """On Lambda a package's own botocore comes before the runtime's; boto3 has to come with it."""
    drawn = drawn_in(root, function)

    assert {"boto3", "botocore", "s3transfer"} <= set(drawn)
    assert "aws-xray-sdk" not in drawn


@pytest.mark.parametrize("package", ["boto3", "s3transfer"])
def test_the_pinned_aws_clients_fit_each_other(package: str, pins: dict[str, str]) -> None:
    installed = distributions([f"{package}=={pins[package]}"])[package]

    assert installed.version == pins[package]
    for requirement in map(Requirement, installed.requires or []):
        if requirement.marker is None:
            pin = pins[canonicalize_name(requirement.name)]
            assert requirement.specifier.contains(pin), requirement


def test_what_functions_name_is_what_the_laptop_names(root: Path) -> None:
    names = set(lines((root / "requirements.txt").read_text("utf-8")))

    for function in FUNCTIONS:
        for line in named(root, function):
            assert is_local(line) or constraints_file(line) or line in names, (function, line)
