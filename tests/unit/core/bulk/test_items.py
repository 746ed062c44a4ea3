"""Batches are bounded, and read as they were written."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonoflow.archives.members import Location
from sonoflow.bulk import items
from sonoflow.bulk.items import Batch, Item
from sonoflow.errors import PayloadInvalid

NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=300)
PLACES = st.builds(Location, *[st.integers(0, 40 * 1024**2)] * 5, st.sampled_from([0, 8]))
ITEMS = st.one_of(
    st.builds(lambda name, place: Item(name, member=name, place=place), NAMES, PLACES),
    st.builds(lambda name, line: Item(name, line), NAMES, st.integers(1, 10**6)),
    st.builds(lambda name: Item(name, problem=("encrypted", "send it without")), NAMES),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(ITEMS, max_size=80))
def test_every_item_is_in_one_batch_and_no_batch_is_too_much(given_items: list[Item]) -> None:
    document, count = items.plan_document(items.cut(given_items))

    read = list(items.read_plan(json.loads(document)))
    assert len(read) == count
    assert [batch.number for batch in read] == list(range(count))
    held = [item for batch in read for item in batch.items]
    assert sorted(map(repr, held)) == sorted(map(repr, given_items))
    for batch in read:
        packed = sum(item.place.length for item in batch.items if item.place)
        assert len(batch.items) <= items.ITEMS_LIMIT
        assert packed <= items.BYTES_LIMIT or len(batch.items) == 1
        assert len(json.dumps(batch.document())) < 200_000


def test_a_batch_of_long_names_fits_into_a_states_input() -> None:
    long = [Item("\u4e2d" * 9000, line) for line in range(1, 30)]

    batches = list(items.cut(long))

    assert max(len(batch.items) for batch in batches) == 2


def test_a_digest_tells_what_is_asked_for() -> None:
    one, other = Batch(0, (Item("a", 1),)), Batch(0, (Item("b", 1),))

    assert one.digest() == Batch(0, (Item("a", 1),)).digest() != other.digest()


@pytest.mark.parametrize(
    "batch",
    [
        {"number": 0, "items": [{"line": 1}]},
        {"number": 0, "items": ["a"]},
        {"number": 0, "items": [{"path": "a", "member": "a", "place": [1, 2]}]},
        {"number": 0, "items": [{"path": "a", "problem": ["encrypted"]}]},
        {"number": "0", "items": []},
        {"items": []},
    ],
)
def test_a_batch_that_was_not_planned_is_refused(batch: object) -> None:
    with pytest.raises(PayloadInvalid):
        items.from_state({"batch": batch})
