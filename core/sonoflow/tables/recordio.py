"""SageMaker's recordIO-protobuf: what its built-in algorithms are trained with and asked by.

A file is a row of records, each framed by a magic number and the length of its payload, and padded
to four bytes. The payload is a protobuf message `Record` (`record_messages.py`). Dense records of
one width, which is all that is written here, differ in nothing but the bytes of their numbers, so
whole blocks of them are written and read as arrays. The bytes are those of
`sagemaker.amazon.common.write_numpy_to_dense_tensor`, version 2.257.7.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
"""

from __future__ import annotations

import dataclasses
import functools
import io
import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sonoflow.errors import RecordInvalid
from sonoflow.tables import record_messages

CONTENT_TYPE = "application/x-recordio-protobuf"
MAGIC = 0xCED7230A
_HEADER = struct.Struct("<II")  # magic, bytes of the payload
_ALIGNMENT = 4
_FLOAT = np.dtype("<f4")
_BLOCK_BYTES = 256 * 1024  # what is composed at once: stays in the processor's cache

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class Records:
    vectors: Floats  # (records, features)
    labels: Floats | None  # (records,)


@dataclasses.dataclass(frozen=True)
class _Layout:
    """How every dense record of one width looks."""

    record: Bytes  # with header and padding, all numbers zero
    values: slice
    label: slice  # empty where there is none

    @property
    def size(self) -> int:
        return len(self.record)

    def fill(self, block: Bytes, part: slice, numbers: Floats) -> None:
        """Puts the numbers of each record into that part of the block (records, size)."""
        target = _opaque(block, part)
        target[:] = np.ascontiguousarray(numbers).view(target.dtype).reshape(-1)

    def numbers(self, block: Bytes, part: slice) -> Floats:
        """(records, numbers of the part)"""
        count = (part.stop - part.start) // _FLOAT.itemsize
        return _opaque(block, part).copy().view(_FLOAT).reshape(len(block), count)

    def matching(self, block: Bytes) -> int:
        """How many records of the block (records, size), from the first on, have this layout."""
        edges = ((0, self.values.start), (self.values.stop, self.label.start))  # padding is ignored
        parts = [slice(*edge) for edge in edges if edge[0] < edge[1]]
        if all(self._is_in_all(block, part) for part in parts):
            return len(block)
        same = [(block[:, part] == self.record[part]).all(axis=1) for part in parts]
        return int(np.logical_and.reduce(same).argmin())

    def _is_in_all(self, block: Bytes, part: slice) -> bool:
        return _opaque(block, part).tobytes() == self.record[part].tobytes() * len(block)


def _opaque(block: Bytes, part: slice) -> NDArray[np.void]:
    """That part of each record as one element, which NumPy copies at once, not byte by byte."""
    kind = np.dtype(f"V{part.stop - part.start}")
    return np.ndarray(len(block), kind, block.data, part.start, block.strides[:1])


@functools.lru_cache(maxsize=16)
def _layout(width: int, labelled: bool) -> _Layout:
    features = record_messages.tensor_header(record_messages.FEATURES, width)
    values = _part(_HEADER.size + len(features), width)
    payload = features + bytes(_FLOAT.itemsize * width)
    label = slice(values.stop, values.stop)
    if labelled:
        header = record_messages.tensor_header(record_messages.LABEL, 1)
        label = _part(values.stop + len(header), 1)
        payload += header + bytes(_FLOAT.itemsize)
    framed = _HEADER.pack(MAGIC, len(payload)) + payload + bytes(-len(payload) % _ALIGNMENT)
    return _Layout(np.frombuffer(framed, np.uint8), values, label)


def _part(start: int, numbers: int) -> slice:
    return slice(start, start + _FLOAT.itemsize * numbers)


