"""The test splits that the events of probe_endpoint name, and answers of a table's endpoint."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from sonoflow.tables import recordio
from tests.unit import pictures, stack
from tests.unit.fake_endpoints import Answer

IMAGES = "datasets/busi-mini/cd0007f2cf09/"
TABLE = "datasets/wdbc/61e104857123/"
RELEASE = "training/sonoflow-table-61e104857123-7c1d2e3f/"
ROWS = 40
TABLE_DOCUMENT: dict[str, Any] = {
    "schema_version": 1,
    "dataset": {"name": "wdbc", "version": "61e104857123"},
    "columns": ["id", "diagnosis", "radius", "texture"],
    "header": True,
    "delimiter": ",",
    "label": {"column": "diagnosis", "classes": ["B", "M"]},
    "id": "id",
    "features": ["radius", "texture"],
    "missing": ["", "?"],
    "dropped": {},
    "engineered": False,
    "standardise": None,
    "written": 2,
}


def write_manifest(dataset: str, *names: str) -> None:
    manifest = [{"prefix": f"s3://{stack.WORK}/{dataset}"}, *names]
    stack.write(stack.WORK, f"{dataset}splits/test.manifest", json.dumps(manifest))


def write_images() -> None:
    """Two images of each class, and a mask that is no image to probe with."""
    names = [f"images/{c}/{n}.png" for c in ("benign", "malignant", "normal") for n in (1, 2)]
    for seed, name in enumerate(names):
        stack.write(stack.WORK, IMAGES + name, pictures.png(seed))
    write_manifest(IMAGES, "masks/benign/1.png", *names)


def write_table() -> None:
    """Rows in two shards: the first feature is the score of class M, and tells all."""
    truth = np.arange(ROWS) % 4 == 0
    vectors = np.column_stack([np.where(truth, 0.9, 0.2), np.arange(ROWS)]).astype(np.float32)
    names = [f"rows/test/part-{number:05d}.recordio" for number in range(2)]
    for name, half in zip(names, (slice(0, 15), slice(15, ROWS)), strict=True):
        shard = recordio.encode(vectors[half], truth[half].astype(np.float32))
        stack.write(stack.WORK, TABLE + name, shard)
    write_manifest(TABLE, *names)
    stack.write(stack.WORK, f"{TABLE}table.json", json.dumps(TABLE_DOCUMENT))
    statistics = {
        "splits": {"train": {"B": 200, "M": 100}},
        "baseline": {"train_median_label": 0.0},
    }
    stack.write(stack.WORK, f"{TABLE}table_statistics.json", json.dumps(statistics))


def linear(body: bytes, wrong: int = 0, threshold: float | None = 0.5) -> Answer:
    """Linear Learner's answer: the first feature as score; the first rows' may be wrong. Without a
    threshold a regressor's."""
    scores = recordio.read(body).vectors[:, 0].astype(float)
    scores[:wrong] = 1 - scores[:wrong]
    predictions = [{"score": score} for score in scores.tolist()]
    if threshold is not None:
        for one in predictions:
            one["predicted_label"] = int(one["score"] >= threshold)
    return Answer(json.dumps({"predictions": predictions}).encode(), "application/json")
