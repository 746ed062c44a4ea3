from __future__ import annotations

from typing import Any

import pytest

from sonoflow import payloads
from sonoflow.errors import PayloadInvalid


def test_a_field_is_found_at_its_path() -> None:
    assert payloads.field({"batch": {"number": 3}}, "batch.number", int) == 3


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ({}, "the input has no 'batch.number'"),
        ({"batch": []}, "the input has no 'batch.number'"),
        ({"batch": {"number": "3"}}, "must be int, not '3'"),
        ({"batch": {"number": True}}, "must be int, not True"),
        ({"batch": {"number": None}}, "must be int, not None"),
    ],
)
def test_what_is_missing_or_of_another_kind_is_named(payload: Any, message: str) -> None:
    with pytest.raises(PayloadInvalid, match=message):
        payloads.field(payload, "batch.number", int)


def test_text_must_not_be_empty() -> None:
    with pytest.raises(PayloadInvalid, match="'task' must not be empty"):
        payloads.field({"task": ""}, "task", str)


@pytest.mark.parametrize("classes", [[], ["benign", ""], ["benign", 3], "benign"])
def test_a_list_of_texts_holds_texts(classes: Any) -> None:
    with pytest.raises(PayloadInvalid, match="classes"):
        payloads.texts({"classes": classes}, "classes")
