"""Records of recordIO-protobuf, in whatever way Linear Learner may be given them.

What Sonoflow itself writes, dense float32 vectors of one width, is read by its own reader, a block
at a time; anything else one record after the other.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from local.sagemaker.linear_learner import record_messages
from sonoflow.errors import RecordInvalid
from sonoflow.tables import recordio
from sonoflow.tables.recordio import ALIGNMENT, HEADER, MAGIC, Records

Vector = npt.NDArray[np.float32]


def read(data: bytes) -> Records:
    """The records, dense, in order; those of float64, int32 or sparse tensors become float32, and
    what float32 cannot hold becomes infinite.

    Raises RecordInvalid, naming the number of the record, counted from 1: for what is malformed or
    cut off, has another width than the first or has no label where the first has one.
    """
    try:
        return recordio.read(data)
    except RecordInvalid:
        return _one_by_one(data)


def _one_by_one(data: bytes) -> Records:
    vectors: list[Vector] = []
    labels: list[float | None] = []
    at = 0
    while at < len(data):
        try:
            vector, label, at = _parse(data, at)
            if vectors:
                _check_alike((vector, label), (vectors[0], labels[0]))
        except ValueError as error:
            raise RecordInvalid(f"record {len(vectors) + 1}: {error}") from error
        vectors.append(vector)
        labels.append(label)
    known = [label for label in labels if label is not None]
    return Records(np.stack(vectors), np.array(known, np.float32) if known else None)


def _parse(data: bytes, at: int) -> tuple[Vector, float | None, int]:
    """The vector (features,) and the label of the record at an offset, and where the record ends.

    Raises ValueError.
    """
    if len(data) - at < HEADER.size:
        raise ValueError(f"is cut off within its header, {len(data) - at} bytes long")
    magic, length = HEADER.unpack_from(data, at)
    if magic != MAGIC:
        raise ValueError(f"begins with {magic:#010x}, not with {MAGIC:#010x}")
    start = at + HEADER.size
    end = start + length + -length % ALIGNMENT
    if end > len(data):
        raise ValueError(f"is cut off: {len(data) - start} of {end - start} bytes are there")
    return *record_messages.parse(memoryview(data)[start : start + length]), end


def _check_alike(record: tuple[Vector, float | None], first: tuple[Vector, float | None]) -> None:
    """Raises ValueError if a record is not like the first."""
    width, expected = len(record[0]), len(first[0])
    if width != expected:
        raise ValueError(f"has {width} values, the first has {expected}")
    if (record[1] is None) != (first[1] is None):
        has, other = ("no label", "one") if record[1] is None else ("a label", "none")
        raise ValueError(f"has {has}, the first has {other}")
