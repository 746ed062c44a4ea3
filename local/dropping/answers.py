"""The answers to what lies in the inbox, looked for in the results bucket."""

from __future__ import annotations

import collections
import csv
import io
from collections.abc import Mapping
from typing import Any

from local.dropping.items import Item
from local.dropping.outcomes import ANSWERED, REJECTED, SCORED, Outcome, percent
from local.laptop import uploads
from local.laptop.client import Laptop
from sonoflow import keys


def look(laptop: Laptop, item: Item, version: str) -> Outcome | None:
    """The answer to that version of the object, if there is one."""
    path = keys.inbox_path(item.key)
    find = _scores if keys.is_inbox_table(item.key) else _prediction
    return find(laptop, item, path, version)


def _prediction(laptop: Laptop, item: Item, path: str, version: str) -> Outcome | None:
    bucket = laptop.outputs["ResultsBucketName"]
    found = uploads.find_json(laptop, bucket, keys.prediction(path))
    if found and found["image"]["version_id"] == version:
        objects = {
            "prediction.json": (bucket, keys.prediction(path)),
            "mask.png": (bucket, found["segmentation"]["mask_key"]),
            "overlay.png": (bucket, found["segmentation"]["overlay_key"]),
        }
        return Outcome(item, ANSWERED, _sentence(path, found), found, objects)
    found = uploads.find_json(laptop, bucket, keys.rejection(path))
    if found and found["image"]["version_id"] == version:
        return _rejected(item, path, found, bucket)
    return None


def _scores(laptop: Laptop, item: Item, path: str, version: str) -> Outcome | None:
    bucket = laptop.outputs["ResultsBucketName"]
    rejected = uploads.find_json(laptop, bucket, keys.rejection(path))
    if rejected and rejected["table"]["version_id"] != version:
        rejected = None
    if uploads.is_scored(laptop, keys.scores(path), version):
        left_out = f", {rejected['bad_rows']} rows left out" if rejected else ""
        scored = _counted(uploads.find(laptop, bucket, keys.scores(path)) or b"")
        place = keys.uri(bucket, keys.scores(path))
        objects = {"scores.csv": (bucket, keys.scores(path))}
        if rejected:
            objects["rejected.json"] = (bucket, keys.rejection(path))
        return Outcome(item, SCORED, f"{path}: {scored}{left_out}: {place}", rejected, objects)
    if rejected and "reason" in rejected:
        return _rejected(item, path, rejected, bucket)
    return None


def _counted(scores: bytes) -> str:
    rows = list(csv.DictReader(io.StringIO(scores.decode("utf-8"))))
    labels = collections.Counter(row["label"] for row in rows if row.get("label"))
    told = ", ".join(f"{number} {label}" for label, number in labels.most_common())
    return f"{len(rows)} rows scored" + (f" ({told})" if told else "")


def _rejected(item: Item, path: str, found: Mapping[str, Any], bucket: str) -> Outcome:
    text = f"{path} was rejected: {found['reason']}: {found['detail']}"
    return Outcome(item, REJECTED, text, found, {"rejected.json": (bucket, keys.rejection(path))})


def _sentence(path: str, found: Mapping[str, Any]) -> str:
    label = found["classification"]["label"]
    chance = percent(found["classification"]["probabilities"][label])
    area = found["segmentation"]["lesion_fraction"]
    decision = " ".join([found["decision"]["action"], *found["decision"]["reasons"]])
    return f"{path}: {label} {chance}, lesion {area:.1%} of the image, {decision}"
