"""What the uploader may say of a data set of images, in the mapping beside it (sidecar.py).

    {"classes": "folders"}          or "names" (of files), "masks" (lesion or normal), or a table
                                    in the archive: {"file": "x.csv", "image": "ID", "class": "y"}
    {"labels": {"B": "benign"}}     other names for classes, as they are in the archive
    {"groups": "folders"}           or "names", "none", or {"file": "x.csv", "image": …, "group": …}
    {"splits": "own"}               instead of the archive's; "given": those, or refused
    {"continues": "busi/0a1b2c3d4e5f"}   an earlier version: its splits stay, what is new trains
    {"ignore": ["overlays", "*_pred.png"]}   folders, or patterns of names
    {"role": "external"}            judged by the models in service, never trained on
    {"subgroups": {"file": "x.csv", "image": "ID", "columns": ["Device"]}}   of an external set

`masks` and `pictures` say how pixels are read (reading.py).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Sequence
from typing import Any

from sonoflow import sidecar
from sonoflow.errors import PayloadInvalid
from sonoflow.images import reading
from sonoflow.keys import Dataset
from sonoflow.sidecar import Document, invalid

FOLDERS, NAMES, MASKS, NONE, GIVEN, OWN = "folders", "names", "masks", "none", "given", "own"
EXTERNAL = "external"  # a role
_LIST_LIMIT = 1000
_COLUMNS_LIMIT = 4  # of subgroups


def ignored(path: str, patterns: Sequence[str]) -> bool:
    """Whether a canonical path lies in a folder, or has a name, that is to be left out."""
    parts = path.lower().split("/")
    for pattern in patterns:
        plain = pattern.lower().strip("/")
        inside = any(fnmatch.fnmatchcase(part, plain) for part in parts)
        if inside or fnmatch.fnmatchcase("/".join(parts), plain) or path.startswith(f"{plain}/"):
            return True
    return False


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise invalid(f"{key!r} must be a text, not {value!r}")
    return value.strip()


def _columns(key: str, value: Any, kind: str, words: Sequence[str]) -> str | dict[str, str]:
    """One of the words, or a table's columns as {"file", "image", kind}."""
    if isinstance(value, str) and value in words:
        return value
    wanted = {"file", "image", kind}
    if isinstance(value, dict) and set(value) == wanted:
        return {name: _text(f"{key}.{name}", value[name]) for name in sorted(value)}
    named = ", ".join(f'"{name}"' for name in ("file", "image", kind))
    raise invalid(f"{key!r} must be one of {', '.join(words)} or an object of {named}")


def _classes(key: str, value: Any) -> str | dict[str, str]:
    return _columns(key, value, "class", (FOLDERS, NAMES, MASKS))


def _groups(key: str, value: Any) -> str | dict[str, str]:
    return _columns(key, value, "group", (FOLDERS, NAMES, NONE))


def _labels(key: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not 0 < len(value) <= _LIST_LIMIT:
        raise invalid(f"{key!r} must be an object of classes and their other names")
    return {name: _text(f"{key}.{name}", value[name]) for name in sorted(value)}


def _splits(key: str, value: Any) -> str:
    if value not in (GIVEN, OWN):
        raise invalid(f"{key!r} must be {GIVEN} or {OWN}, not {value!r}")
    return str(value)


def _continues(key: str, value: Any) -> str:
    name, _, version = value.partition("/") if isinstance(value, str) else ("", "", "")
    try:
        Dataset.parse({"dataset": {"name": name, "version": version}})
    except PayloadInvalid as error:
        raise invalid(f"{key!r} must be <name>/<version> of a data set, not {value!r}") from error
    return f"{name}/{version}"


def continued(mapping: Document) -> Dataset | None:
    """The version that a data set of such a checked mapping goes on from."""
    return Dataset(*mapping["continues"].split("/")) if "continues" in mapping else None


def _role(key: str, value: Any) -> str:
    if value != EXTERNAL:
        raise invalid(f"{key!r} must be {EXTERNAL}, not {value!r}; without it a set is trained on")
    return EXTERNAL


def is_external(mapping: Document) -> bool:
    """Whether such a checked mapping's set is never to be trained on."""
    return bool(mapping.get("role") == EXTERNAL)


def _subgroups(key: str, value: Any) -> dict[str, Any]:
    columns = value.get("columns") if isinstance(value, dict) else None
    if not isinstance(value, dict) or set(value) != {"file", "image", "columns"}:
        raise invalid(f'{key!r} must be an object of "file", "image", "columns"')
    if not isinstance(columns, list) or not 0 < len(columns) <= _COLUMNS_LIMIT:
        raise invalid(f"'{key}.columns' must be a list of one to {_COLUMNS_LIMIT} columns")
    named = {name: _text(f"{key}.{name}", value[name]) for name in ("file", "image")}
    told = list(dict.fromkeys(_text(f"{key}.columns", column) for column in columns))
    return {"columns": told, **named}


def _together(document: Document) -> None:
    if is_external(document) and "continues" in document:
        raise invalid("an external set is not trained on, so it continues no version")
    if "subgroups" in document and not is_external(document):
        raise invalid('subgroups are of an external set: write {"role": "external"} too')


def _ignore(key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > _LIST_LIMIT:
        raise invalid(f"{key!r} must be a list of folders or patterns, not {value!r}")
    return sorted({_text(key, pattern) for pattern in value})


def _reading(key: str, value: Any) -> dict[str, Any]:
    reading.given({key: value})
    return dict(sorted(value.items()))


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "classes": _classes,
    "labels": _labels,
    "groups": _groups,
    "splits": _splits,
    "continues": _continues,
    "ignore": _ignore,
    "masks": _reading,
    "pictures": _reading,
    "role": _role,
    "subgroups": _subgroups,
}


def _word_or_object(key: str, text: str) -> Any:
    return sidecar.json_text(key, text) if text.startswith("{") else text


_TEXTS: dict[str, Callable[[str, str], Any]] = {
    "classes": _word_or_object,
    "groups": _word_or_object,
    "labels": sidecar.json_text,
    "ignore": sidecar.text_list,
    "masks": sidecar.json_text,
    "pictures": sidecar.json_text,
    "subgroups": sidecar.json_text,
}

KEYS = sidecar.Keys("images", _CHECKS, _TEXTS, _together)


def parse(document: Any) -> Document:
    """Raises DatasetRefused (mapping-invalid)."""
    return KEYS.parse(document)
