"""Trying an endpoint with images of the test split before anything relies on it."""

from __future__ import annotations

import dataclasses
import json
import statistics
import time
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from sonoflow import payloads
from sonoflow.aws import objects
from sonoflow.errors import EndpointResponseInvalid, ProbeFailed
from sonoflow.images import pixels
from sonoflow.inference import image_endpoints
from sonoflow.keys import parse_uri
from sonoflow.releases import tasks

PROBES = 3


@dataclasses.dataclass(frozen=True)
class Probed:
    """An endpoint that passed."""

    probes: int  # images or rows that were sent
    milliseconds: list[float]  # of each image, or of each shard of rows
    metrics: dict[str, float | None] = dataclasses.field(default_factory=dict)  # that came of it


def probe(payload: Mapping[str, Any]) -> Probed:
    """Sends a few images of the test split. Raises ProbeFailed; errors of the call escape."""
    task = payloads.field(payload, "task", str)
    endpoint = payloads.field(payload, "endpoint_name", str)
    manifest = parse_uri(payloads.field(payload, "manifest_uri", str))
    classes = payloads.texts(payload, "classes")
    took = []
    for bucket, key in choose(objects.read(*manifest)):
        data = objects.read(bucket, key)
        start = time.perf_counter()
        try:
            _ask(task, endpoint, data, classes)
        except EndpointResponseInvalid as error:
            raise ProbeFailed(str(error)) from error
        took.append((time.perf_counter() - start) * 1000)
    return Probed(len(took), took)


def _ask(task: str, endpoint: str, data: bytes, classes: Collection[str]) -> None:
    if tasks.get(task).name == tasks.CLASSIFICATION:
        answer = image_endpoints.classify(endpoint, data)
        if set(answer.probabilities) != set(classes):
            message = f"{endpoint} knows {sorted(answer.probabilities)}, not {sorted(classes)}"
            raise ProbeFailed(message)
    else:
        decoded = pixels.decode(data)
        image_endpoints.segment(endpoint, data, (decoded.width, decoded.height))


def choose(manifest: bytes) -> list[tuple[str, str]]:
    """Bucket and key of a few images, of as many classes as there are. Raises ProbeFailed."""
    prefix, *names = json.loads(manifest)
    by_class: dict[str, str] = {}
    for name in names:
        if name.startswith("images/"):
            by_class.setdefault(PurePosixPath(name).parent.name, name)
    if not by_class:
        raise ProbeFailed("the test split holds no image to probe with")
    return [parse_uri(prefix["prefix"] + name) for name in list(by_class.values())[:PROBES]]


def median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 1)
