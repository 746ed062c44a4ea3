"""The answers in a results bucket, as a table for people or as CSV: those of the laptop, or of AWS.

Answers come from the index, the newest of each inbox path; cases for review from `review/`, which
holds what is waiting now.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import csv
import datetime
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.laptop.client import Laptop
from local.runtime.failures import Failure
from sonoflow import keys
from sonoflow.aws.uploads import is_newer

_AT_ONCE = 16
_WIDTH = 200  # characters, of a table in a file
_ACTIONS = {"scores": "scored", "rejection": "rejected"}
_ROLES = ("classifier", "segmenter", "table")
Document = Mapping[str, Any]
Row = dict[str, Any]


class ListingFailed(Failure):
    """A bucket cannot be read; says which and why."""


def describe(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--csv", action="store_true", help="as CSV, with all columns")
    parser.add_argument("--out", type=Path, metavar="FILE", help="into a file")
    parser.add_argument(
        "--since", type=_moment, metavar="TIME", help="2026-12-01, or with a time; UTC unless said"
    )
    parser.add_argument("--review", action="store_true", help="what a person has to look at")
    parser.add_argument(
        "--bucket", metavar="NAME", help="a results bucket on AWS, as boto3 is configured"
    )


def run(arguments: argparse.Namespace, console: Console) -> int:
    rows = _on_aws(arguments) if arguments.bucket else _on_laptop(arguments)
    if arguments.csv:
        text = as_csv(rows)
        if arguments.out is None:
            console.file.write(text)
    else:
        table = as_table(rows, "Cases for review" if arguments.review else "Answers")
        if arguments.out is None:
            console.print(table if rows else "none")
        file = io.StringIO()
        Console(file=file, width=_WIDTH).print(table)
        text = file.getvalue()
    if arguments.out is not None:
        arguments.out.write_text(text, encoding="utf-8", newline="")
        console.print(f"{len(rows)} lines in {arguments.out}", soft_wrap=True)
    return 0


def _on_laptop(arguments: argparse.Namespace) -> list[Row]:
    laptop = Laptop.attach(arguments.state)
    look = cases if arguments.review else answers
    return look(laptop.client("s3"), laptop.outputs["ResultsBucketName"], arguments.since)


def _on_aws(arguments: argparse.Namespace) -> list[Row]:
    """Raises ListingFailed."""
    look = cases if arguments.review else answers
    try:
        return look(boto3.client("s3"), arguments.bucket, arguments.since)
    except (BotoCoreError, ClientError) as error:
        raise ListingFailed(f"The answers in {arguments.bucket} cannot be read: {error}") from error


def answers(s3: Any, bucket: str, since: datetime.datetime | None) -> list[Row]:
    """A row for the newest answer of each inbox path, by path."""
    after = f"{keys.INDEX}dt={since.date().isoformat()}" if since else keys.INDEX
    newest: dict[str, Document] = {}
    for entry in _documents(s3, bucket, keys.INDEX, after):
        known = newest.get(entry["path"])
        if known is None or _is_later(entry, known):
            newest[entry["path"]] = entry
    found = [newest[path] for path in sorted(newest)]
    return [_answer(entry) for entry in found if _is_since(entry["written"], since)]


def cases(s3: Any, bucket: str, since: datetime.datetime | None) -> list[Row]:
    """A row for each image that a person has to look at, by path."""
    found = sorted(
        _documents(s3, bucket, keys.REVIEW, keys.REVIEW), key=lambda c: c["image"]["key"]
    )
    return [_case(document) for document in found if _is_since(document["time"], since)]


def as_csv(rows: Sequence[Row]) -> str:
    """All columns that any row has, in the order in which they first come."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def as_table(rows: Sequence[Row], title: str) -> Table:
    """What a person reads at a glance."""
    table = Table(title=title)
    shown = [_for_people(row) for row in rows]
    for name in shown[0] if shown else ():
        table.add_column(name, overflow="fold")
    for row in shown:
        table.add_row(*(Text(cell) for cell in row.values()))  # as it is: a path may hold brackets
    return table


