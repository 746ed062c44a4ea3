"""Against the SageMaker SDK itself, where it is installed: `pip install sagemaker==2.257.7`."""

from __future__ import annotations

import importlib.metadata
import io
import warnings
from typing import Any

import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from sonoflow.tables import recordio

VERSION = "2.257.7"  # later ones have no writer

try:
    installed = importlib.metadata.version("sagemaker")
except importlib.metadata.PackageNotFoundError:
    installed = "none"
if installed != VERSION:
    reason = f"needs sagemaker {VERSION}, found {installed}"
    pytest.skip(reason, allow_module_level=True)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the SDK's own, about itself
    from sagemaker.amazon import common

SHAPES = st.tuples(st.integers(1, 20), st.integers(1, 300))
VECTORS = SHAPES.flatmap(lambda shape: arrays.arrays(np.float32, shape))


def written(vectors: Any, labels: Any) -> bytes:
    file = io.BytesIO()
    common.write_numpy_to_dense_tensor(file, vectors, labels)
    return file.getvalue()


@given(vectors=VECTORS, data=st.data(), labelled=st.booleans())
def test_the_bytes_are_those_of_the_sdk(vectors: Any, data: Any, labelled: bool) -> None:
    labels = data.draw(arrays.arrays(np.float32, len(vectors))) if labelled else None

    assert recordio.encode(vectors, labels) == written(vectors, labels)


@given(vectors=VECTORS)
def test_the_sdk_reads_what_is_written(vectors: Any) -> None:
    records = common.read_records(io.BytesIO(recordio.encode(vectors)))

    found = [record.features["values"].float32_tensor.values for record in records]
    assert np.array_equal(np.array(found, np.float32), vectors, equal_nan=True)
