"""What becomes of inputs that public bug reports and public data sets gave rise to, case by case.

python -m benchmarks.field_cases --cases FOLDER --out out/field_cases.json

FOLDER holds the drops and a manifest.json: a list of objects with `id`, `what`, the S3 `key` of a
drop and its `file`. Data sets are planned, staged and split as by `sonoflow check`; images
of the inbox are decoded, and rows read, up to where an endpoint would be asked. Rows are read for
the case's own table, or else for that of the case T00. Keys say nothing here: they are S3's.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from moto import mock_aws

from sonoflow import sidecar
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.aws.uploads import Upload
from sonoflow.errors import ImageRejected, TableRejected
from sonoflow.images import formats, pixels
from sonoflow.inference.table_flags import Flags
from sonoflow.planning import checks, plans
from sonoflow.tables import encodings
from sonoflow.tables.layout import inbox_layout
from sonoflow.tables.reader import read_rows
from sonoflow.tables.table import Table

UPLOADS, WORK = "uploads", "work"
PLAIN = "T00"  # whose table reads the rows of cases without one of their own
Outcome = dict[str, Any]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--only", nargs="+", metavar="ID", help="these alone, and T00")
    parser.add_argument("--out", type=Path, metavar="FILE", help="the outcomes as JSON")
    arguments = parser.parse_args(argv)
    os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
    outcomes = []
    with mock_aws():
        for outcome in tried(arguments.cases, arguments.only):
            outcomes.append(outcome)
            print(line(outcome), flush=True)
    counted = collections.Counter(outcome["became"] for outcome in outcomes)
    print(", ".join(f"{number} {became}" for became, number in counted.most_common()))
    if arguments.out:
        document = {"command": "python -m benchmarks.field_cases", "cases": outcomes}
        arguments.out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def tried(folder: Path, only: Sequence[str] | None) -> Iterator[Outcome]:
    """Each drop with what became of it, in the manifest's order."""
    drops = json.loads((folder / "manifest.json").read_text("utf-8"))
    for bucket in (UPLOADS, WORK):
        client("s3").create_bucket(Bucket=bucket)
    tables: dict[str, Table] = {}
    for drop in sorted(drops, key=lambda drop: drop["id"] != PLAIN):
        if only and drop["id"] not in (PLAIN, *only):
            continue
        data = (folder / drop["file"]).read_bytes()
        known = {name: drop[name] for name in ("id", "what", "key")}
        yield {**known, **became(drop["id"], drop["key"], data, tables)}


def became(case: str, key: str, data: bytes, tables: dict[str, Table]) -> Outcome:
    client("s3").put_object(Bucket=UPLOADS, Key=key, Body=data)
    if key.endswith("/") or sidecar.is_mapping(key):
        return {"became": "ignored"}
    if key.startswith("datasets/"):
        upload = Upload(UPLOADS, key, None, len(data))
        return _of_dataset(case, upload, tables)
    if PurePosixPath(key).suffix.lower() == ".csv":
        return _of_rows(data, tables.get(case, tables[PLAIN]))
    return _of_image(key, data)


def _of_dataset(case: str, upload: Upload, tables: dict[str, Table]) -> Outcome:
    found = checks.check(upload, WORK)
    facts = found.facts()
    if plans.is_table(upload.key) and found.dataset and not found.refusal:
        tables[case] = Table.parse(objects.read_json(WORK, found.dataset.table))
    told: Outcome = {
        "became": "refused" if found.refusal else "staged",
        "assumed": [one["detail"] for one in facts["assumptions"]],
        "classes": facts["classes"],
        "flags": facts["flags"],
        "set_aside": {reason: one["files"] for reason, one in facts["set_aside"].items()},
    }
    if found.refusal:
        told["why"] = f"{found.refusal.reason}: {found.refusal.detail}"
    return {name: value for name, value in told.items() if value}


def _of_rows(data: bytes, table: Table) -> Outcome:
    text = b"".join(encodings.as_utf8(iter([data])))
    if not text.strip():
        return {"became": "rejected", "why": "empty-table"}
    flags: collections.Counter[str] = collections.Counter()
    reasons: collections.Counter[str] = collections.Counter()
    rows = 0
    try:
        layout = inbox_layout(table, text.lstrip(b"\r\n "))
        flag = Flags(table, layout)
        for block in read_rows(iter([text]), layout):
            flags.update(one.split(":")[0] for one in flag.of(block) if one)
            reasons.update(bad.reason for bad in block.bad)
            rows += len(block.ids)
    except TableRejected as error:
        return {"became": "rejected", "why": f"{error.reason}: {error.detail}"}
    told = {"rows": rows, "flags": dict(flags), "bad_rows": dict(reasons)}
    return {"became": "read" if rows else "rejected", **{n: v for n, v in told.items() if v}}


def _of_image(key: str, data: bytes) -> Outcome:
    if PurePosixPath(key).suffix.lower() not in formats.IMAGE_SUFFIXES:
        return {"became": "rejected", "why": "unsupported-extension"}
    try:
        decoded = pixels.decode(data)
    except ImageRejected as error:
        return {"became": "rejected", "why": f"{error.reason}: {error.detail}"}
    told = {"flags": dict.fromkeys(decoded.flags, 1), "mean": round(float(decoded.pixels.mean()))}
    return {"became": "read", **{name: value for name, value in told.items() if value}}


def line(outcome: Mapping[str, Any]) -> str:
    parts = [f"{outcome['id']:5} {outcome['key'][:32]:32} {outcome['became']:8}"]
    if "why" in outcome:
        parts.append(outcome["why"])
    parts += [f"assumed: {detail}" for detail in outcome.get("assumed", ())]
    for name in ("classes", "flags", "set_aside", "rows", "bad_rows", "mean"):
        if name in outcome:
            value = outcome[name]
            if name == "classes":
                value = {label: next(iter(n.values())) for label, n in value.items()}
            parts.append(f"{name}: {value}")
    return " | ".join(parts)


if __name__ == "__main__":
    main()
