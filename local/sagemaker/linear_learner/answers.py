"""Predictions as responses: JSON, JSON Lines and recordIO-protobuf."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from email.message import Message
from typing import Any

import numpy as np
import numpy.typing as npt

from local.sagemaker.linear_learner.errors import PayloadError
from local.sagemaker.linear_learner.model import Predictions
from local.sagemaker.linear_learner.payloads import JSON, JSON_LINES
from sonoflow.tables.linear_learner import RECORDIO
from sonoflow.tables.recordio import MAGIC

NOT_ACCEPTABLE = 406
_ANY = ("*/*", "application/*")
_LABEL, _ENTRY_KEY, _ENTRY_VALUE, _FLOAT32_TENSOR, _VALUES = 2, 1, 2, 2, 1  # protobuf fields
_LENGTH_DELIMITED = 2


def content_type_of(accept: str) -> str:
    """What to answer with; JSON if nothing is asked for. Raises PayloadError, 406."""
    for wanted in filter(None, map(str.strip, accept.split(","))):
        header = Message()
        header["Content-Type"] = wanted
        kind = header.get_content_type()
        if wanted.startswith(_ANY):
            return JSON
        if kind in _WRITERS:
            return kind
    if accept.strip():
        known = ", ".join(_WRITERS)
        raise PayloadError(
            f"Accept type {accept} is not supported; supported are {known}", NOT_ACCEPTABLE
        )
    return JSON


def encode(predictions: Predictions, content_type: str) -> bytes:
    """The response's body, in one of the types that `content_type_of` returns."""
    return _WRITERS[content_type](predictions)


def _json(predictions: Predictions) -> bytes:
    return json.dumps({"predictions": list(_records(predictions))}).encode()


def _json_lines(predictions: Predictions) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in _records(predictions)).encode()


def _records(predictions: Predictions) -> Iterator[dict[str, Any]]:
    scores = predictions.scores.tolist()
    if predictions.labels is None:
        yield from ({"score": score} for score in scores)
        return
    for score, label in zip(scores, predictions.labels.tolist(), strict=True):
        yield {"score": score, "predicted_label": label}


def _recordio(predictions: Predictions) -> bytes:
    """Records whose label map holds `predicted_label` and `score`, in float32.

    All records differ only in the bytes of their numbers, so they are written as one array.
    """
    rows = len(predictions.scores)
    scores = predictions.scores.reshape(rows, -1)
    numbers: dict[str, npt.NDArray[Any]] = {"score": scores}
    if predictions.labels is not None:
        numbers = {"predicted_label": predictions.labels.reshape(rows, 1), **numbers}
    payload, places = b"", []
    for name, values in numbers.items():
        size = 4 * values.shape[1]
        payload += _label_entry(name, size)
        places.append((len(payload) - size, np.ascontiguousarray(values, "<f4")))
    framed = struct.pack("<II", MAGIC, len(payload)) + payload
    framed += bytes(-len(framed) % 4)
    block = np.tile(np.frombuffer(framed, np.uint8), (rows, 1))
    for start, values in places:
        _fill(block, 8 + start, values)
    return block.tobytes()


def _fill(block: npt.NDArray[np.uint8], start: int, values: npt.NDArray[Any]) -> None:
    raw = values.view(np.uint8)
    block[:, start : start + raw.shape[1]] = raw


def _label_entry(name: str, size: int) -> bytes:
    """An entry of Record.label whose tensor ends with `size` zero bytes of values."""
    tensor = _field(_VALUES, bytes(size))
    value = _field(_FLOAT32_TENSOR, tensor)
    return _field(_LABEL, _field(_ENTRY_KEY, name.encode()) + _field(_ENTRY_VALUE, value))


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*encoded, value])


_WRITERS: dict[str, Callable[[Predictions], bytes]] = {
    JSON: _json,
    JSON_LINES: _json_lines,
    RECORDIO: _recordio,
}
