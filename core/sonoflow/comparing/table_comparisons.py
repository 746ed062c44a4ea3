"""A new model of a table against the one in service, on the rows of its test split that are new to
that one too.

A built-in algorithm leaves no answers behind, only its endpoint gives them. So the model in service
is asked while it still serves, and compared when the new one has been deployed and asked.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from botocore.exceptions import ClientError, ReadTimeoutError
from numpy.typing import NDArray

from sonoflow import keys, payloads
from sonoflow.aws import objects
from sonoflow.comparing import bootstrap, champions, comparison
from sonoflow.comparing.answers import Scored
from sonoflow.comparing.asking import SPARE_SECONDS
from sonoflow.comparing.champions import Champion
from sonoflow.comparing.comparison import Comparison, Sample
from sonoflow.errors import EndpointResponseInvalid
from sonoflow.inference import table_endpoint
from sonoflow.keys import TEST, TRAIN, VALIDATION
from sonoflow.tables import recordio
from sonoflow.tables.recordio import Records
from sonoflow.tables.table import Table

ROWS_LIMIT = 20_000  # more tell nothing new
# Two values that agree in so many bits are one: engineered features are not the file's own digits.
_BITS = 16
_STEPS = (
    256  # of a standard deviation: far above what float32 loses, far below what tells rows apart
)
_UNIT = "rows"

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Hashes = NDArray[np.uint64]


@dataclasses.dataclass(frozen=True)
class _Rows:
    positions: Labels  # within the test split
    values: Floats  # (n, features), as the file has them


def ask(payload: Mapping[str, Any], seconds_left: Callable[[], float]) -> Comparison:
    """Has the model in service score what is new to it; the answers are kept for `compare`.

    Raises PayloadInvalid, EndpointChanged; errors of the services escape.
    """
    champion = champions.find(payloads.field(payload, "endpoint_name", str))
    if champion is None:
        return comparison.first()
    bucket, key = keys.parse_uri(payloads.field(payload, "table_uri", str))
    document = objects.find_json(bucket, keys.release_table(champion.config))
    if document is None:
        reason = "what it was trained on is not known, so no row can be called new to it"
        return comparison.uncompared(champion.config, reason)
    own, before = Table.parse(objects.read_json(bucket, key)), Table.parse(document)
    if reason := _differs(own, before, champion):
        return comparison.incompatible(champion.config, reason)
    rows = _sample(payload, own)
    # In one order of features, so that the rows of both tables are the same numbers.
    values = rows.values[:, [own.features.index(name) for name in before.features]]
    known = _known(_hashes(values, before), bucket, before, seconds_left)
    if known is None:
        reason = "what it was trained on could not be read, or not in time"
        return comparison.uncompared(champion.config, reason)
    new = ~known
    sample = Sample(_UNIT, int(new.sum()), int(new.sum()), int((~new).sum()))
    if sample.compared < bootstrap.GROUPS_MINIMUM:
        return comparison.uncompared(champion.config, _too_few(sample), sample)
    try:
        scores = table_endpoint.score(champion.endpoint, before.transform(values[new]), before)
    except (EndpointResponseInvalid, ReadTimeoutError, ClientError) as error:
        if isinstance(error, ClientError) and error.response["Error"]["Code"] != "ModelError":
            raise
        return comparison.uncompared(champion.config, f"it does not answer: {error}", sample)
    champion.check_unchanged()
    release = payloads.field(payload, "release", str)
    kept = keys.champion_answers(release, champion.config, 0)
    answers = {
        "rows": rows.positions[new].tolist(),
        "scores": scores.scores.tolist(),
        "labels": scores.labels.tolist(),
    }
    objects.write_json(bucket, kept, answers)
    return comparison.asked(champion.config, keys.uri(bucket, kept), sample)


def compare(
    asked: Mapping[str, Any], truth: Labels, scores: Floats, predicted: Labels, classes: int
) -> Comparison:
    """What the new model's endpoint answered to the whole test split, (rows,) each, against what
    was kept. `asked`: as `Comparison.document` says it. Raises PayloadInvalid."""
    config = payloads.field(asked, "champion", str)
    answers = objects.read_json(*keys.parse_uri(payloads.field(asked, "answers_uri", str)))
    rows = np.array(answers["rows"], dtype=np.int64)
    before = Scored(
        truth[rows],
        np.array(answers["scores"], dtype=np.float64),
        np.array(answers["labels"], dtype=np.int64),
        classes,
    )
    own = Scored(truth[rows], scores[rows], predicted[rows], classes)
    found = bootstrap.compare(before, own, [str(row) for row in answers["rows"]])
    sample = Sample(**payloads.field(asked, "sample", dict))
    return comparison.judged(config, found, sample)


def _differs(own: Table, before: Table, champion: Champion) -> str:
    """Why whoever relies on the model in service could not on this one; empty where they can."""
    if own.classes != before.classes:
        return (
            f"it knows the classes {', '.join(own.classes)}, in this order; the model in service, "
            f"{champion.config}, knows {', '.join(before.classes)}: whoever reads the answers "
            "would meet others than before"
        )
    if set(own.features) != set(before.features):
        apart = sorted(set(own.features) ^ set(before.features))
        return (
            f"its features are others than those of the model in service, {champion.config}; only "
            f"one of both has {', '.join(apart[:10])}: tables that were scored would be refused"
        )
    return ""


def _sample(payload: Mapping[str, Any], own: Table) -> _Rows:
    """Of the test split, at equal distances."""
    statistics = objects.read_json(*_location(payload, "statistics_uri"))
    step = max(1, math.ceil(sum(statistics["splits"][TEST].values()) / ROWS_LIMIT))
    positions, values, before = [], [], 0
    for records in _shards(objects.read(*_location(payload, "manifest_uri"))):
        chosen = np.arange(-before % step, len(records.vectors), step)
        positions.append(chosen + before)
        values.append(_values(own, records.vectors[chosen]))
        before += len(records.vectors)
    return _Rows(np.concatenate(positions), np.concatenate(values))


def _known(
    rows: Hashes, bucket: str, before: Table, seconds_left: Callable[[], float]
) -> NDArray[np.bool_] | None:
    """Which rows it was trained on or chosen by. These may be millions: a shard at a time."""
    found = np.zeros(len(rows), dtype=np.bool_)
    for split in (TRAIN, VALIDATION):
        manifest = objects.find(bucket, before.dataset.manifest(split))
        if manifest is None:
            return None
        for records in _shards(manifest):
            if seconds_left() < SPARE_SECONDS:
                return None
            found |= np.isin(rows, _hashes(_values(before, records.vectors), before))
    return found


def _shards(manifest: bytes) -> Iterator[Records]:
    prefix, *names = json.loads(manifest)
    for name in names:
        yield recordio.read(objects.read(*keys.parse_uri(prefix["prefix"] + name)))


def _values(table: Table, vectors: NDArray[np.float32]) -> Floats:
    """The features as the file has them, of vectors that `table` has transformed."""
    values = vectors[:, : len(table.features)].astype(np.float64)
    if table.standardisation is not None:
        scale, mean = table.standardisation.scale, table.standardisation.mean
        values = values * np.asarray(scale) + np.asarray(mean)
    return values


def _hashes(values: Floats, table: Table) -> Hashes:
    """(n,) of rows: equal where all values are, but for their last bits. Values that were
    standardised come back with errors as large as their feature's scale makes them, a zero too."""
    if table.standardisation is not None:
        scale, mean = table.standardisation.scale, table.standardisation.mean
        steps = np.asarray(scale) / _STEPS
        rounded = np.round((values - np.asarray(mean)) / np.maximum(steps, 1e-300)) + 0.0
    else:
        mantissa, exponent = np.frexp(values)
        rounded = np.ldexp(np.round(mantissa * 2**_BITS), exponent - _BITS) + 0.0  # no minus zero
    bits = np.ascontiguousarray(rounded).view(np.uint64)
    bits = bits ^ (bits >> np.uint64(32))
    odd = np.random.default_rng(0).integers(2**63, size=values.shape[1], dtype=np.uint64)
    hashed: Hashes = (bits * (2 * odd + np.uint64(1))).sum(axis=1, dtype=np.uint64)
    return hashed


def _too_few(sample: Sample) -> str:
    return (
        f"{sample.compared} rows of the test split are new to it ({sample.left_out} left out), "
        f"and {bootstrap.GROUPS_MINIMUM} are needed"
    )


def _location(payload: Mapping[str, Any], name: str) -> tuple[str, str]:
    return keys.parse_uri(payloads.field(payload, name, str))
