"""What the uploader says of a table's columns: a JSON document beside it, or object metadata.

The mapping is kept as the document that it is: a state's input, and a part of the version.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import uploaded_json
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused, DocumentInvalid
from sonoflow.tables import numbers

Document = dict[str, Any]

SUFFIX = ".mapping.json"
METADATA_PREFIX = "sonoflow-"
# It travels in the input of an execution, which holds 256 KB in all.
BYTES_LIMIT = 64 * 1024
LINES_LIMIT = 100  # that may stand before a table
DEFAULT_MISSING = ("", "?", "NA", "nan")
DELIMITERS = {",": ",", ";": ";", "\t": "\t", "|": "|", "tab": "\t", "\\t": "\t"}


def is_mapping(key: str) -> bool:
    return key.lower().endswith(SUFFIX)


def find(upload: Upload) -> Document:
    """The mapping of an uploaded table: `x.mapping.json` beside `x.csv`, or else the object's
    metadata, or else empty. Raises DatasetRefused (mapping-invalid)."""
    key = beside(upload.key)
    try:
        return read(key, client("s3").get_object(Bucket=upload.bucket, Key=key))
    except ClientError as error:
        if not objects.is_missing(error):
            raise
    head = client("s3").head_object(
        Bucket=upload.bucket, Key=upload.key, **objects.versioned(upload.version_id)
    )
    return from_metadata(head["Metadata"])


def beside(key: str) -> str:
    """The key of a table's mapping."""
    return key.rpartition(".")[0] + SUFFIX


def read(key: str, answer: Mapping[str, Any]) -> Document:
    """The mapping that GetObject answers with. Raises DatasetRefused (mapping-invalid)."""
    try:
        document = uploaded_json.read(answer, BYTES_LIMIT)
    except DocumentInvalid as error:
        raise _invalid(f"{key!r} cannot be used: {error}") from error
    return parse(document)


def parse(document: Any) -> Document:
    """Checked, in its one way to be written. Raises DatasetRefused (mapping-invalid).

    Also of what was no file: metadata, and the input of an execution that was started by hand.
    """
    try:
        uploaded_json.check(document)
    except DocumentInvalid as error:
        raise _invalid(str(error)) from error
    if not isinstance(document, dict):
        raise _invalid(f"a JSON object is expected, not {type(document).__name__}")
    if unknown := sorted(set(document) - set(_CHECKS)):
        raise _invalid(f"unknown key {unknown[0]!r}; known are {', '.join(_CHECKS)}")
    checked = {key: _CHECKS[key](key, document[key]) for key in sorted(document)}
    if "decimal" in checked and checked["decimal"] == checked.get("thousands"):
        raise _invalid("'decimal' and 'thousands' are the same mark")
    return checked


def from_metadata(metadata: Mapping[str, str]) -> Document:
    """The same from `sonoflow-label` and so on. Lists are JSON, or names with commas between."""
    document: Document = {}
    for name, text in metadata.items():
        if name.startswith(METADATA_PREFIX):
            key = name.removeprefix(METADATA_PREFIX)
            document[key] = _READ.get(key, _as_is)(key, text)
    return parse(document)


def _as_is(key: str, text: str) -> str:
    return text


def _or_none(key: str, text: str) -> str | None:
    return None if text in ("", "null") else text


def _split(key: str, text: str) -> Any:
    if not text.startswith("["):
        return [part.strip() for part in text.split(",")]
    try:
        return uploaded_json.parse(text, BYTES_LIMIT)
    except DocumentInvalid as error:
        raise _invalid(f"{METADATA_PREFIX}{key} is no JSON list: {error}") from error


def _truth(key: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise _invalid(f"{METADATA_PREFIX}{key} must be true or false, not {text!r}")
    return text == "true"


def _object(key: str, text: str) -> Any:
    try:
        return uploaded_json.parse(text, BYTES_LIMIT)
    except DocumentInvalid as error:
        raise _invalid(f"{METADATA_PREFIX}{key} is no JSON object: {error}") from error


def _whole(key: str, text: str) -> Any:
    return int(text) if text.isdecimal() and len(text) < 9 else text


_READ: dict[str, Callable[[str, str], Any]] = {
    "id": _or_none,
    "features": _split,
    "ignore": _split,
    "missing": _split,
    "header": _truth,
    "labels": _object,
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


def _invalid(detail: str) -> DatasetRefused:
    return DatasetRefused("mapping-invalid", detail)


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