def _documents(s3: Any, bucket: str, prefix: str, after: str) -> Iterator[Document]:
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, StartAfter=after
    )
    found = [item["Key"] for page in pages for item in page.get("Contents", [])]

    def read(key: str) -> Document | None:
        try:
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except s3.exceptions.NoSuchKey:  # a case that nobody has to look at any more
            return None
        document: Document = json.loads(body)
        return document

    with concurrent.futures.ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from (document for document in pool.map(read, found) if document is not None)


def _answer(entry: Document) -> Row:
    return {
        "path": entry["path"],
        "answer": entry["answer"],
        "label": entry["label"] or "",
        **_probabilities(entry["probabilities"]),
        "decision": entry["action"] or _ACTIONS.get(entry["answer"], ""),
        "reasons": _reasons(entry),
        "lesion_pixels": _or_empty(entry["lesion_pixels"]),
        "lesion_fraction": _or_empty(entry["lesion_fraction"]),
        "rows": _or_empty(entry["row_count"]),
        "bad_rows": _or_empty(entry["bad_row_count"]),
        **{f"model_{role}": entry["models"].get(role, "") for role in _ROLES},
        "time": entry["written"],
    }


def _case(document: Document) -> Row:
    return {
        "path": keys.inbox_path(document["image"]["key"]),
        "label": document["label"],
        **_probabilities(document["probabilities"]),
        "reasons": " ".join(each["text"] for each in document["explanations"]),
        "overlay_key": document["overlay_key"],
        "prediction_key": document["prediction_key"],
        "time": document["time"],
    }


def _reasons(entry: Document) -> str:
    if entry["reason"]:
        return f"{entry['reason']}: {entry['detail']}"
    return ", ".join(entry["reasons"] or ())


def _probabilities(given: Mapping[str, float] | None) -> Row:
    return {f"probability_{name}": value for name, value in sorted((given or {}).items())}


def _for_people(row: Row) -> dict[str, str]:
    """The same in fewer columns."""
    chances = {
        name.removeprefix("probability_"): value
        for name, value in row.items()
        if name.startswith("probability_")
    }
    likeliest = sorted(chances.items(), key=lambda item: -item[1])
    shown = {
        "path": row["path"],
        "label": row["label"],
        "probabilities": ", ".join(f"{name} {value:.2f}" for name, value in likeliest),
    }
    if "answer" not in row:
        return {**shown, "reasons": row["reasons"], "overlay": row["overlay_key"]}
    return {
        **shown,
        "decision": row["decision"],
        "reasons": row["reasons"],
        "lesion": _size(row),
        "models": "\n".join(dict.fromkeys(_models(row))),
        "time": str(row["time"])[:19].replace("T", " "),
    }


def _models(row: Row) -> Iterable[str]:
    return (row[f"model_{role}"] for role in _ROLES if row[f"model_{role}"])


def _size(row: Row) -> str:
    if row["lesion_pixels"] != "":
        return f"{row['lesion_pixels']} px, {row['lesion_fraction']:.1%}"
    if row["rows"] != "":
        return f"{row['rows']} rows, {row['bad_rows']} without score"
    return ""


def _or_empty(value: Any) -> Any:
    return "" if value is None else value


def _is_later(entry: Document, other: Document) -> bool:
    """An older version's answer gives way to a newer one's, so the last that was written stays; to
    the second, and then by the versions' order."""
    if entry["written"] != other["written"]:
        return bool(entry["written"] > other["written"])
    return is_newer(entry["sequencer"], other["sequencer"])


def _is_since(written: str, since: datetime.datetime | None) -> bool:
    return since is None or datetime.datetime.fromisoformat(written) >= since


def _moment(text: str) -> datetime.datetime:
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError as error:
        message = f"'{text}' is no date or time, as 2026-12-01 or 2026-12-01T08:00"
        raise argparse.ArgumentTypeError(message) from error
    return found if found.tzinfo else found.replace(tzinfo=datetime.UTC)
