"""What happens to a table in the inbox: its rows come back with a score, a label and the model.

    id,score,label,model_version,flags

Rows are in the order of the upload. The id is the cell of the id column, as it is in the upload but
for spaces around it. It is not altered: an id that begins with =, +, - or @ is a formula to a
spreadsheet that opens the scores, just as it is in the upload. Where the upload has no ids, the
first column is called `line` and holds the number of the row's line: numbers under the name `id`
would be taken for ids. The flags name the features whose values lie far outside of those that the
model was trained on: `outside-range: mean area; mean radius`. `thousands-assumed` stands in all
rows where `1.326` was read as 1326, or `1,326`, and nothing but the other numbers said so.
"""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import functools
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonoflow import keys
from sonoflow.aws import multipart, streams, uploads
from sonoflow.aws.clients import client
from sonoflow.aws.ranged import RemoteObject
from sonoflow.aws.uploads import Upload
from sonoflow.errors import TableRejected
from sonoflow.inference import table_endpoint, table_rejections
from sonoflow.inference.answers import Answer, Overtaken
from sonoflow.inference.outcomes import PREDICTED, REJECTED, Outcome
from sonoflow.inference.table_endpoint import Serving
from sonoflow.inference.table_flags import Flags
from sonoflow.inference.table_rejections import Tally
from sonoflow.settings import Buckets
from sonoflow.tables import encodings, writing
from sonoflow.tables.layout import RowLayout, inbox_layout
from sonoflow.tables.reader import Block, read_rows
from sonoflow.tables.rows import JOINED

COLUMNS = ("score", "label", "model_version", "flags")  # after the first, which is one of these:
ID, LINE = "id", "line"
REQUESTS_AT_ONCE = 4
# What fits the function's time, whatever its rows: two and a half million of thirty features, or
# fifty million of one.
BYTES_LIMIT = 512 * 1024 * 1024
HOPELESS_ROWS = 1_000_000  # as many bad ones and not one that is good: this is no table
_FIRST_LINE_LIMIT = 1024 * 1024
_SAMPLE_BYTES = 256 * 1024


@dataclasses.dataclass(frozen=True)
class _Piece:
    """Rows of one request."""

    ids: list[str]
    values: NDArray[np.float64]  # (rows, features)
    flags: list[str]


def handle(upload: Upload, buckets: Buckets, endpoint: str) -> Outcome:
    """What `score` does, in short."""
    tally = score(upload, buckets, endpoint)
    return Outcome(REJECTED if tally.rejection else PREDICTED, tally.rows, tally.bad_rows)


def score(upload: Upload, buckets: Buckets, endpoint: str) -> Tally:
    """Leaves the scores of the upload's rows, and a rejection that lists the rows that have none.

    The rejection comes first: who sees the scores finds it. A table of no use has a rejection only.
    Raises Overtaken if there is nothing to do: the object is gone, or it or a later version of it
    is answered; EndpointChanged if the endpoint takes another model meanwhile. Errors of S3 and of
    the endpoint escape. Whatever is raised, no scores appear.
    """
    path = keys.inbox_path(upload.key)
    completing = (keys.scores(path), keys.rejection(path))
    tally = Tally()
    with Answer(upload, buckets.results_bucket, completing) as answer:
        if not uploads.exists(upload):
            raise Overtaken("the object is gone")
        try:
            _check_size(upload)
            _score(upload, answer, table_endpoint.find(endpoint, buckets.work_bucket), tally)
        except TableRejected as error:
            tally.reject(error)
            _write_rejection(answer, upload, tally)
    return tally


def _score(upload: Upload, answer: Answer, serving: Serving, tally: Tally) -> None:
    key = keys.scores(keys.inbox_path(upload.key))
    answer.models = {"table": serving.version}
    metadata = answer.metadata(completes=True)
    with multipart.uploading(answer.bucket, key, "text/csv", metadata) as scores:
        _write(scores, upload, serving, tally)
        table_endpoint.check_unchanged(serving)
        if tally.bad_rows:
            _write_rejection(answer, upload, tally)
        # Parts may not outlive a condition that is not met: then the table is scored anew.
        answer.put(key, scores.finish, again=not scores.has_parts)
        scores.leave()


