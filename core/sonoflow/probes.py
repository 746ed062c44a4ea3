"""Trying an endpoint with images of the test split before anything relies on it."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from sonoflow import endpoints, images, objects, tasks
from sonoflow.errors import EndpointResponseInvalid, ProbeFailed
from sonoflow.keys import parse_uri

PROBES = 3


def probe(task: str, endpoint: str, manifest_uri: str, classes: Collection[str]) -> list[float]:
    """The milliseconds that each probe took. Raises ProbeFailed; errors of the call escape."""
    took = []
    for bucket, key in choose(objects.read(*parse_uri(manifest_uri))):
        data = objects.read(bucket, key)
        start = time.perf_counter()
        try:
            _ask(task, endpoint, data, classes)
        except EndpointResponseInvalid as error:
            raise ProbeFailed(str(error)) from error
        took.append((time.perf_counter() - start) * 1000)
    return took


def _ask(task: str, endpoint: str, data: bytes, classes: Collection[str]) -> None:
    if tasks.get(task).name == tasks.CLASSIFICATION:
        answer = endpoints.classify(endpoint, data)
        if set(answer.probabilities) != set(classes):
            message = f"{endpoint} knows {sorted(answer.probabilities)}, not {sorted(classes)}"
            raise ProbeFailed(message)
    else:
        decoded = images.decode(data)
        endpoints.segment(endpoint, data, (decoded.width, decoded.height))


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
