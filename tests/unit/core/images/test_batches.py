from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoflow.archives.members import Location
from sonoflow.errors import PayloadInvalid
from sonoflow.images import batches
from sonoflow.images.batches import Batch, Limits, PlannedImage

NUMBERS = st.integers(0, 2**63 - 1)
LOCATIONS = st.builds(Location, *[NUMBERS] * 6)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@st.composite
def planned_images(draw: st.DrawFn) -> PlannedImage:
    masks = draw(st.lists(NAMES, max_size=3))
    return PlannedImage(
        draw(NAMES),
        tuple(masks),
        draw(st.none() | NAMES) if masks else draw(NAMES),
        tuple(draw(LOCATIONS) for _ in range(1 + len(masks))),
        draw(st.none() | st.sampled_from(("train", "validation", "test"))),
        draw(st.none() | NAMES),
    )


def images(*sizes: int, name: str = "") -> list[PlannedImage]:
    return [
        PlannedImage(f"a/{name}{n:03}", (), "a", (Location(n, size, size, size, n, 8),))
        for n, size in enumerate(sizes)
    ]


def sizes(planned: list[PlannedImage], limits: Limits) -> list[list[int]]:
    cut = list(batches.cut(planned, limits))
    assert [batch.number for batch in cut] == list(range(len(cut)))
    return [[image.bytes for image in batch.images] for batch in cut]


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
    assert all(len(json.dumps(batches.document(batch))) < 256_000 for batch in cut)


@given(st.lists(st.integers(0, 500), max_size=60), st.integers(1, 20), st.integers(1, 2000))
def test_every_image_is_in_one_batch_in_the_archives_order(
    given_sizes: list[int], most: int, most_bytes: int
) -> None:
    cut = sizes(images(*given_sizes), Limits(most, most_bytes))

    assert [size for batch in cut for size in batch] == given_sizes
    assert all(len(batch) <= most for batch in cut)
    assert all(sum(batch) <= most_bytes or len(batch) == 1 for batch in cut)


@given(st.lists(planned_images(), max_size=5))
def test_batches_survive_the_plans_file(images: list[PlannedImage]) -> None:
    cut = list(batches.cut(images, Limits(2, 2**70)))

    document, count = batches.plan_document(iter(cut))

    items = json.loads(document)
    assert [batches.from_state({"batch": item}) for item in items] == cut
    assert count == len(cut)
    assert sorted(i.image for b in cut for i in b.images) == sorted(i.image for i in images)


GOOD = batches.document(Batch(3, tuple(images(1))))


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"members": [[1, 2]]}, "not as planned"),
        ({"members": []}, "where its files lie"),
        ({"members": [["a"] * 6]}, "not as planned"),
        ({"masks": 7}, "not as planned"),
        ({"class": None}, "neither a class nor a mask"),
    ],
)
def test_a_batch_that_was_written_by_something_else_is_an_error(
    change: dict[str, Any], named: str
) -> None:
    (image,) = GOOD["images"]

    with pytest.raises(PayloadInvalid, match=named):
        batches.from_state({"batch": {**GOOD, "images": [{**image, **change}]}})


@pytest.mark.parametrize("key", ["image", "masks", "class", "members", "given_split", "group_hint"])
def test_an_image_without_one_of_its_facts_is_an_error_that_names_it(key: str) -> None:
    (image,) = GOOD["images"]
    less = {name: value for name, value in image.items() if name != key}

    with pytest.raises(PayloadInvalid, match=key):
        batches.from_state({"batch": {**GOOD, "images": [less]}})


@pytest.mark.parametrize("key", ["number", "images"])
def test_a_batch_without_number_or_images_is_an_error_that_names_it(key: str) -> None:
    less = {name: value for name, value in GOOD.items() if name != key}

    with pytest.raises(PayloadInvalid, match=rf"batch\.{key}"):
        batches.from_state({"batch": less})


def test_a_digest_is_of_content_not_of_place() -> None:
    here = images(1, 2)
    moved = [
        PlannedImage(i.image, i.masks, i.label, (Location(9, 9, 9, 9, i.members[0].crc, 0),))
        for i in here
    ]

    assert batches.digest(here) == batches.digest(moved)
    assert batches.digest(here) != batches.digest(here[:1])
