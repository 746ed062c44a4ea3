"""What the uploader may say of a table's columns, in the mapping beside it (sidecar.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sonoflow import sidecar
from sonoflow.sidecar import METADATA_PREFIX
from sonoflow.sidecar import invalid as _invalid

DEFAULT_MISSING = ("", "?", "NA", "nan")
DELIMITERS = {",": ",", ";": ";", "\t": "\t", "|": "|", "tab": "\t", "\\t": "\t"}


def _or_none(key: str, text: str) -> str | None:
    return None if text in ("", "null") else text


def _truth(key: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise _invalid(f"{METADATA_PREFIX}{key} must be true or false, not {text!r}")
    return text == "true"


_READ: dict[str, Callable[[str, str], Any]] = {
    "id": _or_none,
    "features": sidecar.text_list,
    "ignore": sidecar.text_list,
    "missing": sidecar.text_list,
    "header": _truth,
}


def _column(key: str, value: Any) -> str | int:
    named = isinstance(value, str) and value.strip() != ""
    numbered = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not (named or numbered):
        raise _invalid(f"{key!r} must be a column's name, or its number from 0, not {value!r}")
    return value.strip() if isinstance(value, str) else int(value)


def _column_or_none(key: str, value: Any) -> str | int | None:
    return None if value is None else _column(key, value)


def _columns(key: str, value: Any) -> list[str | int]:
    if not isinstance(value, list):
        raise _invalid(f"{key!r} must be a list of columns, not {value!r}")
    columns = [_column(key, column) for column in value]
    if len(set(columns)) < len(columns):
        raise _invalid(f"{key!r} names a column twice")
    return columns


def _label_value(key: str, value: Any) -> str:
    """Labels are compared as texts; that of 0 and 1 is often given as a number."""
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise _invalid(f"{key!r} must be a label as it is in the table, not {value!r}")
    return str(value).strip()


def _delimiter(key: str, value: Any) -> str:
    if not isinstance(value, str) or value not in DELIMITERS:
        raise _invalid(f"{key!r} must be a comma, semicolon, tab or bar, not {value!r}")
    return DELIMITERS[value]


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _invalid(f"{key!r} must be true or false, not {value!r}")
    return value


def _texts(key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise _invalid(f"{key!r} must be a list of texts, not {value!r}")
    return sorted({text.strip() for text in value})


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "label": _column,
    "positive": _label_value,
    "id": _column_or_none,
    "features": _columns,
    "ignore": _columns,
    "delimiter": _delimiter,
    "header": _flag,
    "missing": _texts,
}

KEYS = sidecar.Keys("a table", _CHECKS, _READ)
parse, from_metadata = KEYS.parse, KEYS.from_metadata
