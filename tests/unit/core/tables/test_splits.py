from __future__ import annotations

import collections

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sonoflow.keys import SPLITS
from sonoflow.tables.splits import Splitter

CLASSES = ["B", "M", "ü"]
# Of forty rows of class B, with seed 7.
FROZEN = {"test": [8, 19, 26, 32], "validation": [6, 11, 22, 31]}
CODES = st.lists(st.integers(0, 2), max_size=400)


def assign(codes: list[int], seed: int = 7, block: int = 10**6) -> list[str]:
    splitter = Splitter(seed)
    parts = [codes[at : at + block] for at in range(0, len(codes), block)]
    chosen = [splitter.assign(np.array(part, np.int64), CLASSES) for part in parts]
    return [SPLITS[split] for part in chosen for split in part.tolist()]


@given(CODES, st.integers(0, 2**31))
def test_shares_are_exact_within_a_row_in_every_class(codes: list[int], seed: int) -> None:
    splits = assign(codes, seed)

    for code in range(len(CLASSES)):
        chosen = [split for split, other in zip(splits, codes, strict=True) if other == code]
        counts = collections.Counter(chosen)
        for split in ("validation", "test"):
            assert len(chosen) // 10 <= counts[split] <= -(-len(chosen) // 10)
        assert abs(counts["train"] - 0.8 * len(chosen)) < 2


@given(CODES, st.integers(1, 50))
def test_neither_blocks_nor_other_classes_change_a_rows_split(codes: list[int], block: int) -> None:
    splits = assign(codes)

    assert assign(codes, block=block) == splits
    for code in range(len(CLASSES)):
        alone = [split for split, other in zip(splits, codes, strict=True) if other == code]
        assert assign([code] * len(alone)) == alone


def test_a_class_keeps_its_split_wherever_it_comes_in_the_list() -> None:
    rows = np.ones(50, np.int64)

    first = Splitter(7).assign(rows, ["B", "M"])
    other = Splitter(7).assign(rows * 0, ["M"])

    assert first.tolist() == other.tolist()


def test_every_place_of_a_block_is_as_likely_to_be_drawn() -> None:
    splits = np.array(assign([0] * 50_000)).reshape(-1, 10)

    for split in ("validation", "test"):
        shares = (splits == split).mean(axis=0)
        assert np.abs(shares - 0.1).max() < 0.02
    pairs = collections.Counter(
        (list(block).index("validation"), list(block).index("test")) for block in splits
    )
    assert len(pairs) == 90


def test_the_draw_is_the_same_everywhere_and_for_ever() -> None:
    """A changed draw would mix the rows that a model trained on with those that measure it."""
    splits = assign([0] * 40)

    assert [row for row, split in enumerate(splits) if split == "test"] == FROZEN["test"]
    assert [row for row, split in enumerate(splits) if split == "validation"] == FROZEN[
        "validation"
    ]


def test_another_seed_draws_others() -> None:
    assert assign([0] * 400, seed=1) != assign([0] * 400, seed=2)
