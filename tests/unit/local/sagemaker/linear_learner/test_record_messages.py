"""What protobuf allows a Record to look like, beyond what the SDK writes."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from local.sagemaker.linear_learner import record_messages


def field(number: int, content: bytes) -> bytes:
    """A field with a length, which must be below 128."""
    return bytes([number << 3 | 2, len(content)]) + content


def floats(*numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}f", *numbers)


def entry(number: int, value: bytes, name: bytes = b"values") -> bytes:
    return field(number, field(1, name) + field(2, value))


def record(tensor: bytes, kind: int = 2) -> bytes:
    return entry(1, field(kind, tensor))


def parsed(data: bytes) -> tuple[list[float], float | None]:
    vector, label = record_messages.parse(memoryview(data))
    assert vector.dtype == np.float32
    return vector.tolist(), label


LABEL = entry(2, field(2, field(1, floats(3))))
ONE_BY_ONE = b"\x0d" + floats(1.5) + b"\x0d" + floats(2)


@pytest.mark.parametrize(
    ("data", "vector"),
    [
        (record(ONE_BY_ONE), [1.5, 2]),
        (record(field(1, floats(1.5)) + field(1, floats(2))), [1.5, 2]),
        (record(b"\x09" + struct.pack("<d", 2.5), 3), [2.5]),
        (record(b"\x08\x96\x01" + field(1, b"\x03"), 7), [150, 3]),
        (record(b"\x08" + b"\xff" * 9 + b"\x01", 7), [-1]),
        (record(field(1, floats(1, 2, 3, 4)) + field(3, b"\x02\x02")), [1, 2, 3, 4]),
        (record(field(1, floats(7)) + b"\x10\x02" + b"\x18\x04"), [0, 0, 7, 0]),
        (record(field(1, floats(7, 8)) + field(2, b"\x02\x00") + field(3, b"\x03")), [8, 0, 7]),
        (record(field(3, b"\x01\x03")), [0, 0, 0]),
        (field(1, field(2, field(2, field(1, floats(5)))) + field(1, b"values")), [5]),
        (record(field(1, floats(1))) + record(field(1, floats(2))), [2]),
        (entry(1, field(2, field(1, floats(1))) + field(2, field(1, floats(2)))), [1, 2]),
        (entry(1, field(3, field(1, bytes(8))) + field(2, field(1, floats(2)))), [2]),
        (field(3, b"uid") + record(field(1, floats(1))) + field(4, b"metadata"), [1]),
        (b"\x31" + bytes(8) + b"\x3d" + bytes(4) + record(field(1, floats(1))), [1]),
    ],
)
def test_any_encoding_of_a_vector_is_understood(data: bytes, vector: list[float]) -> None:
    assert parsed(data) == (vector, None)
    assert parsed(LABEL + data) == (vector, 3)


ONE = record(field(1, floats(1)))
LONG_KEY = b"\xff" * 9 + b"\x01"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "has no features"),
        (LABEL, "has no features"),
        (entry(1, field(2, field(1, floats(1))), b"score"), "named b'score'"),
        (ONE + entry(2, field(2, field(1, floats(1))), b"score"), "named b'score'"),
        (ONE + entry(2, field(2, field(1, floats(1, 2)))), "has 2 labels, not one"),
        (record(b""), "has no numeric values"),
        (entry(1, field(9, field(1, b"image"))), "has no numeric values"),
        (record(field(1, b"\0\0\0")), "3 bytes, which are no whole numbers"),
        (record(field(1, floats(1, 2)) + field(3, b"\x03")), "2 values for a shape of 3"),
        (record(field(1, floats(1)) + field(2, b"\x00")), "with a shape of 0: must be 1 to"),
        (record(field(1, floats(1)) + field(3, b"\x03") + field(2, b"\x03")), "the key 3 in"),
        (
            record(field(1, floats(1)) + field(3, b"\x03") + field(2, LONG_KEY)),
            "the key 18446744073709551615 in a shape of 3",
        ),
        (
            record(field(1, floats(1)) + field(3, b"\x03") + field(2, b"\x00\x01")),
            "2 keys for 1 values",
        ),
        (
            record(field(1, floats(1, 2)) + field(3, b"\x03") + field(2, b"\x01\x01")),
            "has a key twice",
        ),
        (record(field(3, LONG_KEY)), "with a shape of 18446744073709551615: must"),
        (record(field(3, b"\x80")), "cut off within a number"),
        (record(field(3, b"\xff" * 10 + b"\x01")), "a number of more than 10 bytes"),
        (b"\xff" * 11, "cut off within a number"),
        (b"\x0b", "wire type 3"),
        (b"\x0a\x05abc", "has a field of 5 bytes where 3 are left"),
        (b"\x0d\x00", "has a field of 4 bytes where 1 are left"),
    ],
)
def test_what_is_no_vector_of_numbers_is_an_error(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        record_messages.parse(memoryview(data))
