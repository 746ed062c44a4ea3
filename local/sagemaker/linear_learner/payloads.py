"""Requests to the endpoint as rows of features: CSV, JSON, JSON Lines and recordIO-protobuf."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from email.message import Message
from typing import Any

import numpy as np

from local.sagemaker.linear_learner import records
from local.sagemaker.linear_learner.channels import CSV, numbers_of
from local.sagemaker.linear_learner.dataset import Vectors
from local.sagemaker.linear_learner.errors import PayloadError
from sonoflow.errors import RecordInvalid
from sonoflow.tables.linear_learner import RECORDIO

JSON, JSON_LINES = "application/json", "application/jsonlines"
_WIDTH_LIMIT = 10_000_000  # a sparse record of a few bytes may claim any width
UNSUPPORTED_MEDIA_TYPE = 415


def decode(body: bytes, content_type: str, features: int) -> Vectors:
    """The rows (rows, `features`) of a request.

    Raises PayloadError: 415 for a content type that is not known, 400 for anything else.
    """
    header = Message()
    header["Content-Type"] = content_type
    reader = _READERS.get(header.get_content_type()) if content_type else None
    if reader is None:
        known = ", ".join(_READERS)
        raise PayloadError(
            f"content-type {content_type or 'none'} not supported; supported are {known}",
            UNSUPPORTED_MEDIA_TYPE,
        )
    try:
        vectors = reader(body)
    except _UNREADABLE as error:
        raise PayloadError(f"unable to evaluate payload provided: {_detail(error)}") from error
    if not vectors.size:
        raise PayloadError("unable to evaluate payload provided: it holds no record")
    if vectors.shape[1] != features:
        raise PayloadError(
            f"unable to evaluate payload provided: {vectors.shape[1]} features per record, but "
            f"the model was trained with {features}"
        )
    if not np.isfinite(vectors).all():
        raise PayloadError("unable to evaluate payload provided: it holds NaN or infinity")
    return vectors


def _detail(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)


def _csv(body: bytes) -> Vectors:
    return numbers_of(body) if body.strip() else np.empty((0, 0), np.float32)


def _recordio(body: bytes) -> Vectors:
    return records.read(body).vectors


def _json(body: bytes) -> Vectors:
    return _stacked(json.loads(body)["instances"])


def _json_lines(body: bytes) -> Vectors:
    return _stacked(json.loads(line) for line in body.splitlines() if line.strip())


def _stacked(instances: Iterable[Any]) -> Vectors:
    rows = [_row(_features(instance)) for instance in instances]
    if len({len(row) for row in rows}) > 1:
        raise ValueError("the records differ in their number of features")
    return np.array(rows, np.float32).reshape(len(rows), -1 if rows else 0)


def _features(instance: Any) -> Any:
    """Whatever stands for the vector: directly below the instance, or within its `data`."""
    if not isinstance(instance, dict):
        raise ValueError(f"an instance is an object, not {instance!r:.40}")
    return instance.get("data", instance)["features"]


def _row(element: Any) -> list[float]:
    """A list of numbers, or a tensor: `values` alone, or with `keys` and `shape` if sparse."""
    if isinstance(element, list):
        return _numbers(element)
    values = _numbers(element["values"])
    keys = element.get("keys") or []
    if not keys:
        return values
    width = math.prod(element["shape"])
    if not 0 < width <= _WIDTH_LIMIT or len(keys) != len(values):
        raise ValueError(f"{len(keys)} keys for {len(values)} values in a shape of {width}")
    row = [0.0] * width
    for key, value in zip(keys, values, strict=True):
        if not isinstance(key, int) or not 0 <= key < width:
            raise ValueError(f"the key {key!r} is not within a shape of {width}")
        row[key] = value
    return row


def _numbers(values: list[Any]) -> list[float]:
    for value in values:
        if type(value) not in (int, float):
            raise ValueError(f"{value!r} is no number")
    return values


_UNREADABLE = (ValueError, TypeError, KeyError, OverflowError, RecursionError, RecordInvalid)
_READERS: dict[str, Callable[[bytes], Vectors]] = {
    CSV: _csv,
    JSON: _json,
    JSON_LINES: _json_lines,
    RECORDIO: _recordio,
}
