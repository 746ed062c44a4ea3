"""What a training job found out about its model on the test split.

A script of ours leaves an `evaluation.json` in its output. A built-in algorithm leaves figures in
the description of its job; the evaluation is written when its endpoint has been probed.
"""

from __future__ import annotations

import io
import json
import math
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from sonoflow import keys, linear_learner, objects, payloads
from sonoflow.clients import client
from sonoflow.errors import EvaluationUnreadable

FILE = "evaluation.json"
_BYTES_LIMIT = 64 * 1024 * 1024


def kept(payload: Mapping[str, Any]) -> dict[str, float | None]:
    """The figures of a script's evaluation, which is kept at the payload's
    `evaluation.evaluation_uri`. Raises EvaluationUnreadable, PayloadInvalid."""
    output = keys.parse_uri(payloads.field(payload, "evaluation.output_uri", str))
    target = keys.parse_uri(payloads.field(payload, "evaluation.evaluation_uri", str))
    evaluation = extract(objects.read(*output))
    figures = metrics(evaluation)
    objects.write(*target, evaluation, "application/json")
    return figures


def reported(payload: Mapping[str, Any]) -> dict[str, float | None]:
    """The figures that SageMaker holds of a built-in algorithm's job. Raises
    EvaluationUnreadable, PayloadInvalid."""
    job = payloads.field(payload, "evaluation.training_job", str)
    description = client("sagemaker").describe_training_job(TrainingJobName=job)
    return linear_learner.figures(description)


def extract(output: bytes) -> bytes:
    """`evaluation.json` out of a training job's output.tar.gz. Raises EvaluationUnreadable."""
    try:
        with tarfile.open(fileobj=io.BytesIO(output), mode="r:gz") as archive:
            for member in archive:
                # At the root or below data/: SageMaker does not document which.
                if member.isfile() and PurePosixPath(member.name).name == FILE:
                    return _content(archive, member)
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise EvaluationUnreadable(f"the output is no readable tar.gz: {error}") from error
    raise EvaluationUnreadable(f"the training job's output holds no {FILE}")


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    if member.size > _BYTES_LIMIT:
        raise EvaluationUnreadable(f"{FILE} has {member.size} bytes, the limit is {_BYTES_LIMIT}")
    file = archive.extractfile(member)
    return file.read() if file else b""


def metrics(document: bytes) -> dict[str, float | None]:
    """The plain figures of an evaluation; undefined ones are None. Raises EvaluationUnreadable."""
    try:
        values = json.loads(document)["metrics"]
    except (ValueError, KeyError, TypeError) as error:
        raise EvaluationUnreadable(f"{FILE} is no evaluation: {error!r}") from error
    if not isinstance(values, Mapping):
        raise EvaluationUnreadable(f"the metrics of {FILE} must be an object, not {values!r}")
    return {name: _finite(value) for name, value in values.items() if _is_figure(value)}


def _is_figure(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _finite(value: float | None) -> float | None:
    """Python's JSON reads NaN and Infinity; no state machine does."""
    return value if value is not None and math.isfinite(value) else None
