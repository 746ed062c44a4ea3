"""Input channels in File mode: every file below the channel's directory, in order of name."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from email.message import Message
from pathlib import Path

import numpy as np

from local.sagemaker.linear_learner import records
from local.sagemaker.linear_learner.dataset import Dataset
from local.sagemaker.linear_learner.errors import CustomerError
from local.sagemaker.linear_learner.log import CHANNELS
from sonoflow.errors import RecordInvalid
from sonoflow.tables.linear_learner import RECORDIO

CSV = "text/csv"


def check(channels: Mapping[str, Mapping[str, str]]) -> None:
    """Whether `inputdataconfig.json` names channels that the algorithm knows. Raises
    CustomerError."""
    unknown = [name for name in channels if name not in CHANNELS]
    if unknown:
        listed = ", ".join(f"'{name}'" for name in unknown)
        raise CustomerError(f"Additional channels are not allowed ({listed} unexpected)")
    if "train" not in channels:
        raise CustomerError("No value(s) were specified for 'train' which are required channel(s)")


def read(name: str, directory: Path, configuration: Mapping[str, str]) -> Dataset:
    """All records of a channel. Raises CustomerError."""
    content_type = configuration.get("ContentType", RECORDIO)
    reader = _reader(name, content_type)
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    parts = []
    for path in files:
        data = path.read_bytes()
        if not data:
            continue
        try:
            parts.append(reader(data))
        except (ValueError, RecordInvalid) as error:
            raise CustomerError(
                f"Unable to read data channel '{name}'. Requested content-type is "
                f"'{content_type}'. Please verify the data matches the requested content-type. "
                f"({path.relative_to(directory).as_posix()}: {error})"
            ) from error
    if not any(part.rows for part in parts):
        raise CustomerError(f"No data found in the '{name}' channel.")
    widths = sorted({part.features for part in parts})
    if len(widths) > 1:
        raise CustomerError(
            f"The files of the '{name}' channel differ in their number of features: "
            f"{', '.join(map(str, widths))}."
        )
    vectors = np.concatenate([part.vectors for part in parts])
    return Dataset(vectors, np.concatenate([part.labels for part in parts]))


def _reader(name: str, content_type: str) -> Callable[[bytes], Dataset]:
    header = Message()
    header["Content-Type"] = content_type
    kind = header.get_content_type()
    if kind == RECORDIO:
        return _recordio
    if kind == CSV:
        labels = header.get_param("label_size", "1")
        if labels == "1":
            return _csv
        raise CustomerError(
            f"Channel '{name}': label_size is {labels}; the first column must be the label."
        )
    raise CustomerError(
        f"Channel '{name}': the content type '{content_type}' is not supported; supported are "
        f"'{RECORDIO}' and '{CSV}'."
    )


def _recordio(data: bytes) -> Dataset:
    found = records.read(data)
    if found.labels is None:
        raise ValueError("the records have no labels")
    return Dataset(found.vectors, found.labels)


def _csv(data: bytes) -> Dataset:
    """Rows of numbers without a header, the label first."""
    table = numbers_of(data)
    if table.shape[1] < 2:
        raise ValueError("a row has a label and at least one feature")
    return Dataset(np.ascontiguousarray(table[:, 1:]), np.ascontiguousarray(table[:, 0]))


def numbers_of(data: bytes) -> np.ndarray:
    """CSV as float32 (rows, columns). Raises ValueError, naming the row."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of data without a row, which the caller names
        table = np.loadtxt(
            io.BytesIO(data), np.float32, delimiter=",", comments=None, ndmin=2, encoding="utf-8"
        )
    return table
