from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoflow.splits import hamming

FLIPS = st.lists(st.integers(0, 63), max_size=20).map(lambda bits: sum(1 << b for b in set(bits)))


def found(hashes: list[int], distance: int) -> list[tuple[int, int]]:
    chunks = hamming.pairs(np.array(hashes, dtype=np.uint64), distance)
    return [pair for a, b in chunks for pair in zip(a.tolist(), b.tolist(), strict=True)]


@given(
    st.integers(0, 2**64 - 1),
    st.lists(FLIPS, max_size=25),
    st.integers(0, hamming.LONGEST),
)
def test_all_pairs_are_found_and_each_once(base: int, flips: list[int], distance: int) -> None:
    """Hashes around one another, so that all distances occur."""
    hashes = [base ^ flip for flip in flips]

    expected = [
        (i, j)
        for i, j in itertools.combinations(range(len(hashes)), 2)
        if (hashes[i] ^ hashes[j]).bit_count() <= distance
    ]
    assert sorted(found(hashes, distance)) == expected


def test_many_hashes_come_in_several_chunks() -> None:
    hashes = [number % 3 for number in range(3000)]

    chunks = list(hamming.pairs(np.array(hashes, dtype=np.uint64), 0))

    assert len(chunks) > 1
    assert sum(len(a) for a, _ in chunks) == 3 * 1000 * 999 // 2


@pytest.mark.parametrize("distance", [-1, 16])
def test_a_distance_that_the_bands_cannot_promise_is_an_error(distance: int) -> None:
    with pytest.raises(ValueError, match=f"the distance is {distance}"):
        list(hamming.pairs(np.zeros(2, dtype=np.uint64), distance))


@pytest.mark.parametrize("band", range(4))
def test_a_pair_is_found_where_only_one_band_is_close_enough(band: int) -> None:
    """Fifteen bits apart: three in one band, four in each other."""
    flip = sum((0b10101 << 3 | (other != band)) << 16 * other for other in range(4))

    assert flip.bit_count() == hamming.LONGEST
    assert found([2**63 + 12345, (2**63 + 12345) ^ flip], hamming.LONGEST) == [(0, 1)]
