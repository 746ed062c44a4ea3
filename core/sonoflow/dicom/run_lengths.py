"""DICOM's run-length encoding, never unpacked further than the pixels need.

Format: PS3.5 annex G, https://dicom.nema.org/medical/dicom/current/output/chtml/part05/chapter_G.html
"""

from __future__ import annotations

import itertools
import struct

import numpy as np
import numpy.typing as npt

from sonoflow.dicom import elements

_HEADER_BYTES = 64
_MOST_SEGMENTS = 15


def decode(data: bytes, pixels: int, samples: int, size: int) -> npt.NDArray[np.uint16]:
    """Samples of `size` bytes, (samples, pixels). Raises ImageRejected."""
    if len(data) < _HEADER_BYTES:
        raise elements.cut_off("a frame ends within the header of its runs")
    number, *offsets = struct.unpack_from("<16L", data)
    if number != samples * size or number > _MOST_SEGMENTS:
        raise elements.damaged(f"a frame has {number} planes of runs, not {samples * size}")
    bounds = [*offsets[:number], len(data)]
    if bounds[0] < _HEADER_BYTES or any(a > b for a, b in itertools.pairwise(bounds)):
        raise elements.damaged("the planes of runs are not in order")
    planes = [unpacked(data, bounds[i], bounds[i + 1], pixels) for i in range(number)]
    found = np.zeros((samples, pixels), dtype=np.uint16)
    for sample in range(samples):
        for plane in planes[sample * size : (sample + 1) * size]:  # the high byte comes first
            found[sample] = found[sample] << np.uint16(8) | plane
    return found


def unpacked(data: bytes, at: int, end: int, size: int) -> npt.NDArray[np.uint8]:
    """So many bytes of runs. Raises ImageRejected if there are fewer."""
    found, filled = np.empty(size, dtype=np.uint8), 0
    source = np.frombuffer(data, dtype=np.uint8)
    while filled < size and at < end:
        control = data[at]
        at += 1
        if control == 128:
            continue
        length = control + 1 if control < 128 else 257 - control
        width = length if control < 128 else 1
        if at + width > end:
            break
        length = min(length, size - filled)
        found[filled : filled + length] = source[at : at + min(width, length)]
        filled += length
        at += width
    if filled < size:
        raise elements.cut_off(f"a plane of runs ends after {filled} of {size} bytes")
    return found
