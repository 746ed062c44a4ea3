from __future__ import annotations

import io
import json
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from sonoflow import uploaded_json
from sonoflow.errors import DatasetRefused, DocumentInvalid
from sonoflow.tables import mapping as table_mapping

LIMIT = 64 * 1024

HOSTILE: dict[str, tuple[bytes, str]] = {
    "lists in lists": (b"[" * 60_000, "nested more than 16"),
    "closed lists in lists": (b"[" * 30_000 + b"]" * 30_000, "nested more than 16"),
    "objects in objects": (b'{"a":' * 10_000, "nested more than 16"),
    "seventeen lists": (b"[" * 17 + b"]" * 17, "nested more than 16"),
    "half a pair": (rb'{"label": "\ud800"}', r"half a surrogate pair, U\+D800"),
    "half a pair as a key": (rb'{"\udc00x": 1}', r"half a surrogate pair, U\+DC00"),
    "half a pair in bytes": (b'{"label": "\xed\xa0\x80"}', "no JSON"),
    "half a pair in UTF-16": (b'\xff\xfe"\x00\x00\xd8"\x00', "no JSON"),
    "NUL": (rb'{"label": "a\u0000"}', r"control character, U\+0000"),
    "control character of Latin-1": (rb'["\u0085"]', r"control character, U\+0085"),
    "five thousand digits": (b'{"label": 1' + b"0" * 5000 + b"}", "no JSON: .*4300"),
    "four thousand digits": (b"1" + b"0" * 4000, "whole number is beyond"),
    "infinite": (b'{"label": 1e999}', "none that JSON can hold"),
    "Infinity": (b"[-Infinity]", "-Infinity is no number"),
    "NaN": (b"[NaN]", "NaN is no number"),
    "a key twice": (b'{"label": "a", "label": "b"}', "key 'label' stands twice"),
    "a key twice, inside": (b'{"a": {"b": 1, "b": 1}}', "key 'b' stands twice"),
    "nothing": (b"", "no JSON"),
    "no text": (b"\x89PNG\r\n\x1a\n\xff", "no JSON"),
    "two documents": (b"{} {}", "no JSON"),
    "too large": (b" " * (LIMIT + 1), "65537 bytes, the limit is 65536"),
}


def is_writable(document: Any) -> bool:
    """As S3 and Step Functions are handed it."""
    text = json.dumps(document, ensure_ascii=False, allow_nan=False)
    return bool(json.loads(text.encode()) == document)


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_json_is_refused_with_a_reason(content: bytes, message: str) -> None:
    with pytest.raises(DocumentInvalid, match=message) as caught:
        uploaded_json.parse(content, LIMIT)

    assert is_writable(str(caught.value))


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf{"label": "Gr\xc3\xb6\xc3\x9fe \\ud83d\\ude00"}',
        json.dumps({"label": "Größe 😀"}).encode("utf-16"),
        json.dumps({"label": "Größe 😀"}, ensure_ascii=False).encode("utf-16"),
    ],
)
def test_what_editors_write_is_read(content: bytes) -> None:
    assert uploaded_json.parse(content, LIMIT) == {"label": "Größe 😀"}


def test_limits_are_what_they_say() -> None:
    deep = "[" * uploaded_json.DEPTH_LIMIT + "]" * uploaded_json.DEPTH_LIMIT

    assert uploaded_json.parse(deep, LIMIT) == json.loads(deep)
    assert uploaded_json.parse(str(2**53), LIMIT) == 2**53
    assert uploaded_json.parse(b'"\\t"', 4) == "\t"


def test_what_is_too_large_is_not_read() -> None:
    class Unread(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise AssertionError("it would be held in memory")

    with pytest.raises(DocumentInvalid, match="5000000000 bytes, the limit is 65536"):
        uploaded_json.read({"Body": Unread(), "ContentLength": 5_000_000_000}, LIMIT)


names = st.text(st.characters(), max_size=8)  # all there are, halves of surrogate pairs too
values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), names),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(names, inner)),
)
keys = st.one_of(st.sampled_from(["label", "positive", "id", "features", "missing"]), names)
written = st.one_of(values, st.dictionaries(keys, values)).map(lambda value: json.dumps(value))
cut = st.builds(lambda text, at: text[: at % (len(text) + 1)], written, st.integers(min_value=0))
deep = st.builds(
    lambda opening, times, core: opening * times + core,
    st.sampled_from(["[", '{"label":', '{"a":[']),
    st.integers(0, 9000),
    written,
)
contents = st.one_of(st.one_of(written, cut, deep).map(lambda text: text.encode()), st.binary())


@hypothesis.given(contents)
def test_whatever_is_uploaded_is_a_mapping_that_can_be_written_or_a_refusal(content: bytes) -> None:
    try:
        mapping = table_mapping.parse(uploaded_json.parse(content, LIMIT))
    except (DocumentInvalid, DatasetRefused) as error:
        assert is_writable(str(error))
    else:
        assert is_writable(mapping)
        assert table_mapping.parse(mapping) == mapping


@hypothesis.given(st.one_of(values, st.dictionaries(keys, values)))
def test_so_is_what_an_execution_is_handed(document: Any) -> None:
    try:
        mapping = table_mapping.parse(document)
    except DatasetRefused as error:
        assert is_writable(error.detail)
    else:
        assert is_writable(mapping)
