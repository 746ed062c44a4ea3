"""A row of a summary: what became of one image that a zip or manifest asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sonoflow.inference import index

PREDICTED, REJECTED = "predicted", "rejected"  # with a document of its own
REFUSED = "refused"  # it has no place among the answers, and no document
FAILED = "failed"  # it has no answer yet
OVERTAKEN = "overtaken"  # deleted, or there is a later version, whose answer is another's matter
WITHDRAWN = "withdrawn"  # an earlier version of the zip held it: its answer is taken away
OUTCOMES = (PREDICTED, REJECTED, REFUSED, FAILED, OVERTAKEN, WITHDRAWN)
FINAL = frozenset({PREDICTED, REJECTED, REFUSED, OVERTAKEN, WITHDRAWN})

COLUMNS = (
    *("line", "path", "outcome", "label", "probability", "action", "reasons"),
    *("lesion_pixels", "lesion_fraction", "reason", "detail", "document_key"),
    *("document_version_id", "version_id", "written"),
)
Row = dict[str, Any]
_TAKEN = (
    *("label", "action", "reasons", "lesion_pixels", "lesion_fraction", "reason", "detail"),
    *("document_key", "document_version_id", "version_id", "written"),
)


def row(path: str, outcome: str, line: int | None = None, **facts: Any) -> Row:
    """With all columns; what is not said is null where it does not apply."""
    return {**dict.fromkeys(COLUMNS), "path": path, "outcome": outcome, "line": line, **facts}


def failed(path: str, line: int | None, why: str) -> Row:
    return row(path, FAILED, line, reason="not-answered", detail=why)


def of_entry(path: str, entry: Mapping[str, Any] | None, line: int | None = None) -> Row:
    """Of a line of the index about the answer that stands; without one there is none to be had."""
    if entry is None:
        return row(path, OVERTAKEN, line)
    rejected = entry["answer"] == index.REJECTION
    found = row(path, REJECTED if rejected else PREDICTED, line)
    found |= {name: entry[name] for name in _TAKEN}
    if entry["label"] is not None:
        found["probability"] = entry["probabilities"][entry["label"]]
    return found
