"""Channels in File mode, in both content types."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from local.sagemaker.linear_learner import channels
from local.sagemaker.linear_learner.errors import CustomerError
from sonoflow.tables import recordio

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3) / 7
LABELS = np.array([0, 1, 1, 0], np.float32)
RECORDIO = {"ContentType": "application/x-recordio-protobuf"}


def write(directory: Path, **files: bytes) -> Path:
    for name, content in files.items():
        path = directory / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return directory


def test_the_files_of_a_channel_are_read_in_order(tmp_path: Path) -> None:
    write(
        tmp_path,
        part_1=recordio.encode(VECTORS[2:], LABELS[2:]),
        part_0=recordio.encode(VECTORS[:2], LABELS[:2]),
        part_2=b"",
    )

    data = channels.read("train", tmp_path, RECORDIO)

    np.testing.assert_array_equal(data.vectors, VECTORS)
    np.testing.assert_array_equal(data.labels, LABELS)


@pytest.mark.parametrize("content_type", ["text/csv", "text/csv;label_size=1", "text/csv; a=b"])
def test_csv_has_the_label_first(content_type: str, tmp_path: Path) -> None:
    lines = [
        ",".join(map(repr, [float(label), *row.tolist()]))
        for label, row in zip(LABELS, VECTORS, strict=True)
    ]
    write(tmp_path, a__rows="\r\n".join(lines).encode())

    data = channels.read("train", tmp_path, {"ContentType": content_type})

    np.testing.assert_array_equal(data.vectors, VECTORS)
    np.testing.assert_array_equal(data.labels, LABELS)


@pytest.mark.parametrize(
    ("files", "configuration", "complaint"),
    [
        ({}, RECORDIO, "No data found in the 'train' channel"),
        ({"a": b""}, RECORDIO, "No data found in the 'train' channel"),
        (
            {"a": b"0,1,2\n"},
            RECORDIO,
            "Unable to read data channel 'train'. Requested content-type is "
            "'application/x-recordio-protobuf'. Please verify the data matches",
        ),
        ({"a": recordio.encode(VECTORS)}, RECORDIO, "no labels"),
        ({"a": b"label,x\n0,1\n"}, {"ContentType": "text/csv"}, "Unable to read data channel"),
        ({"a": b"0\n1\n"}, {"ContentType": "text/csv"}, "at least one feature"),
        ({"a": b"0,1\n0,1,2\n"}, {"ContentType": "text/csv"}, "Unable to read data channel"),
        ({"a": b"0,1\n", "b": b"0,1,2\n"}, {"ContentType": "text/csv"}, "features: 1, 2"),
        ({"a": b"0,1\n"}, {"ContentType": "text/csv;label_size=0"}, "label_size is 0"),
        ({"a": b"0,1\n"}, {"ContentType": "text/libsvm"}, "'text/libsvm' is not supported"),
    ],
)
def test_channels_that_cannot_be_read(
    files: dict[str, bytes], configuration: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    write(tmp_path, **files)

    with pytest.raises(CustomerError) as raised:
        channels.read("train", tmp_path, configuration)

    assert complaint in str(raised.value)


@pytest.mark.parametrize(
    ("names", "complaint"),
    [(["validation"], "'train' which are required"), (["train", "code"], "'code' unexpected")],
)
def test_channels_that_are_missing_or_unknown(names: list[str], complaint: str) -> None:
    with pytest.raises(CustomerError, match=complaint):
        channels.check(dict.fromkeys(names, RECORDIO))
