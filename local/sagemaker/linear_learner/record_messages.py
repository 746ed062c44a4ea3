"""The protobuf message `Record` of SageMaker's recordIO, in whatever way it may be encoded.

    message Float32Tensor { repeated float values = 1; repeated uint64 keys = 2;
                            repeated uint64 shape = 3; }           // all packed
    message Value  { oneof { Float32Tensor float32_tensor = 2; Float64Tensor float64_tensor = 3;
                             Int32Tensor int32_tensor = 7; Bytes bytes = 9; } }
    message Record { map<string, Value> features = 1; map<string, Value> label = 2; … }

Vector and label are under the name "values". A tensor with keys is sparse: the keys say where its
values are, the shape how long it is. Reading this little takes no protobuf runtime.

https://docs.aws.amazon.com/sagemaker/latest/dg/cdf-training.html
https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FEATURES, LABEL = 1, 2  # fields of Record
WIDTH_LIMIT = 10_000_000  # a sparse record of a few bytes may claim any width
_NAME = b"values"
_VALUES, _KEYS, _SHAPE = 1, 2, 3  # fields of a tensor
_FLOAT32_TENSOR, _FLOAT64_TENSOR, _INT32_TENSOR = 2, 3, 7  # fields of Value
_KINDS = {_FLOAT32_TENSOR: "<f4", _FLOAT64_TENSOR: "<f8", _INT32_TENSOR: "<i4"}
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5  # wire types
_VARINT_LIMIT = 10  # bytes

Field: TypeAlias = tuple[int, int, Any]  # number, wire type, value


def parse(data: memoryview) -> tuple[NDArray[np.float32], float | None]:
    """The vector (features,), made dense, and the label. Raises ValueError."""
    tensors: dict[int, memoryview] = {}
    for number, wire, content in _fields(data):
        if number in (FEATURES, LABEL) and wire == _LENGTH:
            tensors[number] = _entry(content)
    if FEATURES not in tensors:
        raise ValueError("has no features")
    vector = _dense(tensors[FEATURES])
    if LABEL not in tensors:
        return vector, None
    label = _dense(tensors[LABEL])
    if len(label) != 1:
        raise ValueError(f"has {len(label)} labels, not one")
    return vector, float(label[0])


def _entry(data: memoryview) -> memoryview:
    """The Value of a map's entry, which must be named "values"."""
    name, value = b"", memoryview(b"")
    for number, wire, content in _fields(data):
        if (number, wire) == (1, _LENGTH):
            name = bytes(content)
        elif (number, wire) == (2, _LENGTH):
            value = content
    if name != _NAME:
        raise ValueError(f"has something named {name!r}, where only {_NAME!r} is known")
    return value


def _dense(value: memoryview) -> NDArray[np.float32]:
    """The tensor of a Value, dense."""
    kind, tensor = 0, b""
    for number, wire, content in _fields(value):
        if number in _KINDS and wire == _LENGTH:
            # Protobuf: a message given twice is merged, and of a oneof the last one counts.
            tensor = tensor + bytes(content) if number == kind else bytes(content)
            kind = number
    values, keys, shape = _tensor(memoryview(tensor), _KINDS.get(kind, "<f4"))
    with np.errstate(
        all="ignore"
    ):  # beyond float32 is infinite, as the docstring of records.read says
        numbers = values.astype(np.float32)
    if len(keys) or (len(shape) and not len(numbers)):
        return _scattered(numbers, keys, shape)
    if not len(numbers):
        raise ValueError("has no numeric values")
    if len(shape) and _product(shape) != len(numbers):
        raise ValueError(f"has {len(numbers)} values for a shape of {_product(shape)}")
    return numbers


def _scattered(
    numbers: NDArray[np.float32], keys: NDArray[np.uint64], shape: NDArray[np.uint64]
) -> NDArray[np.float32]:
    width = _product(shape) if len(shape) else 0
    if not 0 < width <= WIDTH_LIMIT:
        raise ValueError(f"is sparse, with a shape of {width}: must be 1 to {WIDTH_LIMIT}")
    if len(keys) != len(numbers):
        raise ValueError(f"has {len(keys)} keys for {len(numbers)} values")
    if (keys >= width).any():
        raise ValueError(f"has the key {keys.max()} in a shape of {width}")
    if len(np.unique(keys)) != len(keys):
        raise ValueError("has a key twice")
    vector = np.zeros(width, np.float32)
    vector[keys.astype(np.int64)] = numbers
    return vector


def _product(shape: NDArray[np.uint64]) -> int:
    return math.prod(shape.tolist())


def _tensor(
    data: memoryview, kind: str
) -> tuple[NDArray[Any], NDArray[np.uint64], NDArray[np.uint64]]:
    """Values, keys and shape, each given packed or one by one."""
    values: list[NDArray[Any]] = [np.empty(0, kind)]
    whole: dict[int, list[NDArray[np.uint64]]] = {
        _KEYS: [np.empty(0, np.uint64)],
        _SHAPE: [np.empty(0, np.uint64)],
    }
    for number, wire, content in _fields(data):
        if number == _VALUES and kind == "<i4":
            values += [one.astype(np.int32) for one in _integers(wire, content)]
        elif number == _VALUES and wire in (_LENGTH, _FIXED32, _FIXED64):
            values.append(_floats(content, kind))
        elif number in whole:
            whole[number] += _integers(wire, content)
    return np.concatenate(values), np.concatenate(whole[_KEYS]), np.concatenate(whole[_SHAPE])


def _floats(content: memoryview, kind: str) -> NDArray[Any]:
    if len(content) % np.dtype(kind).itemsize:
        raise ValueError(f"has values of {len(content)} bytes, which are no whole numbers")
    return np.frombuffer(content, kind)


def _integers(wire: int, content: Any) -> list[NDArray[np.uint64]]:
    if wire == _VARINT:
        return [np.array([content], np.uint64)]
    return [_varints(content)] if wire == _LENGTH else []


def _varints(content: memoryview) -> NDArray[np.uint64]:
    """Packed ones. A byte holds seven bits, the lowest first; the last byte has no eighth."""
    octets = np.frombuffer(content, np.uint8)
    last = octets < 0x80
    if not len(octets):
        return np.empty(0, np.uint64)
    if not last[-1]:
        raise ValueError("is cut off within a number")
    starts = np.concatenate([[0], np.flatnonzero(last)[:-1] + 1])
    lengths = np.diff(np.append(starts, len(octets)))
    if lengths.max() > _VARINT_LIMIT:
        raise ValueError(f"has a number of more than {_VARINT_LIMIT} bytes")
    places = np.arange(len(octets)) - np.repeat(starts, lengths)
    bits = (octets & np.uint8(0x7F)).astype(np.uint64) << (7 * places).astype(np.uint64)
    return np.add.reduceat(bits, starts)


def _fields(data: memoryview) -> Iterator[Field]:
    """Every field of a message: an int for a varint, else its bytes."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            value, at = _varint(data, at)
            yield number, wire, value
            continue
        if wire == _LENGTH:
            size, at = _varint(data, at)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
        else:
            raise ValueError(f"has a field of wire type {wire}, which is not known")
        if at + size > len(data):
            raise ValueError(f"has a field of {size} bytes where {len(data) - at} are left")
        yield number, wire, data[at : at + size]
        at += size


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number at an offset, and where it ends."""
    number = 0
    for place, octet in enumerate(data[at : at + _VARINT_LIMIT]):
        number |= (octet & 0x7F) << 7 * place
        if octet < 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF, at + place + 1
    raise ValueError("is cut off within a number")
