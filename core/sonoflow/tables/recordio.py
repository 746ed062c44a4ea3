"""SageMaker's recordIO-protobuf: what its built-in algorithms are trained with and asked by.

A file is a row of records, each framed by a magic number and the length of its payload, and padded
to four bytes. The payload is a protobuf message:

    message Float32Tensor { repeated float values = 1; }           // packed
    message Value  { oneof { Float32Tensor float32_tensor = 2; } }
    message Record { map<string, Value> features = 1; map<string, Value> label = 2; }

Vector and label are under the name "values". Dense records of one width, which is all that is
written and read here, differ in nothing but the bytes of their numbers, so whole blocks of them are
handled as arrays, without a protobuf runtime, which would be one more compiled package in every
function. The bytes are those of `sagemaker.amazon.common.write_numpy_to_dense_tensor`, version
2.257.7.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import dataclasses
import functools
import io
import re
import struct
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from sonoflow.errors import RecordInvalid

MAGIC = 0xCED7230A
HEADER = struct.Struct("<II")  # magic, bytes of the payload
ALIGNMENT = 4
_FLOAT = np.dtype("<f4")
_BLOCK_BYTES = 256 * 1024  # what is composed at once: stays in the processor's cache
_NAME = b"values"
_FEATURES, _LABEL = 1, 2  # fields of Record
_NAME_OF_ENTRY, _VALUE_OF_ENTRY = 1, 2  # of any map in protobuf
_FLOAT32_TENSOR, _VALUES = 2, 1  # fields of Value, of the tensor
_LENGTH_DELIMITED = 2  # wire type
# The beginning of a payload; the last number is the bytes that the vector takes.
_DENSE = re.compile(rb"\n%b\n\x06values\x12%b\x12%b\n(%b)" % ((rb"[\x80-\xff]*[\0-\x7f]",) * 4))

Floats = NDArray[np.float32]
Bytes = NDArray[np.uint8]


@dataclasses.dataclass(frozen=True)
class Records:
    vectors: Floats  # (records, features)
    labels: Floats | None  # (records,)


@dataclasses.dataclass(frozen=True)
class _Template:
    """How every dense record of one width looks."""

    record: Bytes  # with header and padding, all numbers zero
    values: slice
    label: slice  # empty where there is none

    @property
    def size(self) -> int:
        return len(self.record)

    @property
    def labelled(self) -> bool:
        return bool(self.label.start < self.label.stop)

    def fill(self, block: Bytes, part: slice, numbers: Floats) -> None:
        """Puts the numbers of each record into that part of the block (records, size)."""
        target = _opaque(block, part)
        target[:] = np.ascontiguousarray(numbers).view(target.dtype).reshape(-1)

    def numbers(self, block: Bytes, part: slice) -> Floats:
        """(records, numbers of the part)"""
        count = (part.stop - part.start) // _FLOAT.itemsize
        return _opaque(block, part).copy().view(_FLOAT).reshape(len(block), count)

    def begins(self, data: bytes) -> bool:
        """Whether the first record in `data` is one of these, as far as its vector."""
        return data.startswith(self.record[: self.values.start].tobytes())

    def matching(self, block: Bytes) -> int:
        """How many records of the block (records, size), from the first on, look like this."""
        between = (
            slice(0, self.values.start),
            slice(self.values.stop, self.label.start),
            slice(self.label.stop, self.size),
        )
        parts = [part for part in between if part.start < part.stop]
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
def _template(width: int, labelled: bool) -> _Template:
    features = _tensor_header(_FEATURES, width)
    values = _part(HEADER.size + len(features), width)
    payload = features + bytes(_FLOAT.itemsize * width)
    label = slice(values.stop, values.stop)
    if labelled:
        header = _tensor_header(_LABEL, 1)
        label = _part(values.stop + len(header), 1)
        payload += header + bytes(_FLOAT.itemsize)
    framed = HEADER.pack(MAGIC, len(payload)) + payload + bytes(-len(payload) % ALIGNMENT)
    return _Template(np.frombuffer(framed, np.uint8), values, label)


def _part(start: int, numbers: int) -> slice:
    return slice(start, start + _FLOAT.itemsize * numbers)


def _tensor_header(field: int, count: int) -> bytes:
    """The bytes of a Record's field, up to the `count` values of its tensor."""
    header, size = b"", _FLOAT.itemsize * count
    entry = _tag(_NAME_OF_ENTRY) + _varint(len(_NAME)) + _NAME + _tag(_VALUE_OF_ENTRY)
    for tag in (_tag(_VALUES), _tag(_FLOAT32_TENSOR), entry, _tag(field)):
        header = tag + _varint(len(header) + size) + header
    return header


