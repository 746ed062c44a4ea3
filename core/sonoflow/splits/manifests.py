"""Manifests: what a training job reads of a data set."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from sonoflow.aws import objects
from sonoflow.images.parts import Entry
from sonoflow.keys import Dataset, uri


def write(bucket: str, dataset: Dataset, by_split: Mapping[str, Iterable[Entry]]) -> dict[str, str]:
    """The manifests' URIs by split."""
    for split, entries in by_split.items():
        body = manifest(bucket, dataset, entries)
        objects.write(bucket, dataset.manifest(split), body, "application/json")
    return {split: uri(bucket, dataset.manifest(split)) for split in by_split}


def manifest(bucket: str, dataset: Dataset, entries: Iterable[Entry]) -> bytes:
    """A SageMaker ManifestFile of images and masks: a prefix, then what lies below it."""
    lines: list[Any] = [{"prefix": uri(bucket, dataset.prefix)}]
    for entry in entries:
        lines += [key for key in (entry["image"], entry["mask"]) if key]
    return json.dumps(lines, indent=0).encode()
