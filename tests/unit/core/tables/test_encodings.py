from __future__ import annotations

import hypothesis.strategies as st
import pytest
from hypothesis import given

from sonoflow.tables import encodings

TEXT = "id,größe\r\na,1\r\n\r\nb,2\U0001fa7a"


def through(data: bytes, chunk: int = 1000) -> bytes:
    chunks = (data[at : at + chunk] for at in range(0, len(data), chunk))
    return b"".join(encodings.as_utf8(chunks))


@pytest.mark.parametrize(
    "name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
@pytest.mark.parametrize("chunk", [1, 3, 1000])
def test_text_comes_as_utf8_whatever_it_was_saved_as(name: str, chunk: int) -> None:
    text = TEXT if name[-3:] not in ("-le", "-be") else "id,size\r\na,1\r\n"

    assert through(text.encode(name), chunk).decode("utf-8-sig") == text


@pytest.mark.parametrize("name", ["utf-8", "utf-16"])
@pytest.mark.parametrize("chunk", [1, 1000])
def test_lines_that_end_in_cr_alone_end_in_lf(name: str, chunk: int) -> None:
    data = "id,y\ra,1\rb,2\r".encode(name)

    assert through(data, chunk).decode("utf-8-sig") == "id,y\na,1\nb,2\n"


@given(st.binary(max_size=200), st.integers(1, 50))
def test_other_bytes_pass_unaltered(data: bytes, chunk: int) -> None:
    if encodings.is_plain(data):
        assert through(data, chunk) == data
    else:
        through(data, chunk)


@pytest.mark.parametrize(
    ("data", "plain"),
    [
        (b"a,b\n1,2\n", True),
        (b"a,b\r\n1,2\r\n", True),
        (b"a,b\r", True),
        (b"", True),
        (b"a,b\r1,2\r", False),
        ("a,b\n".encode("utf-16"), False),
        ("a,b\n1,2\n".encode("utf-16-le"), False),
        (b"PK\x03\x04\x00\x00\x08\x00", True),
    ],
)
def test_what_passes_unaltered_can_be_read_from_anywhere(data: bytes, plain: bool) -> None:
    assert encodings.is_plain(data) == plain
