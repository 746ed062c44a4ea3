"""All external sets beside all models that have judged them, as one page: `reports/external/`.

Two validations may end at once. Each looks at what is published before it lists what there is, and
writes over that alone; who comes too late lists again, so that what is published last lists all.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from botocore.exceptions import ClientError

from sonoflow import keys
from sonoflow.aws import objects, streams
from sonoflow.aws.clients import client
from sonoflow.reports import page
from sonoflow.settings import Buckets

SCHEMA_VERSION = 1
KIND = "external-matrix"
TEMPLATE = "external_matrix.html"
PLACE = "reports/external/matrix"
FIGURES = {
    "classification": ("accuracy", "macro_auc", "malignant_auc", "ece"),
    "segmentation": ("lesion_dice", "lesion_iou", "lesion_hd95", "normal_false_mask_rate"),
}
_TYPES = {"json": "application/json", "html": "text/html; charset=utf-8"}
_READS_AT_ONCE = 16
_TRIES = 20  # each failure means that somebody else wrote
_PAUSE_SECONDS = 0.05
_NOT_MET = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})

Facts = dict[str, Any]


def renew(prefix: str, buckets: Buckets) -> str:
    """Lists the published facts of every validation, below `prefix` of the work bucket, and writes
    the page. Gives its URI. Errors of S3 escape."""
    for attempt in range(1, _TRIES + 1):
        before = {suffix: _etag(buckets.results_bucket, suffix) for suffix in _TYPES}
        facts = compose(_read(buckets.work_bucket, prefix))
        content = {
            "json": objects.json_bytes(facts),
            "html": page.render(TEMPLATE, facts, {"named": FIGURES}, internal=False),
        }
        try:
            for suffix, body in content.items():
                _write(buckets.results_bucket, suffix, body, before[suffix])
            return keys.uri(buckets.results_bucket, f"{PLACE}.html")
        except ClientError as error:
            if error.response["Error"]["Code"] not in _NOT_MET or attempt == _TRIES:
                raise
        time.sleep(random.uniform(0, _PAUSE_SECONDS * attempt))  # noqa: S311
    raise AssertionError("unreachable")


def _etag(bucket: str, suffix: str) -> str | None:
    try:
        etag: str = client("s3").head_object(Bucket=bucket, Key=f"{PLACE}.{suffix}")["ETag"]
    except ClientError as error:
        if objects.is_missing(error):
            return None
        raise
    return etag


def _write(bucket: str, suffix: str, body: bytes, before: str | None) -> None:
    condition = {"IfNoneMatch": "*"} if before is None else {"IfMatch": before}
    key = f"{PLACE}.{suffix}"
    client("s3").put_object(
        Bucket=bucket, Key=key, Body=body, ContentType=_TYPES[suffix], **condition
    )


def _read(bucket: str, prefix: str) -> list[Mapping[str, Any]]:
    pages = client("s3").get_paginator("list_objects_v2")
    listed = [
        item["Key"]
        for one in pages.paginate(Bucket=bucket, Prefix=prefix)
        for item in one.get("Contents", [])
    ]
    return list(streams.in_order(lambda k: objects.read_json(bucket, k), listed, _READS_AT_ONCE))


def compose(reports: Iterable[Mapping[str, Any]]) -> Facts:
    """`reports` are published facts of validations."""
    ordered = sorted(reports, key=lambda one: (_set(one), [m["release"] for m in one["models"]]))
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        **{task: _of_task(ordered, task) for task in FIGURES},
    }


def _set(report: Mapping[str, Any]) -> tuple[str, str]:
    return report["dataset"]["name"], report["dataset"]["version"]


def _of_task(reports: Sequence[Mapping[str, Any]], task: str) -> list[Facts]:
    """A line per model that has judged a set: its own test split, and each set."""
    lines: dict[str, Facts] = {}
    for report in reports:
        if report[task] is None:
            continue
        model = next(one for one in report["models"] if one["task"] == task)
        internal = _cell(report[task]["internal"], task)
        line = lines.setdefault(
            model["release"],
            {"release": model["release"], "trained_on": model["trained_on"], "internal": internal},
        )
        name, version = _set(report)
        sets = line.setdefault("external", [])
        # Judged again beside another model of the other task, it has the same figures here.
        if {"name": name, "version": version} not in [one["dataset"] for one in sets]:
            cell = _cell(report[task]["external"], task)
            sets.append({"dataset": {"name": name, "version": version}, **cell})
    return list(lines.values())


def _cell(side: Mapping[str, Any], task: str) -> Facts:
    return {
        "images": side["images"],
        "groups": side["groups"],
        "metrics": {name: side["metrics"].get(name) for name in FIGURES[task]},
        "intervals": {name: side["intervals"].get(name) for name in FIGURES[task]},
    }
