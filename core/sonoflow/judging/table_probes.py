"""Trying a table's endpoint with the whole test split, and judging the model by its answers.

A built-in algorithm leaves no evaluation, so this is where the evaluation of a table comes from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from sonoflow import payloads
from sonoflow.aws import objects
from sonoflow.comparing import comparison, table_comparisons
from sonoflow.errors import EndpointResponseInvalid, ModelWorse, PayloadInvalid, ProbeFailed
from sonoflow.inference import table_endpoint
from sonoflow.judging import evaluations, gates, probes, table_figures
from sonoflow.judging.probes import Probed
from sonoflow.judging.table_figures import Baseline, Floats, Labels
from sonoflow.keys import parse_uri
from sonoflow.tables import recordio
from sonoflow.tables.linear_learner import REGRESSOR
from sonoflow.tables.table import Table

ROUNDS = 3  # requests that are timed
Answers = tuple[Labels, Floats, Labels]  # (rows,) each: true classes, scores, predicted classes


def probe(payload: Mapping[str, Any]) -> Probed:
    """Scores every row of the test split, writes the evaluation and holds it against the gate.

    The table goes to its place beside the model before: the endpoint may be asked by others from
    the moment that it serves. Raises ProbeFailed, naming all that is missed; PayloadInvalid; errors
    of the calls escape.
    """
    classes = payloads.texts(payload, "classes")
    gate = payloads.field(payload, "gate", dict)
    content = objects.read(*_location(payload, "table_uri"))
    table = Table.parse(json.loads(content))
    if list(table.classes) != classes:
        raise PayloadInvalid(f"the table's classes are {list(table.classes)}, not {classes}")
    objects.write(*_location(payload, "release_table_uri"), content, "application/json")
    (truth, scores, predicted), took = _ask(payload, table)
    regressor = payloads.field(payload, "predictor_type", str) == REGRESSOR
    cut = table_endpoint.REGRESSOR_CUT if regressor else None
    baseline = _baseline(payload, classes)
    found = table_figures.evaluate(truth, scores, predicted, classes, baseline, cut)
    release = payloads.field(payload, "release", str)
    evaluation = {"task": payloads.field(payload, "task", str), "release": release, **found}
    document = json.dumps(evaluation, ensure_ascii=False, indent=1, allow_nan=False).encode()
    objects.write(*_location(payload, "evaluation_uri"), document, "application/json")
    figures = evaluations.metrics(document)
    if reasons := gates.reasons_against(figures, gate):
        raise ProbeFailed(f"on the {len(truth)} rows of the test split, {'; '.join(reasons)}")
    compared = _compared(payload, (truth, scores, predicted), len(classes))
    return Probed(len(truth), took, figures, compared)


def _compared(payload: Mapping[str, Any], answers: Answers, classes: int) -> dict[str, Any] | None:
    """With what the model before has answered, if it was asked. Raises ModelWorse."""
    asked = payload.get("asked")
    if asked is None:
        return None
    found = table_comparisons.compare(asked, *answers, classes)
    uris = [payloads.field(payload, name, str) for name in comparison.URIS]
    document = comparison.keep(found, *uris)
    if not found.passed:
        raise ModelWorse("; ".join(found.reasons))
    return document


def _ask(payload: Mapping[str, Any], table: Table) -> tuple[Answers, list[float]]:
    """What the endpoint makes of the rows, and the milliseconds of requests as large as any."""
    endpoint = payloads.field(payload, "endpoint_name", str)
    answers: list[Answers] = []
    try:
        for bucket, key in _shards(objects.read(*_location(payload, "manifest_uri"))):
            records = recordio.read(objects.read(bucket, key))
            if records.labels is None:
                raise ProbeFailed(f"the records of {key} have no labels to judge by")
            given = table_endpoint.score(endpoint, records.vectors, table)
            answers.append((records.labels.astype(np.int64), given.scores, given.labels))
        full = np.resize(records.vectors, (table_endpoint.rows_per_request(table), table.written))
        took = [
            probes.milliseconds(table_endpoint.score, endpoint, full, table) for _ in range(ROUNDS)
        ]
    except EndpointResponseInvalid as error:
        raise ProbeFailed(str(error)) from error
    truth, scores, predicted = (np.concatenate(parts) for parts in zip(*answers, strict=True))
    return (truth, scores, predicted), took


def _shards(manifest: bytes) -> list[tuple[str, str]]:
    """Bucket and key of each. Raises ProbeFailed."""
    prefix, *names = json.loads(manifest)
    if not names:
        raise ProbeFailed("the test split holds no row to probe with")
    return [parse_uri(prefix["prefix"] + name) for name in names]


def _baseline(payload: Mapping[str, Any], classes: list[str]) -> Baseline:
    statistics = objects.read_json(*_location(payload, "statistics_uri"))
    train = payloads.field(statistics, "splits.train", dict)
    median = payloads.field(statistics, "baseline.train_median_label", float)
    majority = max(range(len(classes)), key=lambda number: train.get(classes[number], 0))
    return Baseline(majority, median)


def _location(payload: Mapping[str, Any], name: str) -> tuple[str, str]:
    return parse_uri(payloads.field(payload, name, str))
