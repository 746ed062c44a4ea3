"""Java's patterns, read as Java reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from moto.core.utils import get_service_model

from local.validation import patterns
from local.validation.service import ERRORS


def shapes(shape: Any, seen: set[str]) -> Iterator[Any]:
    if shape.name in seen:
        return
    seen.add(shape.name)
    yield shape
    members = getattr(shape, "members", {})
    parts = [getattr(shape, name, None) for name in ("member", "key", "value")]
    for part in (*members.values(), *filter(None, parts)):
        yield from shapes(part, seen)


@pytest.mark.parametrize("service", ERRORS)
def test_every_pattern_of_every_operation_is_understood(service: str) -> None:
    model = get_service_model(service)
    inputs = [model.operation_model(name).input_shape for name in model.operation_names]
    seen: set[str] = set()
    found = {
        shape.metadata["pattern"]
        for each in inputs
        if each is not None
        for shape in shapes(each, seen)
        if "pattern" in shape.metadata
    }

    for pattern in found:
        assert patterns.compiled(pattern).pattern

    assert found or service == "sqs"  # whose model has none


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        (r"[a-z]+", "abc", True),
        (r"[a-z]+", "abc_", False),  # without an anchor, all of it must match all the same
        (r"^[a-z]+$", "abc\n", False),
        (r"\w+", "é", False),
        (r"\d{12}", "١٢٣٤٥٦٧٨٩٠١٢", False),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "Prüfung 3", True),
        (r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*", "a*b", False),
        (r"\p{Print}+", "é", False),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a 𝛼\t", True),
        (r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF\t]*", "a\n", False),
    ],
)
def test_a_pattern_is_about_the_whole_value(pattern: str, value: str, matches: bool) -> None:
    assert patterns.matches(pattern, value) is matches


@pytest.mark.parametrize("pattern", [r"[\p{L}\d]+", r"[a-z&&[^b]]", r"[a-", r"\p{javaLetter}"])
def test_a_pattern_that_would_mean_something_else_is_an_error(pattern: str) -> None:
    with pytest.raises(patterns.UnknownPattern):
        patterns.matches(pattern, "a")
