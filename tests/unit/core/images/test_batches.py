from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from sonoflow.archives.members import Location
from sonoflow.images import batches, contents
from sonoflow.images.batches import Limits
from sonoflow.images.contents import PlannedImage


def images(*sizes: int, name: str = "") -> list[PlannedImage]:
    return [
        PlannedImage(f"a/{name}{n:03}", (), "a", (Location(n, size, size, size, n, 8),))
        for n, size in enumerate(sizes)
    ]


def sizes(planned: list[PlannedImage], limits: Limits) -> list[list[int]]:
    cut = list(batches.cut(planned, limits))
    assert [batch["number"] for batch in cut] == list(range(len(cut)))
    return [[one.bytes for one in contents.planned(batch["images"])] for batch in cut]


def test_batches_are_bounded_by_images_and_of_even_size() -> None:
    assert [len(batch) for batch in sizes(images(*[10] * 10), Limits(4, 1000))] == [3, 4, 3]


def test_batches_are_bounded_by_bytes() -> None:
    assert sizes(images(60, 60, 60, 60), Limits(100, 100)) == [[60], [60], [60], [60]]


def test_an_image_beyond_the_limit_has_a_batch_of_its_own() -> None:
    assert sizes(images(10, 900, 10), Limits(100, 100)) == [[10], [900], [10]]


def test_a_batch_fits_into_the_input_of_a_state() -> None:
    planned = images(*[1] * 400, name="x" * 1000)

    cut = list(batches.cut(planned, Limits(400, 10**9)))

    assert len(cut) > 1
    assert all(len(json.dumps(batch)) < 256_000 for batch in cut)


@given(st.lists(st.integers(0, 500), max_size=60), st.integers(1, 20), st.integers(1, 2000))
def test_every_image_is_in_one_batch_in_the_archives_order(
    given_sizes: list[int], most: int, most_bytes: int
) -> None:
    cut = sizes(images(*given_sizes), Limits(most, most_bytes))

    assert [size for batch in cut for size in batch] == given_sizes
    assert all(len(batch) <= most for batch in cut)
    assert all(sum(batch) <= most_bytes or len(batch) == 1 for batch in cut)


def test_the_plans_file_is_the_batches_as_json() -> None:
    cut = list(batches.cut(images(1, 2, 3), Limits(2, 1000)))

    document, count = batches.document(iter(cut))

    assert (json.loads(document), count) == (cut, 2)
    assert json.loads(batches.document(iter([]))[0]) == []


def test_a_digest_is_of_content_not_of_place() -> None:
    here = images(1, 2)
    moved = [
        PlannedImage(i.image, i.masks, i.label, (Location(9, 9, 9, 9, i.members[0].crc, 0),))
        for i in here
    ]

    assert batches.digest(here) == batches.digest(moved)
    assert batches.digest(here) != batches.digest(here[:1])
