"""Options that one parameter of the stack holds together, as a JSON object.

What there is, is declared as data, in a few keywords of JSON Schema: `type`, `enum`, bounds, the
`enum` of an array's `items`, `anyOf`; and each has its `default` and its `description`. An option
that has a meaning only beside another's value says so as `implies`. What is given lies over the
defaults, and is checked completely before anything is done with it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sonoflow import uploaded_json
from sonoflow.errors import ConfigurationError, DocumentInvalid

Declaration = Mapping[str, Any]
BYTES_LIMIT = 4096  # what a parameter of a stack can hold
_KEYWORDS = {"type", "enum", "items", "anyOf", "default", "description", "implies"}
_BOUNDS: dict[str, tuple[str, Callable[[float, float], bool]]] = {
    "minimum": ("from {} on", lambda value, bound: value >= bound),
    "exclusiveMinimum": ("above {}", lambda value, bound: value > bound),
    "maximum": ("{} at most", lambda value, bound: value <= bound),
    "exclusiveMaximum": ("below {}", lambda value, bound: value < bound),
}
_TYPES: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "integer": ("a whole number", lambda value: isinstance(value, int)),
    "number": (
        "a number",
        lambda value: isinstance(value, int | float) and math.isfinite(value),
    ),
    "boolean": ("true or false", lambda value: isinstance(value, bool)),
    "string": ("a text", lambda value: isinstance(value, str)),
    "array": ("a list", lambda value: isinstance(value, list)),
}


def merged(parameter: str, declared: Mapping[str, Declaration], text: str) -> dict[str, Any]:
    """The value of every declared option: the one that the parameter's text gives, or its default.
    Raises ConfigurationError as `given` does."""
    chosen = given(parameter, declared, text)
    return {name: chosen.get(name, one["default"]) for name, one in declared.items()}


def given(
    parameter: str,
    declared: Mapping[str, Declaration],
    text: str,
    elsewhere: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The options that the parameter's text gives. `elsewhere` names the parameters that some have
    for themselves. Raises ConfigurationError, naming parameter, option and what it may be."""
    apart = elsewhere or {}
    values = parse(parameter, text)
    for name, value in values.items():
        if name in apart:
            raise ConfigurationError(f"{parameter}: {name} is set by the parameter {apart[name]}")
        if name not in declared:
            raise _unknown(parameter, name, [one for one in declared if one not in apart])
        check(f"{parameter}: {name}", declared[name], value)
    return values


def implied(
    parameter: str, declared: Mapping[str, Declaration], values: Mapping[str, Any]
) -> dict[str, Any]:
    """The options, and those that they imply. Raises ConfigurationError where one is given besides
    that is another."""
    found = dict(values)
    for name in values:
        for other, value in declared[name].get("implies", {}).items():
            if values.get(other, value) != value:
                raise ConfigurationError(
                    f"{parameter}: {name} has no meaning where {other} is"
                    f" {json.dumps(values[other])}, only where it is {json.dumps(value)}"
                )
            found[other] = value
    return found


def check(subject: str, declaration: Declaration, value: Any) -> None:
    """Raises ConfigurationError for a value that the declaration does not allow."""
    if not _fits(declaration, value):
        shown = json.dumps(value, ensure_ascii=False)
        raise ConfigurationError(f"{subject} must be {described(declaration)}, not {shown}")


def described(declaration: Declaration) -> str:
    """In words, what a value may be: `a whole number from 1 on`."""
    if "anyOf" in declaration:
        return " or ".join(described(one) for one in declaration["anyOf"])
    if "enum" in declaration:
        return " or ".join(json.dumps(choice) for choice in declaration["enum"])
    words = _TYPES[declaration["type"]][0]
    if {"minimum", "maximum"} <= declaration.keys():
        words += f" from {declaration['minimum']} to {declaration['maximum']}"
    elif bounds := [said.format(declaration[name]) for name, (said, _) in _bounds(declaration)]:
        words += " " + " and ".join(bounds)
    if "items" in declaration:
        words += " of " + ", ".join(json.dumps(item) for item in declaration["items"]["enum"])
    return words


def _fits(declaration: Declaration, value: Any) -> bool:
    if unknown := declaration.keys() - _KEYWORDS - _BOUNDS.keys():
        raise NotImplementedError(f"options are not declared by {sorted(unknown)}")
    if "anyOf" in declaration:
        return any(_fits(one, value) for one in declaration["anyOf"])
    if "type" in declaration and not _is_a(declaration["type"], value):
        return False
    if "enum" in declaration and not any(_same(value, choice) for choice in declaration["enum"]):
        return False
    if "items" in declaration and not all(_fits(declaration["items"], one) for one in value):
        return False
    return all(holds(value, declaration[name]) for name, (_, holds) in _bounds(declaration))


def _is_a(kind: str, value: Any) -> bool:
    """A truth is no number here, whatever Python says."""
    return _TYPES[kind][1](value) and (kind == "boolean" or not isinstance(value, bool))


def _same(value: Any, choice: Any) -> bool:
    return type(value) is type(choice) and bool(value == choice)


def _bounds(
    declaration: Declaration,
) -> Iterator[tuple[str, tuple[str, Callable[[float, float], bool]]]]:
    return ((name, bound) for name, bound in _BOUNDS.items() if name in declaration)


def parse(parameter: str, text: str) -> dict[str, Any]:
    """The object that a parameter's text is. Raises ConfigurationError."""
    try:
        found = uploaded_json.parse(text, BYTES_LIMIT)
    except DocumentInvalid as error:
        raise ConfigurationError(f"{parameter} is {error}: {text!r}") from error
    if not isinstance(found, dict):
        raise ConfigurationError(f"{parameter} must be a JSON object, not {text!r}")
    return found


def _unknown(parameter: str, name: str, known: list[str]) -> ConfigurationError:
    import difflib  # for an error alone

    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? There are" if near else "there are"
    return ConfigurationError(
        f"{parameter}: there is no option {name!r}; {hint} {', '.join(sorted(known))}"
    )
