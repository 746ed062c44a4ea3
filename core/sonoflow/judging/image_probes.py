"""Trying an endpoint with images of the test split before anything relies on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from sonoflow import payloads
from sonoflow.aws import objects
from sonoflow.errors import EndpointResponseInvalid, ProbeFailed
from sonoflow.images import pixels
from sonoflow.inference import image_endpoints
from sonoflow.judging import probes
from sonoflow.judging.probes import Probed
from sonoflow.keys import parse_uri

PROBES = 3
# How often each is asked for the time that it takes. What is slow about a first request, such as a
# serverless endpoint that starts, is over by then: each was asked once for what it answers.
ROUNDS = 3


def classifier(payload: Mapping[str, Any]) -> Probed:
    """Has a few images classified. Raises ProbeFailed; errors of the call escape."""
    endpoint = payloads.field(payload, "endpoint_name", str)
    classes = payloads.texts(payload, "classes")

    def classify(data: bytes) -> None:
        answer = image_endpoints.classify(endpoint, data)
        if set(answer.probabilities) != set(classes):
            message = f"{endpoint} knows {sorted(answer.probabilities)}, not {sorted(classes)}"
            raise ProbeFailed(message)

    return _probe(payload, classify)


def segmenter(payload: Mapping[str, Any]) -> Probed:
    """Has a few images segmented. Raises ProbeFailed; errors of the call escape."""
    endpoint = payloads.field(payload, "endpoint_name", str)

    def segment(data: bytes) -> None:
        decoded = pixels.decode(data)
        image_endpoints.segment(endpoint, data, (decoded.width, decoded.height))

    return _probe(payload, segment)


def _probe(payload: Mapping[str, Any], ask: Callable[[bytes], None]) -> Probed:
    manifest = parse_uri(payloads.field(payload, "manifest_uri", str))
    images = [objects.read(bucket, key) for bucket, key in choose(objects.read(*manifest))]
    try:
        for data in images:
            ask(data)
        took = [probes.milliseconds(ask, data) for data in images * ROUNDS]
    except EndpointResponseInvalid as error:
        raise ProbeFailed(str(error)) from error
    return Probed(len(images), took)


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
