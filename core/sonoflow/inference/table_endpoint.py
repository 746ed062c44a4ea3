"""A table's endpoint: which model it serves, and its scores, held to what Linear Learner answers.

Requests are recordIO-protobuf, answers JSON: `{"predictions": [{"score": 0.4, "predicted_label":
0}]}`, where a regressor gives no label and a multiclass model a list of scores, one per class.

https://docs.aws.amazon.com/sagemaker/latest/dg/LL-in-formats.html
"""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonoflow import keys
from sonoflow.aws import objects
from sonoflow.aws.clients import client
from sonoflow.errors import EndpointChanged, EndpointResponseInvalid
from sonoflow.inference import invocations
from sonoflow.tables import recordio
from sonoflow.tables.linear_learner import RECORDIO
from sonoflow.tables.table import Table

REGRESSOR_CUT = 0.5  # a regressor gives no class: from here on it is class 1
# Of a prediction in JSON, generously: the names, and 17 digits with sign and exponent per number.
_PREDICTION_BYTES, _NUMBER_BYTES = 60, 26


@dataclasses.dataclass(frozen=True)
class Serving:
    """A model in service, and the table that it was trained on."""

    endpoint: str
    release: str  # as its endpoint configuration is called
    table: Table

    @property
    def version(self) -> str:
        """Of the release, as in its name."""
        return self.release.removeprefix(f"{self.endpoint}-")


@dataclasses.dataclass(frozen=True)
class Scores:
    """What a model says of n rows."""

    scores: NDArray[np.float64]  # (n,); with more than two classes, that of the predicted one
    labels: NDArray[np.int64]  # (n,), positions in the table's classes


def find(endpoint: str, work_bucket: str) -> Serving:
    """Raises EndpointChanged while the endpoint takes another model; PayloadInvalid; errors of the
    services escape, those included that there is no endpoint, or no table of its release yet."""
    release = _release(endpoint)
    document = objects.read_json(work_bucket, keys.release_table(release))
    return Serving(endpoint, release, Table.parse(document))


def check_unchanged(serving: Serving) -> None:
    """Raises EndpointChanged unless the endpoint still serves that release."""
    release = _release(serving.endpoint)
    if release != serving.release:
        message = f"{serving.endpoint} served {serving.release} first, {release} in the end"
        raise EndpointChanged(message)


def _release(endpoint: str) -> str:
    described = client("sagemaker").describe_endpoint(EndpointName=endpoint)
    # Only then is traffic shifted: an endpoint that merely scales is "Updating" too.
    if "PendingDeploymentSummary" in described:
        raise EndpointChanged(f"{endpoint} is taking another model")
    release: str = described["EndpointConfigName"]
    return release


def rows_per_request(table: Table) -> int:
    """How many rows fit one request, their answers being within the same limit."""
    scores = len(table.classes) if len(table.classes) > 2 else 1
    answer = _PREDICTION_BYTES + _NUMBER_BYTES * scores
    largest = max(answer, recordio.record_bytes(table.written))
    return max(1, invocations.PAYLOAD_BYTES_LIMIT // largest)


def score(endpoint: str, vectors: NDArray[np.float32], table: Table) -> Scores:
    """Scores rows, `vectors` being (n, table.written) as `table.transform` gives them, in as many
    requests as they need, one after the other.

    Raises EndpointResponseInvalid; errors of the calls escape.
    """
    rows = rows_per_request(table)
    parts = [
        _ask(endpoint, vectors[start : start + rows], len(table.classes))
        for start in range(0, len(vectors), rows)
    ]
    if not parts:
        return Scores(np.empty(0), np.empty(0, np.int64))
    return Scores(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.labels for part in parts]),
    )


def _ask(endpoint: str, vectors: NDArray[np.float32], classes: int) -> Scores:
    body = recordio.encode(vectors)
    answer = invocations.invoke(endpoint, body, RECORDIO, "application/json")
    try:
        predictions = json.loads(answer)["predictions"]
        if len(predictions) != len(vectors):
            raise ValueError(f"{len(predictions)} predictions for {len(vectors)} rows")
        return _read(predictions, classes)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise EndpointResponseInvalid(f"{endpoint} gave no scores: {error!r}") from error


def _read(predictions: list[dict[str, Any]], classes: int) -> Scores:
    """Raises ValueError, KeyError, TypeError, AttributeError or OverflowError."""
    scores = np.array([one["score"] for one in predictions], dtype=np.float64)
    if not np.isfinite(scores).all():
        raise ValueError("a score is no finite number")
    if scores.ndim == 1 and not any("predicted_label" in one for one in predictions):
        if classes != 2:
            raise ValueError(f"no 'predicted_label', which of {classes} classes is not known")
        return Scores(scores, (scores >= REGRESSOR_CUT).astype(np.int64))
    labels = _labels([one["predicted_label"] for one in predictions], classes)
    if scores.ndim == 2 and scores.shape[1] == classes:
        scores = scores[np.arange(len(scores)), labels]
    if scores.ndim != 1:
        raise ValueError(f"scores of the shape {scores.shape} for {classes} classes")
    return Scores(scores, labels)


def _labels(given: list[Any], classes: int) -> NDArray[np.int64]:
    numbers = np.array(given, dtype=np.float64)
    if numbers.ndim != 1 or not (numbers == np.floor(numbers)).all():
        raise ValueError("a 'predicted_label' is no whole number")
    outside = numbers[(numbers < 0) | (numbers >= classes)]
    if len(outside):
        raise ValueError(f"the 'predicted_label' {outside[0]:g} is none of {classes} classes")
    return numbers.astype(np.int64)