def _write_rejection(answer: Answer, upload: Upload, tally: Tally) -> None:
    """One of the table as a whole completes the answer, one of some rows goes with scores."""
    document = table_rejections.document(upload, tally)
    key = keys.rejection(keys.inbox_path(upload.key))
    answer.write_json(key, document, completes=tally.rejection is not None)


def _write(scores: multipart.ObjectWriter, upload: Upload, serving: Serving, tally: Tally) -> None:
    """All scores. Raises TableRejected if there are none."""
    layout, chunks = _layout(serving, encodings.as_utf8(streams.chunks(RemoteObject(upload))))
    rows = table_endpoint.rows_per_request(serving.table)
    pieces = _pieces(read_rows(chunks, layout), rows, tally, Flags(serving.table, layout))
    client("sagemaker-runtime")  # made here: threads must not make it at the same time
    answer = functools.partial(_answer, serving)
    scores.write(_lines([(LINE if layout.id is None else ID, *COLUMNS)]))
    with contextlib.closing(streams.in_order(answer, pieces, REQUESTS_AT_ONCE)) as texts:
        for text in texts:
            scores.write(text)
    if not tally.rows:
        raise _nothing_to_score(tally)


def _check_size(upload: Upload) -> None:
    if upload.size == 0:
        raise TableRejected("empty-table", "the file has 0 bytes")
    if upload.size > BYTES_LIMIT:
        detail = f"{upload.size} bytes, the limit is {BYTES_LIMIT}: score it in parts"
        raise TableRejected("too-large", detail)


def _layout(serving: Serving, chunks: Iterator[bytes]) -> tuple[RowLayout, Iterator[bytes]]:
    """How the rows are read, from the lines at the beginning; and all chunks again."""
    head = b""
    taken = []
    for chunk in chunks:
        taken.append(chunk)
        head += chunk
        line_ends = len(head) > _SAMPLE_BYTES and b"\n" in head.lstrip()
        if line_ends or len(head) > _FIRST_LINE_LIMIT:
            break
    if re.search(rb"[^\s\xef\xbb\xbf]", head) is None:
        raise TableRejected("empty-table", "the file begins with nothing but blank lines")
    if what := writing.foreign(head):
        raise TableRejected("not-a-table", what)
    start = len(head) - len(head.lstrip(b"\r\n "))
    start = head.rfind(b"\n", 0, start) + 1
    length = max(head.find(b"\n", start) - start, _SAMPLE_BYTES)
    try:
        layout = inbox_layout(serving.table, head[start : start + min(length, _FIRST_LINE_LIMIT)])
    except csv.Error as error:
        raise TableRejected("not-a-table", f"the first line is no CSV: {error}") from error
    return layout, itertools.chain(taken, chunks)


def _pieces(blocks: Iterable[Block], rows: int, tally: Tally, flags: Flags) -> Iterator[_Piece]:
    for block in blocks:
        tally.count(len(block.ids), block.bad)
        if joined := next((row for row in block.bad if row.reason == JOINED), None):
            detail = f"line {joined.line}: {joined.detail}. Upload them one by one"
            raise TableRejected(JOINED, detail)
        if not tally.rows and tally.bad_rows >= HOPELESS_ROWS:
            raise _nothing_to_score(tally)
        told = flags.of(block)
        for start in range(0, len(block.ids), rows):
            end = start + rows
            yield _Piece(block.ids[start:end], block.values[start:end], told[start:end])


def _answer(serving: Serving, piece: _Piece) -> bytes:
    """The lines of the scores. Called from several threads at once."""
    table = serving.table
    found = table_endpoint.score(serving.endpoint, table.transform(piece.values), table)
    labels = [table.classes[label] for label in found.labels.tolist()]
    versions = itertools.repeat(serving.version)
    scores = found.scores.tolist()
    return _lines(zip(piece.ids, scores, labels, versions, piece.flags, strict=False))


def _lines(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _nothing_to_score(tally: Tally) -> TableRejected:
    if tally.bad_rows:
        reason, times = tally.reasons.most_common(1)[0]
        detail = f"none of the first {tally.bad_rows} rows can be scored, {times} × {reason}"
        if first := next((row for row in tally.listed if row.reason == reason), None):
            detail += f" (line {first.line}: {first.detail})"
        return TableRejected("no-usable-rows", detail)
    return TableRejected("empty-table", "the file has a header and no rows")
