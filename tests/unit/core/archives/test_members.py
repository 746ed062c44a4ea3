from __future__ import annotations

import concurrent.futures
import io

import pytest

from sonoflow.archives import directory, members
from sonoflow.archives.members import Location, Span
from sonoflow.aws.ranged import HeldFile
from sonoflow.errors import ImageRejected
from tests.unit.core.archives.crafting import Entry, archive


def place(offset: int, length: int) -> Location:
    return Location(offset, length, 0, 0, 0, 0)


def test_neighbours_are_read_together() -> None:
    spans = members.coalesce([place(500, 100), place(0, 100), place(100, 100)])

    assert [span for span, _ in spans] == [Span(0, 600)]
    assert [len(inside) for _, inside in spans] == [3]


@pytest.mark.parametrize(("gap", "spans"), [(0, 1), (members.GAP_BYTES, 1)])
def test_a_small_gap_is_read_along(gap: int, spans: int) -> None:
    assert len(members.coalesce([place(0, 10), place(10 + gap, 10)])) == spans
    assert len(members.coalesce([place(0, 10), place(10 + members.GAP_BYTES + 1, 10)])) == 2


def test_a_span_has_its_limit() -> None:
    half = members.SPAN_BYTES_LIMIT // 2

    spans = members.coalesce([place(0, half), place(half, half), place(2 * half, 10)])

    assert [span.length for span, _ in spans] == [2 * half, 10]


def test_a_member_larger_than_a_span_has_one_of_its_own() -> None:
    large = 2 * members.SPAN_BYTES_LIMIT

    spans = members.coalesce([place(0, 10), place(10, large), place(10 + large, 10)])

    assert [span.length for span, _ in spans] == [10, large, 10]


def test_a_member_that_is_used_twice_is_read_once() -> None:
    ((span, inside),) = members.coalesce([place(0, 10), place(0, 10)])

    assert (span, len(inside)) == (Span(0, 10), 1)


def test_no_more_is_unpacked_than_the_directory_says() -> None:
    """The bomb's 30 MB never exist: what comes out is cut off at the told size."""
    entry = Entry("a/x.png", bytes(30 * 1024 * 1024), size=1000, descriptor=True)
    source = HeldFile(io.BytesIO(archive([entry])))
    index = directory.read(source)
    location = members.locate(index.members[0], index.end)

    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reader = members.BatchReader(source, [location], pool)
        with pytest.raises(ImageRejected, match="more than 1000 bytes"):
            reader.read("a/x.png", location)