def _tag(field: int) -> bytes:
    return _varint(field << 3 | _LENGTH_DELIMITED)


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; all bytes but the last have the eighth."""
    digits = bytearray()
    while number > 0x7F:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])


def _number(varint: bytes) -> int:
    return sum((digit & 0x7F) << 7 * place for place, digit in enumerate(varint))


def write(file: IO[bytes], vectors: Floats, labels: Floats | None = None) -> None:
    """Appends a record per row of `vectors` (records, features) and element of `labels`
    (records,), both float32, to a buffered binary file.

    Takes no more memory than a block of 256 KiB, or one record if that is larger, whatever the
    number of records. Raises ValueError if the arrays do not fit that description.
    """
    _check(vectors, labels)
    template = _template(vectors.shape[1], labels is not None)
    rows = max(1, min(len(vectors), _BLOCK_BYTES // template.size))
    block = np.tile(template.record, (rows, 1))
    for start in range(0, len(vectors), rows):
        part = block[: len(vectors) - start]
        template.fill(part, template.values, vectors[start : start + rows])
        if labels is not None:
            template.fill(part, template.label, labels[start : start + rows])
        file.write(part.data)


def encode(vectors: Floats, labels: Floats | None = None) -> bytes:
    """What `write` writes."""
    file = io.BytesIO()
    write(file, vectors, labels)
    return file.getvalue()


def record_bytes(width: int, labelled: bool = False) -> int:
    """The size of a dense record of so many features, header and padding included."""
    return _template(width, labelled).size


def _check(vectors: NDArray[Any], labels: NDArray[Any] | None) -> None:
    if vectors.dtype != _FLOAT or vectors.ndim != 2 or vectors.shape[1] == 0:
        found = f"{vectors.dtype} {vectors.shape}"
        raise ValueError(f"the vectors must be float32 (records, features), not {found}")
    if labels is not None and (labels.dtype != _FLOAT or labels.shape != vectors.shape[:1]):
        found = f"{labels.dtype} {labels.shape}"
        raise ValueError(f"the labels must be float32 ({len(vectors)},), not {found}")


def read(data: bytes) -> Records:
    """The records that `write` wrote, in order.

    Raises RecordInvalid at anything else, naming the first record that is not one of them, counted
    from 1.
    """
    if not data:
        return Records(np.empty((0, 0), np.float32), None)
    template = _template_of(data)
    whole = len(data) // template.size
    block = np.frombuffer(data, np.uint8, whole * template.size).reshape(whole, template.size)
    count = template.matching(block) if whole else 0
    if count * template.size < len(data):
        fault = _fault(data[count * template.size :])
        raise RecordInvalid(f"record {count + 1}: {fault}")
    labels = template.numbers(block, template.label)[:, 0] if template.labelled else None
    return Records(template.numbers(block, template.values), labels)


def _template_of(data: bytes) -> _Template:
    """That of the first record, or any if that is not dense."""
    found = _DENSE.match(data, HEADER.size)
    width = _number(found[1]) // _FLOAT.itemsize if found else 0
    if not 0 < width <= len(data) // _FLOAT.itemsize:
        return _template(1, labelled=False)
    plain = _template(width, labelled=False)
    return plain if plain.begins(data) else _template(width, labelled=True)


def _fault(data: bytes) -> str:
    """Why the record that `data` begins with is none that is written here."""
    if len(data) < HEADER.size:
        return f"is cut off within its header, {len(data)} bytes long"
    magic, length = HEADER.unpack_from(data)
    if magic != MAGIC:
        return f"begins with {magic:#010x}, not with {MAGIC:#010x}"
    padded = length + -length % ALIGNMENT
    if padded > len(data) - HEADER.size:
        return f"is cut off: {len(data) - HEADER.size} of {padded} bytes are there"
    return "is no dense float32 vector, or differs from the first in width or label"
