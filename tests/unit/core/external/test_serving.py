"""What the endpoints say of themselves is told in tests/unit/functions/test_plan_external.py."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sonoflow.errors import PayloadInvalid
from sonoflow.external import serving
from tests.unit import stack


@pytest.fixture
def payload() -> Any:
    return stack.event("check_external.staged")


def test_a_states_input_and_what_is_read_of_it_are_the_same(payload: Any) -> None:
    models = serving.parse(payload)

    assert [model.document() for model in models] == payload["models"]
    assert serving.digest(models) == serving.digest(models[::-1]) == payload["models_digest"]


def test_another_release_is_another_digest(payload: Any) -> None:
    other = copy.deepcopy(payload)
    other["models"][0]["version"] = "cd0007f2cf09-00000000"

    assert serving.digest(serving.parse(other)) != payload["models_digest"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"task": "tables"}, "no task"),
        ({"version": "../secret"}, "no endpoint and version"),
        ({"dataset": {"name": "busi", "version": "1"}}, "dataset.version"),
        ({"endpoint": ""}, "endpoint"),
    ],
)
def test_what_becomes_part_of_keys_is_checked(
    payload: Any, change: dict[str, Any], words: str
) -> None:
    payload["models"][0] |= change

    with pytest.raises(PayloadInvalid, match=words):
        serving.parse(payload)


def test_no_model_is_none_to_judge_by(payload: Any) -> None:
    with pytest.raises(PayloadInvalid, match="one per task"):
        serving.parse({**payload, "models": []})
