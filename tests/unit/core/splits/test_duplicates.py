from __future__ import annotations

import time

import numpy as np

from sonoflow.images.fingerprints import Fingerprint, fingerprint
from sonoflow.splits import duplicates
from sonoflow.splits.duplicates import GIVEN, PIXELS, Link
from tests.unit import ultrasound


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


def test_no_images_have_no_links() -> None:
    assert duplicates.near_links([], []) == []
