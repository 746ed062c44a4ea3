"""JSON that people upload, which may be anything: read whole and plain, or refused with a reason.

What is accepted can be written again wherever it goes, in S3, in the input of an execution and in a
message: every text is Unicode that has an encoding, and every number is the same to all readers.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from typing import Any, NoReturn

from sonoflow.errors import DocumentInvalid

DEPTH_LIMIT = 16  # lists and objects within each other
# Beyond it JavaScript and JSONata, which states see a document with, know no whole numbers.
WHOLE_NUMBER_LIMIT = 2**53
_SPACES = frozenset("\t\n\r")


def read(answer: Mapping[str, Any], limit: int) -> Any:
    """The document that GetObject answers with, of at most `limit` bytes: a larger one is not read.

    Raises DocumentInvalid; errors of S3 escape.
    """
    with answer["Body"] as body:
        if answer["ContentLength"] > limit:
            raise _too_large(answer["ContentLength"], limit)
        return parse(body.read(), limit)


def parse(content: bytes | str, limit: int) -> Any:
    """The document. Raises DocumentInvalid."""
    if len(content) > limit:
        raise _too_large(len(content), limit)
    try:
        if isinstance(content, bytes):  # with a byte-order mark, UTF-16 too: editors write it
            content = content.decode(json.detect_encoding(content))
        document = json.loads(content, parse_constant=_no_constant, object_pairs_hook=_object)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:  # UnicodeDecodeError is one; and so is a number of 5,000 digits
        raise DocumentInvalid(f"no JSON: {error}") from error
    check(document)
    return document


def check(value: Any, depth: int = 0) -> None:
    """That a parsed document is one that `parse` gives. Raises DocumentInvalid."""
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise DocumentInvalid("a number is none that JSON can hold")
    elif isinstance(value, int):
        if abs(value) > WHOLE_NUMBER_LIMIT:
            raise DocumentInvalid(f"a whole number is beyond {WHOLE_NUMBER_LIMIT}")
    elif isinstance(value, dict | list):
        if depth >= DEPTH_LIMIT:
            raise _too_deep()
        for item in (*value, *value.values()) if isinstance(value, dict) else value:
            check(item, depth + 1)


def _check_text(text: str) -> None:
    for character in text:
        kind = unicodedata.category(character)
        if kind == "Cs" or (kind == "Cc" and character not in _SPACES):
            what = "half a surrogate pair" if kind == "Cs" else "a control character"
            raise DocumentInvalid(f"{text[:80]!r} holds {what}, U+{ord(character):04X}")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Which of two values is meant is not known, so neither is taken."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise DocumentInvalid(f"the key {name[:80]!r} stands twice in one object")
        found[name] = value
    return found


def _no_constant(name: str) -> NoReturn:
    raise DocumentInvalid(f"{name} is no number in JSON")


def _too_deep() -> DocumentInvalid:
    return DocumentInvalid(f"lists and objects are nested more than {DEPTH_LIMIT} deep")


def _too_large(size: int, limit: int) -> DocumentInvalid:
    return DocumentInvalid(f"{size} bytes, the limit is {limit}")
