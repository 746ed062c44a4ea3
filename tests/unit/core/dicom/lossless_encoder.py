"""JPEG's lossless process as an encoder: the standard's formulas, pixel by pixel, for tests."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

_LENGTH = 5  # of each of the 17 codes; the one of all ones stays unused


def encode(
    planes: npt.NDArray[np.uint16],
    precision: int,
    predictor: int = 1,
    rows_per_restart: int = 0,
    shift: int = 0,
    one_scan: bool = True,
) -> bytes:
    """Of (components, rows, columns)."""
    count, rows, columns = planes.shape
    scans = [range(count)] if one_scan else [range(one, one + 1) for one in range(count)]
    parts = [b"\xff\xd8", _segment(0xC4, bytes([0, 0, 0, 0, 0, 17] + [0] * 11 + [*range(17)]))]
    size = struct.pack(">BHHB", precision, rows, columns, count)
    parts.append(_segment(0xC3, size + b"".join(bytes([n + 1, 0x11, 0]) for n in range(count))))
    if rows_per_restart:
        parts.append(_segment(0xDD, struct.pack(">H", rows_per_restart * columns)))
    for scan in scans:
        chosen = b"".join(bytes([n + 1, 0]) for n in scan)
        parts.append(_segment(0xDA, bytes([len(scan)]) + chosen + bytes([predictor, 0, shift])))
        step = rows_per_restart or rows
        for number, top in enumerate(range(0, rows, step)):
            if number:
                parts.append(bytes([0xFF, 0xD0 + (number - 1) % 8]))
            part = planes[[*scan], top : top + step] >> shift
            parts.append(_coded(part.astype(np.int64), precision - shift, predictor))
    return b"".join([*parts, b"\xff\xd9"])


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


def _coded(planes: npt.NDArray[np.int64], precision: int, predictor: int) -> bytes:
    bits: list[str] = []
    _, rows, columns = planes.shape
    for row in range(rows):
        for column in range(columns):
            for plane in planes:
                expected = _expected(plane, row, column, precision, predictor)
                bits.append(_symbol((int(plane[row, column]) - expected) & 0xFFFF))
    text = "".join(bits)
    text += "1" * (-len(text) % 8)
    data = int(text, 2).to_bytes(len(text) // 8, "big")
    return data.replace(b"\xff", b"\xff\0")


def _expected(plane: npt.NDArray[np.int64], row: int, column: int, bits: int, how: int) -> int:
    if row == 0:
        return int(plane[0, column - 1]) if column else 1 << (bits - 1)
    above = int(plane[row - 1, column])
    if column == 0:
        return above
    left, corner = int(plane[row, column - 1]), int(plane[row - 1, column - 1])
    return {
        1: left,
        2: above,
        3: corner,
        4: left + above - corner,
        5: left + ((above - corner) >> 1),
        6: above + ((left - corner) >> 1),
        7: (left + above) >> 1,
    }[how]


def _symbol(difference: int) -> str:
    if difference == 32768:
        return format(16, f"0{_LENGTH}b")
    signed = difference if difference < 32768 else difference - 65536
    size = abs(signed).bit_length()
    value = signed if signed >= 0 else signed + (1 << size) - 1
    return format(size, f"0{_LENGTH}b") + (format(value, f"0{size}b") if size else "")
