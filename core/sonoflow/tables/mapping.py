"""What the uploader may say of a table's columns, in the mapping beside it (sidecar.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sonoflow import sidecar
from sonoflow.sidecar import METADATA_PREFIX
from sonoflow.sidecar import invalid as _invalid
from sonoflow.tables import numbers

LINES_LIMIT = 100  # that may stand before a table
DEFAULT_MISSING = (
    *("", "?", "NA", "na", "nan", "NaN", "NAN", "N/A", "n/a", "#N/A", "#n/a", "<NA>", "<na>"),
    *("null", "Null", "NULL"),
)
DELIMITERS = {",": ",", ";": ";", "\t": "\t", "|": "|", "tab": "\t", "\\t": "\t"}


def _or_none(key: str, text: str) -> str | None:
    return None if text in ("", "null") else text


def _truth(key: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise _invalid(f"{METADATA_PREFIX}{key} must be true or false, not {text!r}")
    return text == "true"


def _whole(key: str, text: str) -> Any:
    return int(text) if text.isdecimal() and len(text) < 9 else text


_READ: dict[str, Callable[[str, str], Any]] = {
    "id": _or_none,
    "features": sidecar.text_list,
    "ignore": sidecar.text_list,
    "missing": sidecar.text_list,
    "header": _truth,
    "labels": sidecar.json_text,
    "skip": _whole,
    "units": _truth,
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


def _mark(key: str, value: Any) -> str:
    known = numbers.DECIMALS if key == "decimal" else numbers.THOUSANDS
    if not isinstance(value, str) or value not in known:
        raise _invalid(f"{key!r} must be one of {', '.join(map(repr, known))}, not {value!r}")
    return value


def _classes(key: str, value: Any) -> dict[str, str]:
    """Labels as they are written, and the class of each."""
    if not isinstance(value, dict) or not value:
        raise _invalid(f"{key!r} must say of labels which class they are, not {value!r}")
    return {
        _label_value(key, label): _label_value(key, name) for label, name in sorted(value.items())
    }


def _count(key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= LINES_LIMIT:
        raise _invalid(f"{key!r} must be a number of lines up to {LINES_LIMIT}, not {value!r}")
    return value


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "label": _column,
    "positive": _label_value,
    "id": _column_or_none,
    "features": _columns,
    "ignore": _columns,
    "delimiter": _delimiter,
    "header": _flag,
    "missing": _texts,
    "decimal": _mark,
    "thousands": _mark,
    "labels": _classes,
    "skip": _count,
    "units": _flag,
}


def _together(document: sidecar.Document) -> None:
    if "decimal" in document and document["decimal"] == document.get("thousands"):
        raise _invalid("'decimal' and 'thousands' are the same mark")


KEYS = sidecar.Keys("a table", _CHECKS, _READ, _together)
parse, from_metadata = KEYS.parse, KEYS.from_metadata
