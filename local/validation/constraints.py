"""What a service's model asks of a request, and AWS's sentences for what is not so.

The wording is that of the framework that most of AWS's services are built with, as their users
quote it: https://github.com/aws/amazon-sagemaker-examples/issues/2236,
https://github.com/aws-samples/amazon-sagemaker-pytorch-detectron2/issues/10.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from local.validation import patterns

NOT_NULL = "Member must not be null"
_NUMBERS = ("integer", "long", "short", "byte", "float", "double")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "character": str,
    "boolean": bool,
    "blob": (str, bytes),
    "list": list,
    "map": dict,
    "structure": dict,
    **dict.fromkeys(_NUMBERS, (int, float)),
}
_JAVA = {"string": "String", "integer": "Integer", "long": "Long", "boolean": "Boolean"}


@dataclasses.dataclass(frozen=True)
class Violation:
    """A constraint that a member does not satisfy."""

    member: str  # its path
    value: str  # as AWS shows it, which is not at all if it is sensitive
    constraint: str

    def __str__(self) -> str:
        return (
            f"Value{self.value} at '{self.member}' failed to satisfy constraint: {self.constraint}"
        )


class WrongType(Exception):
    """A value of another kind than the model's, which AWS cannot even read."""


def violations(shape: Any, members: Mapping[str, Any]) -> list[Violation]:
    """The constraints that a request does not satisfy, in the model's order. Raises WrongType."""
    return list(_structure(shape, members, ""))


def _value(shape: Any, value: Any, path: str) -> Iterator[Violation]:
    _check_type(shape, value)
    for constraint in _broken(shape, value):
        yield _violation(shape, value, path, constraint)
    if shape.type_name == "structure" and not shape.is_document_type:
        yield from _structure(shape, value, f"{path}.")
    elif shape.type_name == "list":
        yield from _list(shape, value, path)
    elif shape.type_name == "map":
        yield from _map(shape, value, path)


def _structure(shape: Any, members: Mapping[str, Any], prefix: str) -> Iterator[Violation]:
    for name, member in shape.members.items():
        path, value = f"{prefix}{name[0].lower()}{name[1:]}", members.get(name)
        if value is not None:
            yield from _value(member, value, path)
        elif name in shape.required_members:
            yield _violation(member, None, path, NOT_NULL)


def _list(shape: Any, values: list[Any], path: str) -> Iterator[Violation]:
    if _is_scalar(shape.member):
        yield from _scalars(shape, values, shape.member, values, path, "Member")
        return
    for number, value in enumerate(values, 1):
        if value is not None:
            yield from _value(shape.member, value, f"{path}.{number}.member")


def _map(shape: Any, values: dict[str, Any], path: str) -> Iterator[Violation]:
    yield from _scalars(shape, values, shape.key, list(values), path, "Map keys")
    if _is_scalar(shape.value):
        yield from _scalars(shape, values, shape.value, list(values.values()), path, "Map value")
        return
    for key, value in values.items():
        if value is not None:
            yield from _value(shape.value, value, f"{path}.{key}.member")


def _scalars(
    whole: Any, all_of_it: Any, shape: Any, values: list[Any], path: str, what: str
) -> Iterator[Violation]:
    """Of scalars in a list or a map the container is named, with all that is asked of each."""
    present = [value for value in values if value is not None]
    for value in present:
        _check_type(shape, value)
    if any(_broken(shape, value) for value in present):
        asked = ", ".join(_constraints(shape))
        yield _violation(whole, all_of_it, path, f"{what} must satisfy constraint: [{asked}]")


def _is_scalar(shape: Any) -> bool:
    return shape.type_name not in ("structure", "list", "map")


def _broken(shape: Any, value: Any) -> list[str]:
    """The constraints of its own that a value does not satisfy."""
    asked, found = shape.metadata, []
    numeric, size = shape.type_name in _NUMBERS, _size(shape, value)
    if size is not None:
        if "max" in asked and size > asked["max"]:
            found.append(_limit(numeric, "less", asked["max"]))
        if "min" in asked and size < asked["min"]:
            found.append(_limit(numeric, "greater", asked["min"]))
    if "pattern" in asked and not patterns.matches(asked["pattern"], value):
        found.append(_pattern(asked["pattern"]))
    if "enum" in asked and value not in asked["enum"]:
        found.append(_enum(asked["enum"]))
    return found


def _constraints(shape: Any) -> Iterator[str]:
    asked, numeric = shape.metadata, shape.type_name in _NUMBERS
    if "max" in asked:
        yield _limit(numeric, "less", asked["max"])
    if "min" in asked:
        yield _limit(numeric, "greater", asked["min"])
    if "pattern" in asked:
        yield _pattern(asked["pattern"])
    if "enum" in asked:
        yield _enum(asked["enum"])


def _limit(numeric: bool, than: str, limit: Any) -> str:
    return f"Member must have {'value' if numeric else 'length'} {than} than or equal to {limit}"


def _pattern(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"


def _enum(values: list[str]) -> str:
    return f"Member must satisfy enum value set: [{', '.join(values)}]"


def _size(shape: Any, value: Any) -> float | None:
    """What `min` and `max` are about: a number itself, a blob's bytes, or a length."""
    if shape.type_name in _NUMBERS:
        return float(value)
    if shape.type_name == "blob" and isinstance(value, str):
        return len(_decoded(value))
    return len(value) if shape.type_name in ("string", "blob", "list", "map") else None


def _decoded(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise WrongType(f"Invalid Base64: {error}") from error


def _check_type(shape: Any, value: Any) -> None:
    wanted = _TYPES.get(shape.type_name)  # a timestamp comes in several
    if wanted is None or getattr(shape, "is_document_type", False):
        return
    right = isinstance(value, wanted)
    if isinstance(value, bool) and shape.type_name != "boolean":
        right = False
    if not right:
        raise WrongType(_wrong_type(shape, value))


def _wrong_type(shape: Any, value: Any) -> str:
    if isinstance(value, dict):
        return "Start of structure or map found where not expected."
    if isinstance(value, list):
        return "Start of list found where not expected"
    if shape.type_name in ("list", "map", "structure"):
        return "Unexpected field type"
    token = {bool: str(value).upper(), str: "STRING"}.get(type(value), "NUMBER")
    java = _JAVA.get(shape.type_name, shape.type_name.title())
    return f"{token}_VALUE cannot be converted to {java}"


def _violation(shape: Any, value: Any, path: str, constraint: str) -> Violation:
    shown = " null" if value is None else f" '{_java(value)}'"
    return Violation(path, "" if shape.metadata.get("sensitive") else shown, constraint)


def _java(value: Any) -> str:
    """As Java prints it."""
    if isinstance(value, list):
        return f"[{', '.join(map(_java, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}={_java(each)}' for key, each in value.items())}}}"
    return str(value).lower() if isinstance(value, bool) else str(value)
