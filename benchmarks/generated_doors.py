"""The doors that generated uploads go through, and what must hold of whatever comes of them."""

from __future__ import annotations

import collections
import csv
import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from benchmarks import generated_accounts, generated_tables
from sonoflow import keys, sidecar
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.aws.ranged import RemoteObject
from sonoflow.aws.uploads import Upload
from sonoflow.errors import DatasetRefused, TableRejected
from sonoflow.images import contents
from sonoflow.inference.table_flags import Flags
from sonoflow.planning import checks, plans
from sonoflow.tables import encodings
from sonoflow.tables.columns import find_columns
from sonoflow.tables.layout import inbox_layout
from sonoflow.tables.reader import read_rows
from sonoflow.tables.table import Table

UPLOADS, WORK = "uploads", "work"
Outcome = dict[str, Any]


class Made(Protocol):
    """An upload that was drawn."""

    @property
    def data(self) -> bytes: ...
    @property
    def mapping(self) -> bytes | None: ...
    @property
    def parts(self) -> Sequence[object]: ...
    def without(self, number: int) -> Any: ...
    def described(self) -> list[str]: ...


def _uploaded(name: str, made: Made) -> Upload:
    key = f"datasets/{name}"
    if made.mapping is not None:
        client("s3").put_object(Bucket=UPLOADS, Key=sidecar.beside(key), Body=made.mapping)
    client("s3").put_object(Bucket=UPLOADS, Key=key, Body=made.data)
    return Upload(UPLOADS, key, None, len(made.data))


def _told(found: checks.Check) -> Outcome:
    json.dumps(found.facts(), ensure_ascii=False, allow_nan=False)
    codes = [assumption.code for assumption in found.assumptions]
    aside = collections.Counter(entry["reason"] for entry in found.quarantine)
    told: Outcome = {"assumed": codes, "set_aside": dict(aside)}
    told["classes"] = found.facts()["classes"]
    if found.refusal is None:
        return {"became": "staged", **told}
    _check_sentence(found.refusal)
    return {"became": "refused", "why": found.refusal.reason, "said": found.refusal.detail, **told}


def _check_sentence(error: DatasetRefused | TableRejected) -> None:
    if len(error.detail) < 8 or not error.reason.replace("-", "").isalnum():
        raise AssertionError(f"refused without a sentence: {error!r}")


def of_archive(made: Any) -> Outcome:
    upload = _uploaded("drawn.zip", made)
    found = checks.check(upload, WORK)
    outcome = _told(found)
    if found.dataset is not None:
        index = contents.open_archive(RemoteObject(upload))
        generated_accounts.check_archive(made.parts, index, found)
    return outcome


def of_table(made: Any) -> Outcome:
    upload = _uploaded("drawn.csv", made)
    found = checks.check(upload, WORK)
    outcome = _told(found)
    if found.refusal is None and found.dataset is not None:
        _, mapping = plans.of_table(upload)
        layout = find_columns(b"".join(encodings.as_utf8(iter([made.data]))), mapping).layout
        used = []
        for split, uri in found.answer["manifests"].items():
            _, *shards = objects.read_json(*keys.parse_uri(uri))
            for number in range(len(shards)):
                names = objects.read(WORK, found.dataset.row_names(split, number))
                used += generated_accounts.rows_of(names)
        passed = layout.preamble + layout.header
        generated_accounts.check_rows(made.data, used, found.quarantine, passed)
    return outcome


def of_rows(made: Any) -> Outcome:
    """Rows of the inbox, for a model of a table that was drawn well."""
    text = b"".join(encodings.as_utf8(iter([made.data])))
    used: list[int] = []
    aside: list[dict[str, Any]] = []
    flagged: collections.Counter[str] = collections.Counter()
    try:
        table = _trained()
        layout = inbox_layout(table, text.lstrip(b"\r\n "))
        flags = Flags(table, layout)
        for block in read_rows(iter([text]), layout):
            flagged.update(flag.partition(":")[0] for flag in flags.of(block) if flag)
            used += block.lines.tolist()
            aside += [row.document() for row in block.bad]
    except csv.Error as error:  # which the door turns into a rejection
        return {"became": "refused", "why": "not-a-table", "said": str(error)}
    except TableRejected as error:
        _check_sentence(error)
        return {"became": "refused", "why": error.reason, "said": error.detail}
    generated_accounts.check_rows(made.data, used, aside, layout.preamble + layout.header)
    reasons = collections.Counter(row["reason"] for row in aside)
    return {"became": "staged", "set_aside": dict(reasons), "flags": dict(flagged)}


def _trained() -> Table:
    """The document of a plain table, staged as any."""
    found = checks.check(_uploaded("plain.csv", generated_tables.plain()), WORK)
    if found.dataset is None:
        raise LookupError(f"the plain table is refused: {found.refusal}")
    return Table.parse(objects.read_json(WORK, found.dataset.table))


DOORS: dict[str, Callable[[Any], Outcome]] = {
    "archive": of_archive,
    "table": of_table,
    "rows": of_rows,
}
