"""The summary of a zip or manifest: a row for each image that it asks for, and counts.

    bulk/<inbox path>.csv, .jsonl    the rows
    bulk/<inbox path>.json           the counts, written last

It is the answer to the version of the zip or manifest, under the same conditions as any answer
(`answers`). As long as images have none, it is there and does not complete the answer: a sweep, or
whoever goes on with the execution, makes the next one.
"""

from __future__ import annotations

import collections
import csv
import io
import json
from collections.abc import Iterator
from typing import Any

from sonoflow import keys
from sonoflow.aws import objects, uploads
from sonoflow.aws.uploads import State, Upload
from sonoflow.bulk import items
from sonoflow.bulk.rows import COLUMNS, FAILED, OUTCOMES, OVERTAKEN, WITHDRAWN, Row, failed
from sonoflow.inference import documents
from sonoflow.inference.answers import Answer, Overtaken
from sonoflow.keys import Bulk

SCHEMA_VERSION = 1
ARCHIVE, MANIFEST = "archive", "manifest"
LISTED_LIMIT = 1000  # failures in the document; all are in the rows
_NOT_REACHED = "the run ended before its turn, or could not begin it"


def answer(upload: Upload, results: str) -> Answer:
    """What a zip or manifest becomes: a summary, or a rejection."""
    path = keys.inbox_path(upload.key)
    summary, rejection, *rows = keys.inbox_answers(path)
    return Answer(upload, results, (summary, rejection), rows)


def write(upload: Upload, run: str, work: str, results: str) -> dict[str, Any]:
    """Leaves the summary in the bucket `results`; the counts by outcome, and where it lies.

    Raises Overtaken if the upload is deleted or replaced, or its version has a whole summary.
    """
    if uploads.state(upload) is not State.PRESENT:
        raise Overtaken("it was deleted or replaced")
    path = keys.inbox_path(upload.key)
    with answer(upload, results) as found:
        table, lines = _Table(), io.StringIO()
        tally = _Tally()
        for row in _rows(upload, work):
            tally.count(row)
            table.add(row)
            lines.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
        found.write(keys.bulk_rows(path, "csv"), table.data(), "text/csv")
        found.write(keys.bulk_rows(path, "jsonl"), lines.getvalue().encode(), "application/jsonl")
        document = {
            **_head(upload, run),
            **tally.document(),
            "sequencer": upload.sequencer,
            "time": documents.now(),
        }
        complete = not tally.outcomes[FAILED]
        found.write_json(keys.bulk(path), document, completes=complete)
    return {"counts": tally.counts(), "key": keys.bulk(path)}


def _head(upload: Upload, run: str) -> dict[str, Any]:
    path = keys.inbox_path(upload.key)
    return {
        "schema_version": SCHEMA_VERSION,
        "notice": documents.NOTICE,
        "kind": ARCHIVE if keys.is_inbox_archive(upload.key) else MANIFEST,
        "upload": upload.facts(),
        "run": run,
        "rows": {suffix: keys.bulk_rows(path, suffix) for suffix in ("csv", "jsonl")},
    }


def _rows(upload: Upload, work: str) -> Iterator[Row]:
    """In the plan's order; what the plan left out comes first."""
    bulk = Bulk(upload.key, upload.version_id)
    yield from objects.read_lines(work, bulk.refused)
    for batch in items.read_plan(objects.read_json(work, bulk.plan)):
        part = objects.find_json(work, bulk.part(batch.number)) or {"digest": None}
        rows = part["rows"] if part["digest"] == batch.digest() else {}
        for item in batch.items:
            found = rows.get(item.path)
            if item.withdrawn and found is not None and found["outcome"] == OVERTAKEN:
                continue  # an upload's own answer, in a folder called as the zip
            yield found or failed(item.path, item.line, _NOT_REACHED)


class _Table:
    """The rows as CSV. Lists are joined, numbers are as JSON has them."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._writer = csv.DictWriter(self._text, COLUMNS, lineterminator="\n")
        self._writer.writeheader()

    def add(self, row: Row) -> None:
        self._writer.writerow({**row, "reasons": "; ".join(row["reasons"] or [])})

    def data(self) -> bytes:
        return self._text.getvalue().encode()


class _Tally:
    def __init__(self) -> None:
        self.outcomes: collections.Counter[str] = collections.Counter()
        self._labels: collections.Counter[str] = collections.Counter()
        self._actions: collections.Counter[str] = collections.Counter()
        self._reasons: collections.Counter[str] = collections.Counter()
        self._failures: list[dict[str, Any]] = []

    def count(self, row: Row) -> None:
        self.outcomes[row["outcome"]] += 1
        for counter, name in ((self._labels, "label"), (self._actions, "action")):
            if row[name] is not None:
                counter[row[name]] += 1
        if row["reason"] is not None:
            self._reasons[row["reason"]] += 1
            if len(self._failures) < LISTED_LIMIT:
                named = ("line", "path", "outcome", "reason", "detail")
                self._failures.append({name: row[name] for name in named})

    def counts(self) -> dict[str, int]:
        asked = self.outcomes.total() - self.outcomes[WITHDRAWN]
        return {"all": asked, **{name: self.outcomes[name] for name in OUTCOMES}}

    def document(self) -> dict[str, Any]:
        return {
            "counts": self.counts(),
            "labels": dict(self._labels.most_common()),
            "actions": dict(self._actions.most_common()),
            "reasons": dict(self._reasons.most_common()),
            "failures": self._failures,
        }
