"""Reading the inputs of functions, with errors that name what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from sonoflow.errors import PayloadInvalid

T = TypeVar("T")


def field(payload: Mapping[str, Any], path: str, kind: type[T]) -> T:
    """The value at a dotted path, checked to be of a kind and, if text, not to be empty.

    Raises PayloadInvalid, naming the path.
    """
    value: Any = payload
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            raise PayloadInvalid(f"the input has no {path!r}")
        value = value[name]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise PayloadInvalid(f"{path!r} must be {kind.__name__}, not {value!r}")
    if value == "":
        raise PayloadInvalid(f"{path!r} must not be empty")
    return value


def texts(payload: Mapping[str, Any], path: str) -> list[str]:
    """The list of non-empty strings at a dotted path. Raises PayloadInvalid."""
    values = field(payload, path, list)
    if not values or not all(isinstance(value, str) and value for value in values):
        raise PayloadInvalid(f"{path!r} must be a list of non-empty strings, not {values!r}")
    return values
