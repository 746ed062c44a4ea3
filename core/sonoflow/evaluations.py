"""What a training job found out about its model on the test split."""

from __future__ import annotations

import io
import json
import math
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from sonoflow.errors import EvaluationUnreadable

FILE = "evaluation.json"
_BYTES_LIMIT = 64 * 1024 * 1024


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
