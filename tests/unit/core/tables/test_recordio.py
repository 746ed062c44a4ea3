from __future__ import annotations

import io
import tracemalloc
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import example, given

from sonoflow.errors import RecordInvalid
from sonoflow.tables import recordio
from tests.unit import damaged_records
from tests.unit.core.tables import golden_records
from tests.unit.core.tables.golden_records import DENSE
from tests.unit.damaged_records import CHANGES, CUTS, FOUR, complaint, damaged, framed

GOLDEN = {path.stem: path.read_bytes() for path in golden_records.FOLDER.glob("*.recordio")}


def numbers(rows: int, columns: int) -> Any:
    return golden_records.vectors(rows, columns)


def same(found: Any, expected: Any) -> bool:
    """To the bit, but for which NaN it is."""
    return found.dtype == np.float32 and np.array_equal(found, expected, equal_nan=True)


@pytest.mark.parametrize("name", DENSE)
def test_the_bytes_are_those_of_the_sdk(name: str) -> None:
    vectors, labels = DENSE[name]

    assert recordio.encode(vectors, labels) == GOLDEN[name]


@pytest.mark.parametrize("name", DENSE)
def test_dense_records_of_the_sdk_are_read(name: str) -> None:
    vectors, labels = DENSE[name]

    records = recordio.read(GOLDEN[name])

    assert same(records.vectors, vectors)
    assert np.array_equal(np.signbit(records.vectors), np.signbit(vectors))
    assert records.labels is None if labels is None else same(records.labels, labels)


def test_the_golden_files_are_all_used() -> None:
    assert set(GOLDEN) == set(DENSE)


@pytest.mark.parametrize("labelled", [False, True])
@pytest.mark.parametrize(("rows", "columns"), [(0, 3), (1, 1), (5000, 30), (3, 70_000)])
def test_what_is_written_is_read_again(rows: int, columns: int, labelled: bool) -> None:
    """More than a block, and records larger than one."""
    vectors = numbers(rows, columns)
    labels = golden_records.labels(rows) if labelled else None

    data = recordio.encode(vectors, labels)
    records = recordio.read(data)

    assert len(data) == rows * recordio.record_bytes(columns, labelled)
    if rows:
        assert same(records.vectors, vectors)
        assert records.labels is None if labels is None else same(records.labels, labels)
    else:
        assert (records.vectors.size, records.labels) == (0, None)


def test_the_parts_of_a_file_are_records_in_a_row(tmp_path: Path) -> None:
    vectors = numbers(9, 4)
    path = tmp_path / "rows.recordio"

    with path.open("wb") as file:
        for start in range(0, 9, 2):
            recordio.write(file, vectors[start : start + 2])

    assert path.read_bytes() == recordio.encode(vectors)


def test_an_array_need_not_lie_in_one_piece() -> None:
    vectors, labels = numbers(20, 6), golden_records.labels(20)

    apart = recordio.encode(vectors[::2, ::3], labels[::2])
    turned = recordio.encode(np.asfortranarray(vectors[::2, ::3]), labels[::2])

    assert apart == turned
    assert apart == recordio.encode(vectors[::2, ::3].copy(), labels[::2].copy())


def test_writing_takes_a_block_of_memory_however_many_records_there_are() -> None:
    vectors, labels = np.zeros((400_000, 30), np.float32), np.zeros(400_000, np.float32)
    with Path("/dev/null").open("wb") as file:
        tracemalloc.start()
        recordio.write(file, vectors, labels)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert peak < 2_000_000  # of the 65 MB that are written


@pytest.mark.parametrize(
    ("vectors", "labels", "message"),
    [
        (np.zeros((2, 3)), None, r"float32 \(records, features\), not float64 \(2, 3\)"),
        (np.zeros(3, np.float32), None, r"not float32 \(3,\)"),
        (np.zeros((3, 0), np.float32), None, r"not float32 \(3, 0\)"),
        (np.zeros((2, 3), np.float32), np.zeros(3, np.float32), r"labels must be float32 \(2,\)"),
        (np.zeros((2, 3), np.float32), np.zeros(2), "not float64"),
        (np.zeros((2, 3), np.float32), np.zeros((2, 1), np.float32), r"not float32 \(2, 1\)"),
    ],
)
def test_other_arrays_are_refused(vectors: Any, labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recordio.write(io.BytesIO(), vectors, labels)


PADDED = damaged_records.records(3, 30)


def changed(at: int, octet: int) -> bytes:
    """FOUR with another byte so far behind the first record's name."""
    place = FOUR.index(b"values") + len(b"values") + at
    return FOUR[:place] + bytes([octet]) + FOUR[place + 1 :]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        *damaged_records.MALFORMED,
        (damaged_records.WIDER_FROM_501, "record 501: is no dense .* differs"),
        (damaged_records.LABELLED_FROM_501, "record 501: is no dense .* differs"),
        (damaged_records.UNLABELLED_FROM_4, "record 4: is no dense .* differs"),
        (damaged_records.LABEL_MISNAMED_IN_9, "record 9: is no dense"),
        (damaged_records.VALUES_MISNAMED_IN_9, "record 9: is no dense"),
        (PADDED[:-1] + b"\1", "record 3: is no dense"),
        (changed(2, 0x1A), "record 1: is no dense"),  # the tag of a float64 tensor
        (changed(2, 0x3A), "record 1: is no dense"),  # of an int32 tensor
        (changed(4, 0x12), "record 1: is no dense"),  # of a sparse tensor's keys
        (changed(5, 0), "record 1: is no dense"),  # a vector without values
    ],
)
def test_what_is_not_as_written_is_named_by_the_number_of_its_record(
    data: bytes, message: str
) -> None:
    with pytest.raises(RecordInvalid, match=message):
        recordio.read(data)


@given(name=st.sampled_from(sorted(GOLDEN)), cut=CUTS, changes=CHANGES)
@example(name="5x2", cut=700, changes=[(23, 255)])
def test_no_damage_ends_in_anything_but_an_error_with_a_record_number(
    name: str, cut: int, changes: list[tuple[int, int]]
) -> None:
    found = complaint(recordio.read, damaged(GOLDEN[name], cut, changes))

    assert found is None or found.startswith("record ")


@given(message=st.binary(max_size=60), whole=st.booleans())
def test_nor_do_bytes_at_random(message: bytes, whole: bool) -> None:
    """So few random bytes have no features named "values"."""
    data = framed(message) if whole else message

    found = complaint(recordio.read, data)

    assert found.startswith("record 1: ") if found else data == b""
