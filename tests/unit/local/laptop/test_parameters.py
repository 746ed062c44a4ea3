"""What is said of the template's parameters."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from local.laptop import parameters
from local.laptop.launch import PARAMETERS
from local.laptop.parameters import NoParameter, Parameter


@pytest.fixture(scope="module")
def read(root: Path) -> list[Parameter]:
    return parameters.read(root / "template.yaml")


def one(read: list[Parameter], name: str) -> Parameter:
    (found,) = parameters.find(read, [name])
    return found


def test_each_has_a_meaning_a_range_and_a_group(read: list[Parameter]) -> None:
    assert len(read) > 50
    for parameter in read:
        assert parameter.meaning.endswith(("}.", ".", "}")), parameter
        assert parameter.must_be.startswith(("be ", "match ")), parameter
    assert {parameter.group for parameter in read} >= {"Gate", "Training", "Tables"}
    assert parameters._REST not in {parameter.group for parameter in read}


def test_a_parameter_is_told_with_its_range_and_the_laptops_value(read: list[Parameter]) -> None:
    assert one(read, "MinimumAccuracy") == Parameter(
        "MinimumAccuracy", "Gate", "0.7", "be a number from 0 to 1",
        "Test-split accuracy below which a classifier is not deployed.", None,
    )  # fmt: skip
    polled = one(read, "endpointpollseconds")
    assert (polled.default, polled.laptop) == ("20", "1")
    assert polled.must_be == "be a number from 10 to 300; on the laptop from 1 to 300"
    assert one(read, "Tune").must_be == "be one of false, true"
    assert one(read, "KmsKeyArn").must_be == "be the ARN of a key (not of an alias), or empty"


def test_every_value_of_the_laptop_is_told(read: list[Parameter]) -> None:
    told = {each.name: each.laptop for each in read if each.laptop is not None}

    assert told == json.loads(PARAMETERS.read_text())


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("MinimumAcuracy", "MinimumAccuracy"),
        ("dice", "MinimumLesionDice"),
        ("xyz", "all are listed"),
    ],
)
def test_what_there_is_not_is_told_with_what_is_near(
    read: list[Parameter], name: str, hint: str
) -> None:
    with pytest.raises(NoParameter, match=f"no parameter {name}.*{hint}"):
        parameters.find(read, [name])


@pytest.mark.parametrize(
    ("name", "option"),
    [
        ("StagingOptions", "minimum-images-per-class = 5"),
        ("TableHyperparameters", "num_models = 32"),
        ("ClassifierHyperparameters", "batch-size = 16"),
        ("SegmenterHyperparameters", "base-channels = "),
    ],
)
def test_one_that_holds_several_is_told_with_its_options(
    read: list[Parameter], name: str, option: str
) -> None:
    console = Console(file=io.StringIO(), width=80)

    parameters.show(parameters.find(read, [name]), console, at_length=True)

    assert isinstance(console.file, io.StringIO)
    assert option in console.file.getvalue()