def write(file: IO[bytes], vectors: Floats, labels: Floats | None = None) -> None:
    """Appends a record per row of `vectors` (records, features) and element of `labels`
    (records,), both float32, to a buffered binary file.

    Takes no more memory than a block of 256 KiB, or one record if that is larger, whatever the
    number of records. Raises ValueError if the arrays do not fit that description.
    """
    _check(vectors, labels)
    layout = _layout(vectors.shape[1], labels is not None)
    rows = max(1, min(len(vectors), _BLOCK_BYTES // layout.size))
    block = np.tile(layout.record, (rows, 1))
    for start in range(0, len(vectors), rows):
        part = block[: len(vectors) - start]
        layout.fill(part, layout.values, vectors[start : start + rows])
        if labels is not None:
            layout.fill(part, layout.label, labels[start : start + rows])
        file.write(part.data)


def encode(vectors: Floats, labels: Floats | None = None) -> bytes:
    """What `write` writes."""
    file = io.BytesIO()
    write(file, vectors, labels)
    return file.getvalue()


def record_bytes(width: int, labelled: bool = False) -> int:
    """The size of a dense record of so many features, header and padding included."""
    return _layout(width, labelled).size


def _check(vectors: NDArray[Any], labels: NDArray[Any] | None) -> None:
    if vectors.dtype != _FLOAT or vectors.ndim != 2 or vectors.shape[1] == 0:
        found = f"{vectors.dtype} {vectors.shape}"
        raise ValueError(f"the vectors must be float32 (records, features), not {found}")
    if labels is not None and (labels.dtype != _FLOAT or labels.shape != vectors.shape[:1]):
        found = f"{labels.dtype} {labels.shape}"
        raise ValueError(f"the labels must be float32 ({len(vectors)},), not {found}")


def read(data: bytes) -> Records:
    """The records, dense, in order; those of float64, int32 or sparse tensors become float32, and
    what float32 cannot hold becomes infinite.

    Raises RecordInvalid, naming the number of the record, counted from 1: for what is malformed or
    cut off, has another width than the first or has no label where the first has one.
    """
    octets = np.frombuffer(data, np.uint8)
    vectors: list[Floats] = []
    labels: list[Floats | None] = []
    at = number = 0
    while at < len(data):
        try:
            parsed, end = _parse(data, at)
            layout = _layout(parsed.vectors.shape[1], parsed.labels is not None)
            count = _alike(octets[at:], layout)
            if count:
                parsed, end = _slice(octets[at:], layout, count), at + count * layout.size
            if number:
                _check_alike(parsed, vectors[0], labels[0])
        except ValueError as error:
            raise RecordInvalid(f"record {number + 1}: {error}") from error
        vectors.append(parsed.vectors)
        labels.append(parsed.labels)
        at, number = end, number + len(parsed.vectors)
    known = [label for label in labels if label is not None]
    return Records(_joined(vectors, (0, 0)), _joined(known, (0,)) if known else None)


def _joined(parts: list[Floats], empty: tuple[int, ...]) -> Floats:
    """In one piece; most often it is one already."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts) if parts else np.empty(empty, np.float32)


def _parse(data: bytes, at: int) -> tuple[Records, int]:
    """The one record at an offset, and where it ends. Raises ValueError."""
    if len(data) - at < _HEADER.size:
        raise ValueError(f"is cut off within its header, {len(data) - at} bytes long")
    magic, length = _HEADER.unpack_from(data, at)
    if magic != MAGIC:
        raise ValueError(f"begins with {magic:#010x}, not with {MAGIC:#010x}")
    start = at + _HEADER.size
    end = start + length + -length % _ALIGNMENT
    if end > len(data):
        raise ValueError(f"is cut off: {len(data) - start} of {end - start} bytes are there")
    vector, label = record_messages.parse(memoryview(data)[start : start + length])
    labels = None if label is None else np.array([label], np.float32)
    return Records(vector[np.newaxis], labels), end


def _alike(octets: Bytes, layout: _Layout) -> int:
    """How many records from the first on have the layout.

    Looks at twice as many each time, so that records that differ cost little.
    """
    whole = len(octets) // layout.size
    most = max(1, _BLOCK_BYTES // layout.size)
    count, step = 0, 1
    while count < whole:
        rows = min(step, whole - count)
        begin = count * layout.size
        block = octets[begin : begin + rows * layout.size].reshape(rows, layout.size)
        found = layout.matching(block)
        count += found
        if found < rows:
            break
        step = min(2 * step, most)
    return count


def _slice(octets: Bytes, layout: _Layout, count: int) -> Records:
    block = octets[: count * layout.size].reshape(count, layout.size)
    vectors = layout.numbers(block, layout.values)
    if layout.label.start == layout.label.stop:
        return Records(vectors, None)
    return Records(vectors, layout.numbers(block, layout.label)[:, 0])


def _check_alike(parsed: Records, vectors: Floats, labels: Floats | None) -> None:
    """Raises ValueError if a record is not like the first."""
    width, first = parsed.vectors.shape[1], vectors.shape[1]
    if width != first:
        raise ValueError(f"has {width} values, the first has {first}")
    if (parsed.labels is None) != (labels is None):
        has, other = ("no label", "one") if parsed.labels is None else ("a label", "none")
        raise ValueError(f"has {has}, the first has {other}")
