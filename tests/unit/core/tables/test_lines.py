from __future__ import annotations

import itertools

import hypothesis.strategies as st
import pytest
from hypothesis import given

from sonoflow.tables.lines import (
    RECORD_BYTES_LIMIT,
    RECORD_LINES_LIMIT,
    Lines,
    read_lines,
    without_quotes,
)

DATA = b"\xef\xbb\xbfid,y\r\na,1\r\n\r\nb,2"


@given(cuts=st.lists(st.integers(0, len(DATA)), max_size=6), piece=st.integers(1, 30))
def test_however_the_bytes_arrive_the_lines_are_the_same(cuts: list[int], piece: int) -> None:
    bounds = [0, *sorted(cuts), len(DATA)]
    chunks = [DATA[a:b] for a, b in itertools.pairwise(bounds)]

    found = list(read_lines(chunks, piece))

    assert b"".join(lines.data for lines in found) == b"id,y\na,1\n\nb,2\n"
    before = [sum(lines.data.count(b"\n") for lines in found[:n]) for n in range(len(found))]
    assert [lines.first for lines in found] == [1 + count for count in before]


def test_a_file_without_bytes_has_no_lines() -> None:
    assert list(read_lines([])) == list(read_lines([b"", b""])) == []


def test_of_the_mark_alone_nothing_is_left() -> None:
    assert list(read_lines([b"\xef\xbb", b"\xbf"])) == []
    assert list(read_lines([b"\xef\xbb"])) == [Lines(1, b"\xef\xbb\n")]


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        (b'"a","1"\n', b"a,1\n"),
        (b'a,"1"\n"b",2\n', b"a,1\nb,2\n"),
        (b'"",""\n', b",\n"),
        (b'"a,b",1\n"c",2\n', b'"a,b",1\nc,2\n'),
        (b'"say ""a""",1\n"c",2\n', b'"say ""a""",1\nc,2\n'),
        (b'5"7,1\n"c",2\n', b'5"7,1\nc,2\n'),
        (b'"open,1\n"c",2\n', b'"open,1\nc,2\n'),
    ],
    ids=["all", "some", "empty", "delimiter", "quote", "inch", "never closed"],
)
def test_quotes_go_where_a_line_means_the_same_without(data: bytes, plain: bytes) -> None:
    assert without_quotes(data, ",") == plain


@pytest.mark.parametrize("piece", [1, 7, 30, 1000])
def test_lines_that_a_quote_holds_together_come_together(piece: int) -> None:
    data = b'a,1\n"b\n\nc",2\nd,3\n"e\nf",4'

    found = [
        (lines.first + first, lines.first + last)
        for lines in read_lines([data], piece)
        for first, last in lines.records
    ]

    assert found == [(2, 4), (6, 7)]


@pytest.mark.parametrize("piece", [3, 1000])
@pytest.mark.parametrize(
    "data",
    [
        b'a"b,1\nc"d,2\n',
        b'"never closed,1\nb,2\n',
        b'"open,1\n' + b"b,2\n" * RECORD_LINES_LIMIT + b'c",3\n',
        b'"open' + b"x" * RECORD_BYTES_LIMIT + b'\nc",3\n',
        b'"a",1\n"b",2\n',
    ],
    ids=["inches", "never", "many lines", "many bytes", "closed"],
)
def test_other_lines_stand_for_themselves(data: bytes, piece: int) -> None:
    found = list(read_lines([data], piece))

    assert [lines.records for lines in found if lines.records] == []
    assert b"".join(lines.data for lines in found) == data


def test_the_mark_of_each_line_is_dropped() -> None:
    mark = b"\xef\xbb\xbf"
    for piece in (1, 5, 1000):
        found = read_lines([mark + b"a,1\n" + mark + b"b,2\n" + mark], piece)
        assert b"".join(lines.data for lines in found) == b"a,1\nb,2\n\n"
