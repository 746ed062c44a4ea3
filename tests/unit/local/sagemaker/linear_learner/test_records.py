from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given

from local.sagemaker.linear_learner import records
from sonoflow.errors import RecordInvalid
from sonoflow.tables import recordio
from tests.unit import damaged_records
from tests.unit.damaged_records import CHANGES, CUTS, complaint, damaged, framed
from tests.unit.local.sagemaker.linear_learner import golden_records
from tests.unit.local.sagemaker.linear_learner.golden_records import SPARSE, WHOLE

GOLDEN = {path.stem: path.read_bytes() for path in golden_records.FOLDER.glob("*.recordio")}


def numbers(rows: int, columns: int) -> Any:
    return np.random.default_rng(rows).standard_normal((rows, columns), np.float32)


def labels(rows: int) -> Any:
    return (np.arange(rows) % 3).astype(np.float32)


def same(found: Any, expected: Any) -> bool:
    return found.dtype == np.float32 and np.array_equal(found, expected)


@pytest.mark.parametrize(
    ("name", "vectors", "labels"),
    [
        ("sparse32", SPARSE, [0, 1, 2]),
        ("sparse64", SPARSE, [0, 1, 2]),
        ("float64", [[1.5, -2.25, np.inf], [0, 3, np.float32(0.1)]], [0.5, 1.5]),
        ("int32", WHOLE, [0, -1]),
    ],
)
def test_sparse_and_other_tensors_of_the_sdk_become_dense_float32(
    name: str, vectors: Any, labels: list[float]
) -> None:
    found = records.read(GOLDEN[name])

    assert same(found.vectors, np.array(vectors, np.float32))
    assert found.labels is not None
    assert same(found.labels, np.array(labels, np.float32))


def test_the_golden_files_are_all_used() -> None:
    assert set(GOLDEN) == {"sparse32", "sparse64", "float64", "int32"}


@pytest.mark.parametrize("labelled", [False, True])
def test_what_sonoflow_writes_is_read(labelled: bool) -> None:
    vectors, own = numbers(500, 4), labels(500) if labelled else None

    found = records.read(recordio.encode(vectors, own))

    assert same(found.vectors, vectors)
    assert found.labels is None if own is None else same(found.labels, own)


def test_no_bytes_are_no_records() -> None:
    assert records.read(b"").vectors.size == 0


def test_records_that_take_turns_in_how_they_are_encoded_are_read_in_order() -> None:
    """Dense ones in runs, sparse ones between them."""
    dense = numbers(300, 4)
    parts, expected = [], []
    for start in range(0, 300, 100):
        parts += [recordio.encode(dense[start : start + 100], np.zeros(100, np.float32))]
        parts += [GOLDEN["sparse32"]]
        expected += [dense[start : start + 100], SPARSE.astype(np.float32)]

    found = records.read(b"".join(parts))

    assert same(found.vectors, np.concatenate(expected))
    assert found.labels is not None
    assert same(found.labels, np.tile(np.r_[np.zeros(100), 0, 1, 2], 3).astype(np.float32))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        *damaged_records.MALFORMED,
        (damaged_records.WIDER_FROM_501, "record 501: has 5 values, the first has 4"),
        (damaged_records.LABELLED_FROM_501, "record 501: has a label, the first has none"),
        (damaged_records.UNLABELLED_FROM_4, "record 4: has no label, the first has one"),
        (damaged_records.LABEL_MISNAMED_IN_9, "record 9: .*b'valuez'"),
        (damaged_records.VALUES_MISNAMED_IN_9, "record 9: .*b'valuez'"),
    ],
)
def test_what_is_malformed_is_named_by_the_number_of_its_record(data: bytes, message: str) -> None:
    with pytest.raises(RecordInvalid, match=message):
        records.read(data)


@given(name=st.sampled_from(sorted(GOLDEN)), cut=CUTS, changes=CHANGES)
@example(name="sparse32", cut=700, changes=[(47, 255)])
def test_no_damage_ends_in_anything_but_an_error_with_a_record_number(
    name: str, cut: int, changes: list[tuple[int, int]]
) -> None:
    found = complaint(records.read, damaged(GOLDEN[name], cut, changes))

    assert found is None or found.startswith("record ")


@given(message=st.binary(max_size=60), whole=st.booleans())
def test_nor_do_bytes_at_random(message: bytes, whole: bool) -> None:
    """So few random bytes have no features named "values"."""
    data = framed(message) if whole else message

    found = complaint(records.read, data)

    assert found.startswith("record 1: ") if found else data == b""
