"""How template values become API parameters and names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest

from local.cloudformation.resources import RESOURCE_TYPES
from local.cloudformation.resources.resource import Request, shaped
from local.runtime.runtime import Runtime


def shape(service: str, operation: str) -> Any:
    model = botocore.session.get_session().get_service_model(service)
    return model.operation_model(operation).input_shape


def request(stack: str, logical_id: str) -> Request:
    runtime = Runtime(port=1, state=Path(), root=Path(), reaper=None)  # type: ignore[arg-type]
    return Request(runtime, stack, logical_id, {})


def test_text_becomes_the_numbers_and_booleans_that_the_api_wants() -> None:
    given = {"EvaluationPeriods": "3", "Threshold": "0", "ActionsEnabled": "true", "AlarmName": 5}

    assert shaped(given, shape("cloudwatch", "PutMetricAlarm")) == {
        "EvaluationPeriods": 3,
        "Threshold": 0.0,
        "ActionsEnabled": True,
        "AlarmName": "5",
    }


def test_numbers_become_the_text_of_a_map() -> None:
    given = {"Environment": {"Variables": {"EPOCHS": 3, "ON": True}}}

    assert shaped(given, shape("lambda", "CreateFunction")) == {
        "Environment": {"Variables": {"EPOCHS": "3", "ON": "true"}}
    }


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"Code": {"Colour": "red"}}, r"unknown properties \['Colour'\] in FunctionCode"),
        ({"Timeout": "soon"}, "soon"),
        ({"Publish": "perhaps"}, "neither true nor false"),
    ],
)
def test_what_the_api_does_not_take_is_an_error(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shaped(given, shape("lambda", "CreateFunction"))


@pytest.mark.parametrize("limit", [63, 64, 80])
@pytest.mark.parametrize("logical_id", ["Queue", "A" * 100])
@pytest.mark.parametrize("stack", ["sonoflow", "s" * 100])
def test_a_made_up_name_keeps_its_limit_and_is_not_made_twice(
    stack: str, logical_id: str, limit: int
) -> None:
    names = {request(stack, logical_id).name(None, limit) for _ in range(10)}

    assert len(names) == 10
    assert all(len(name) <= limit for name in names)
    assert all(name.startswith(stack[:8]) for name in names)


def test_a_given_name_is_kept() -> None:
    assert request("sonoflow", "Queue").name("mine") == "mine"


def test_every_type_says_what_it_understands() -> None:
    for name, kind in RESOURCE_TYPES.items():
        assert kind.properties, name
        assert kind.fixed <= kind.properties, name
