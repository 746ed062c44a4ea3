from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from botocore.exceptions import ClientError

from sonoflow.keys import SPLITS
from sonoflow.tables import recordio, shards
from sonoflow.tables.shards import Shards
from sonoflow.tables.statistics import Rows
from sonoflow.tables.table import Standardisation, Table
from tests.unit import s3_failures, stack
from tests.unit.core.tables import table_documents
from tests.unit.staged_tables import staged

CANDIDATES = ("a", "constant", "b")
TABLE = Table.parse(
    table_documents.table("a", "b", columns=["id", "column_1", *CANDIDATES], id="id")
)
TRAIN, VALIDATION, TEST = range(3)

pytestmark = pytest.mark.usefixtures("aws")


def rows(splits: list[int], first: int = 1) -> Rows:
    """Of lines from `first` on; every third is of class M, which comes first. A row's values are
    its line, 7 and the line's square."""
    lines = np.arange(first, first + len(splits))
    codes = np.where(lines % 3 == 0, 0, 1)
    values = np.column_stack([lines, np.full(len(lines), 7), lines**2]).astype(np.float64)
    labels = ["MB"[code] for code in codes.tolist()]
    ids = [f"r{line}" for line in lines.tolist()]
    return Rows(lines, ids, labels, codes, ["M", "B"], np.array(splits, np.int8), values)


def write(*blocks: Rows, table: Table = TABLE) -> dict[str, str]:
    with Shards(stack.WORK, table, CANDIDATES) as written:
        for block in blocks:
            written.add(block)
        return written.finish()


def lines(split: str) -> list[int]:
    return [row[0] for row in staged(TABLE.dataset)[split]]


def test_every_row_lies_in_its_split_with_its_names_its_label_and_its_features() -> None:
    splits = [TRAIN] * 20 + [VALIDATION, TEST] * 4

    manifests = write(rows(splits))

    found = staged(TABLE.dataset)
    expected = {
        (line, f"r{line}", "M" if line % 3 == 0 else "B", float(line % 3 == 0), (line, line**2))
        for line in range(1, 29)
    }
    everything = [row for name in SPLITS for row in found[name]]
    assert {(*row[:4], tuple(row[4])) for row in everything} == expected
    assert len(everything) == 28
    assert lines("validation") == [21, 23, 25, 27]
    assert lines("test") == [22, 24, 26, 28]
    assert manifests == {
        name: f"s3://{stack.WORK}/{TABLE.dataset.manifest(name)}" for name in SPLITS
    }


def test_rows_to_train_on_lie_in_another_order_the_same_each_time() -> None:
    """A file may be sorted by class, and Linear Learner takes rows as they come."""
    write(rows([TRAIN] * 60))
    first = lines("train")
    write(rows([TRAIN] * 60))

    assert first == lines("train")
    assert first != sorted(first)
    assert sorted(first) == list(range(1, 61))


@pytest.mark.parametrize("block", [1, 4, 30])
def test_a_shard_is_full_before_the_next_however_the_rows_come(
    monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    """Its bytes are counted for all candidates, those that the table does not use too."""
    monkeypatch.setattr(shards, "SHARD_BYTES", 10 * recordio.record_bytes(3, labelled=True) + 5)
    parts = [rows([TRAIN] * min(block, 25 - at), at + 1) for at in range(0, 25, block)]

    write(*parts)

    _, *names = stack.read_json(stack.WORK, TABLE.dataset.manifest("train"))
    assert names == [f"rows/train/part-{number:05d}.recordio" for number in range(3)]
    found = lines("train")
    assert [sorted(found[:10]), sorted(found[10:20]), sorted(found[20:])] == [
        list(range(1, 11)),
        list(range(11, 21)),
        list(range(21, 26)),
    ]


def test_another_table_of_the_same_rows_replaces_every_object(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shards, "SHARD_BYTES", 500)
    splits = [TRAIN] * 40 + [VALIDATION] * 20
    write(rows(splits))
    keys, before = stack.keys_of(stack.WORK), staged(TABLE.dataset)

    fewer = dataclasses.replace(TABLE, features=("b",), classes=("M", "B"))
    write(rows(splits), table=fewer)

    after = staged(TABLE.dataset)
    assert stack.keys_of(stack.WORK) == keys
    for name in SPLITS:
        assert [row[:3] for row in after[name]] == [row[:3] for row in before[name]]
        assert [row[3] for row in after[name]] == [1 - row[3] for row in before[name]]
        assert [row[4] for row in after[name]] == [row[4][1:] for row in before[name]]


@pytest.mark.parametrize("piece", [1, 1000])
def test_engineered_features_are_those_of_the_table(
    monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    """Made a piece at a time: they may be far longer than the rows."""
    monkeypatch.setattr(shards, "_TRANSFORMED_BYTES", piece)
    table = dataclasses.replace(TABLE, standardisation=Standardisation((1.0, 4.0), (2.0, 0.5)))
    block = rows([TEST] * 9)

    write(block, table=table)

    vectors = table.transform(block.values[:, [0, 2]])
    assert [row[4] for row in staged(TABLE.dataset)["test"]] == vectors.tolist()
    assert vectors.shape == (9, 5)


def test_a_split_without_rows_has_a_manifest_that_names_none() -> None:
    write(rows([TRAIN] * 3))

    manifest = json.loads(stack.read(stack.WORK, TABLE.dataset.manifest("test")))
    assert manifest == [{"prefix": f"s3://{stack.WORK}/{TABLE.dataset.prefix}"}]


@pytest.mark.parametrize("split", SPLITS)
def test_a_write_that_fails_is_an_error_and_no_manifest_names_the_shard(split: str) -> None:
    key = TABLE.dataset.rows(split, 0)

    with (
        s3_failures.failing("put_object", key, s3_failures.refused("SlowDown")),
        pytest.raises(ClientError, match="SlowDown"),
    ):
        write(rows([TRAIN, VALIDATION, TEST] * 3))

    assert TABLE.dataset.manifest("train") not in stack.keys_of(stack.WORK)
