"""JSONata as Step Functions evaluates it."""

from __future__ import annotations

from typing import Any

import pytest

from local.stepfunctions.jsonata_queries import QueryEvaluationError, evaluate

STATES = {
    "input": {"none": None, "numbers": [1, 2, 3], "text": 'quo"te\\', "nested": [{"f": 1}]},
    "context": {"Execution": {"Name": "run-1"}},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$states.input.numbers", [1, 2, 3]),
        ("$states.input.numbers[$ > 1]", [2, 3]),
        ("$states.input.text", 'quo"te\\'),
        ("$states.input.none", None),
        ("$states.input.none = null", True),
        ("$nothing", None),
        ("$nothing = null", True),
        ("$exists($states.input.missing)", False),
        ('{"a": $states.input.missing, "b": 1}', {"b": 1}),
        ("[1..3]", [1, 2, 3]),
        ("[]", []),
        ("$merge([{'a': 1}, {'b': $states.input.none}])", {"a": 1, "b": None}),
        ("4 / 2", 2),
        ("$name & '-' & $string(1)", "variable-1"),
        ("$map($states.input.numbers, function($n) { $n * 2 })", [2, 4, 6]),
        ("$uuid() != $uuid()", True),
    ],
)
def test_values(expression: str, value: Any) -> None:
    assert evaluate(expression, {"states": STATES, "nothing": None, "name": "variable"}) == value


@pytest.mark.parametrize(
    "expression",
    [
        "$states.input.missing",
        "$missing",
        "field",
        "$",
        "$$",
        "$nosuch()",
        "$eval('1')",
        "function($x) { $x }",
        "$sum",
        "$states.input.numbers +",
        "$error('on purpose')",
        "$range(1, 5000, 1)",
        "$partition([1], 0)",
        "$hash('a', 'CRC')",
        "$random('a')",
        "$parse('{')",
    ],
)
def test_what_fails(expression: str) -> None:
    with pytest.raises(QueryEvaluationError):
        evaluate(expression, {"states": STATES})


def test_an_expression_cannot_change_its_variables() -> None:
    states = {"input": {"numbers": [3, 1]}}

    evaluate("$sort($states.input.numbers)", {"states": states})
    evaluate("$states.input ~> |$|{'numbers': 0}|", {"states": states})

    assert states == {"input": {"numbers": [3, 1]}}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("$partition([1, 2, 3, 4], 2)", [[1, 2], [3, 4]]),
        ("$range(10, 0, -5)", [10, 5, 0]),
        ("$hash('content', 'MD5')", "9a0364b9e99bb480dd25e1f0284c8555"),
        ("$random(7) = $random(7)", True),
        ("$parse('null')", None),
        ("$parse('[1, {\"a\": 2}]')[1].a", 2),
    ],
)
def test_awss_own_functions(expression: str, value: Any) -> None:
    assert evaluate(expression, {}) == value
