from __future__ import annotations

import json
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

import pytest

from sonoflow import options, settings
from sonoflow.errors import ConfigurationError
from sonoflow.releases import linear_learner, model_code

DECLARED: dict[str, options.Declaration] = {
    "rate": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 0.5},
    "rules": {"type": "array", "items": {"enum": ["plateau", "dead"]}, "default": []},
    "size": {"type": "integer", "minimum": 8, "maximum": 64, "default": 32},
}


def test_what_is_given_lies_over_the_defaults() -> None:
    assert options.merged("P", DECLARED, "{}") == {"rate": 0.5, "rules": [], "size": 32}
    assert options.merged("P", DECLARED, '{"size": 8, "rules": ["dead"]}') == {
        "rate": 0.5,
        "rules": ["dead"],
        "size": 8,
    }


def test_what_a_parameter_of_its_own_sets_is_not_among_them() -> None:
    assert options.given("P", DECLARED, '{"rate": 0.1}', {"size": "Size"}) == {"rate": 0.1}
    with pytest.raises(ConfigurationError, match="P: size is set by the parameter Size"):
        options.given("P", DECLARED, '{"size": 8}', {"size": "Size"})


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"rate": 1}, "rate must be a number above 0 and below 1, not 1"),
        ({"rate": 0}, "rate must be"),
        ({"rate": False}, "rate must be.*not false"),
        ({"size": 7}, "size must be a whole number from 8 to 64, not 7"),
        ({"size": 65}, "size must be"),
        ({"size": 8.0}, "size must be.*not 8.0"),
        ({"size": None}, "size must be.*not null"),
        ({"rules": "dead"}, 'rules must be a list of "plateau", "dead", not "dead"'),
        ({"rules": ["quick"]}, "rules must be a list"),
        ({"rules": [["dead"]]}, "rules must be a list"),
    ],
)
def test_what_is_not_allowed_is_refused_by_name(value: Any, message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"P: {message}"):
        options.merged("P", DECLARED, json.dumps(value))


def declarations(code: Traversable) -> dict[str, dict[str, options.Declaration]]:
    return {
        "staging": settings.staging_declarations(),
        "table": linear_learner.declared(),
        "classifier": model_code.hyperparameters("classifier", code),
        "segmenter": model_code.hyperparameters("segmenter", code),
    }


def test_every_declared_default_is_one_that_is_allowed_and_everything_is_described(
    root: Path,
) -> None:
    for declared in declarations(root / "model_code").values():
        assert declared
        for name, declaration in declared.items():
            options.check(name, declaration, declaration["default"])
            assert declaration["description"].endswith("."), name


def test_a_keyword_that_is_not_known_is_an_error_rather_than_unchecked() -> None:
    with pytest.raises(NotImplementedError, match="multipleOf"):
        options.check("size", {"type": "integer", "multipleOf": 8}, 3)
