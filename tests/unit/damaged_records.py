"""Records of recordIO-protobuf that are damaged, and what their readers say of them."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis.strategies as st

from sonoflow.errors import RecordInvalid
from sonoflow.tables import recordio
from sonoflow.tables.recordio import Records
from tests.unit.core.tables import golden_records

Reader = Callable[[bytes], Records]


def records(rows: int, columns: int, labelled: bool = False) -> bytes:
    labels = golden_records.labels(rows) if labelled else None
    return recordio.encode(golden_records.vectors(rows, columns), labels)


SIZE = recordio.record_bytes(4)
FOUR = records(500, 4)
_LABELLED = records(9, 1, labelled=True)

# What every reader says the same of: data, message.
MALFORMED = [
    (FOUR[: 2 * SIZE + 5], r"record 3: is cut off within its header, 5 bytes"),
    (FOUR[: 400 * SIZE - 1], rf"record 400: is cut off: {SIZE - 9} of {SIZE - 8} bytes"),
    (FOUR[: 2 * SIZE] + b"\0" + FOUR[2 * SIZE :], "record 3: begins with 0xd7230a00, not"),
    (FOUR[1:], "record 1: begins with"),
]
WIDER_FROM_501 = FOUR + records(3, 5)
LABELLED_FROM_501 = FOUR + records(3, 4, labelled=True)
UNLABELLED_FROM_4 = records(3, 4, labelled=True) + FOUR
LABEL_MISNAMED_IN_9 = _LABELLED[:-20] + _LABELLED[-20:].replace(b"values", b"valuez")
VALUES_MISNAMED_IN_9 = _LABELLED[:-40] + _LABELLED[-40:].replace(b"values", b"valuez", 1)

CUTS = st.integers(0, 700)
CHANGES = st.lists(st.tuples(st.integers(0, 699), st.integers(0, 255)), max_size=4)


def damaged(data: bytes, cut: int, changes: list[tuple[int, int]]) -> bytes:
    """So many bytes of the data, with other bytes at some places."""
    octets = bytearray(data[:cut])
    for place, octet in changes:
        if place < len(octets):
            octets[place] = octet
    return bytes(octets)


def framed(message: bytes) -> bytes:
    """As the one record of a file."""
    head = recordio.MAGIC.to_bytes(4, "little") + len(message).to_bytes(4, "little")
    return head + message + bytes(-len(message) % 4)


def complaint(read: Reader, data: bytes) -> str | None:
    """What a reader finds wrong; None where it reads the data, as rows of one width."""
    try:
        found = read(data)
    except RecordInvalid as error:
        return str(error)
    assert found.vectors.ndim == 2
    return None
