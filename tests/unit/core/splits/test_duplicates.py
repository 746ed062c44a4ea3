from __future__ import annotations

import itertools
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoflow.images.fingerprints import Fingerprint, fingerprint
from sonoflow.splits import duplicates
from sonoflow.splits.duplicates import GIVEN, PIXELS, Link
from tests.unit import ultrasound

FLIPS = st.lists(st.integers(0, 63), max_size=20).map(lambda bits: sum(1 << b for b in set(bits)))


def test_equal_values_are_linked_to_the_first_and_none_is_no_value() -> None:
    values = [("a", 1), ("b", None), ("c", 1), ("d", 2), ("e", None), ("f", 1)]

    links = duplicates.equal_links(values, GIVEN)

    assert links == [Link("a", "c", GIVEN), Link("a", "f", GIVEN)]
    assert duplicates.equal_links(values[:3], PIXELS) == [Link("a", "c", PIXELS, 0, 1.0)]


def test_every_changed_copy_is_linked_and_no_other_picture() -> None:
    names, looks = [], []
    for seed in range(40):
        original = ultrasound.scan(seed)
        for number, change in enumerate((lambda pixels: pixels, *ultrasound.COPIES)):
            names.append(f"{seed}:{number}")
            looks.append(fingerprint(change(original)))

    links = duplicates.near_links(names, looks)

    assert all(link.a.split(":")[0] == link.b.split(":")[0] for link in links)
    assert len(links) >= 0.98 * 40 * len(ultrasound.COPIES)
    assert all(link.distance is not None and link.distance <= 14 for link in links)


def test_of_many_alike_a_tree_of_links_is_enough() -> None:
    generator = np.random.default_rng(1)
    frames = []
    for _ in range(300):
        noisy = ultrasound.scan(1) + generator.normal(0, 10, (320, 400))
        frames.append(fingerprint(np.clip(noisy, 0, 255).astype(np.uint8)))

    assert len(duplicates.near_links([str(n) for n in range(300)], frames)) == 299


def test_a_hash_that_unlike_pictures_share_links_nothing_and_costs_little() -> None:
    """As somebody could craft them."""
    generator = np.random.default_rng(1)
    thumbs = generator.integers(0, 256, (4000, 32, 32), dtype=np.uint8)
    looks = [Fingerprint(7, thumb) for thumb in thumbs]
    began = time.perf_counter()

    assert duplicates.near_links([str(n) for n in range(4000)], looks) == []
    assert time.perf_counter() - began < 20  # 32 rounds; all pairs would be 8 million


def near(hashes: list[int]) -> list[tuple[int, int]]:
    tiles = duplicates.near_hashes(np.array(hashes, dtype=np.uint64))
    return [pair for a, b in tiles for pair in zip(a.tolist(), b.tolist(), strict=True)]


def all_pairs(hashes: list[int]) -> list[tuple[int, int]]:
    return [
        (i, j)
        for i, j in itertools.combinations(range(len(hashes)), 2)
        if (hashes[i] ^ hashes[j]).bit_count() <= duplicates.DISTANCE_MAXIMUM
    ]


@pytest.mark.parametrize("tile", [1, 7, 512])
@given(base=st.integers(0, 2**64 - 1), flips=st.lists(FLIPS, max_size=25))
def test_all_near_hashes_are_found_and_each_pair_once(
    tile: int, base: int, flips: list[int]
) -> None:
    """Hashes around one another, so that all distances occur."""
    hashes = [base ^ flip for flip in flips]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(duplicates, "_TILE", tile)
        assert sorted(near(hashes)) == all_pairs(hashes)


def test_near_hashes_of_several_tiles_are_those_of_all_pairs() -> None:
    generator = np.random.default_rng(5)
    flips = [sum(1 << b for b in set(generator.integers(0, 64, 9).tolist())) for _ in range(1100)]
    hashes = [(12345 if number % 2 else 2**63) ^ flip for number, flip in enumerate(flips)]

    found = near(hashes)

    assert sorted(found) == all_pairs(hashes)
    assert len(found) > 100_000


def test_however_many_hashes_are_near_a_tile_holds_few() -> None:
    tiles = [len(a) for a, _ in duplicates.near_hashes(np.zeros(3000, dtype=np.uint64))]

    assert max(tiles) <= 512 * 512
    assert sum(tiles) == 3000 * 2999 // 2


def test_no_images_have_no_links() -> None:
    assert duplicates.near_links([], []) == []
