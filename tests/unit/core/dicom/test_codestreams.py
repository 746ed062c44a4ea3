from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from sonoflow.dicom import codestreams
from sonoflow.errors import ImageRejected


def coded(kind: str, mode: str = "RGB", **how: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((40, 64, 3), np.uint8)).convert(mode).save(buffer, kind, **how)
    return buffer.getvalue()


JPEG, DEEP = coded("JPEG"), coded("JPEG2000", no_jp2=True, mct=1)


def test_a_frame_says_how_large_it_is() -> None:
    assert codestreams.jpeg(JPEG) == codestreams.Heading(0xC0, 64, 40, 3, 8)
    assert codestreams.jpeg(coded("JPEG", "L")).components == 1
    assert codestreams.jpeg(coded("JPEG", progressive=True)).kind == 0xC2
    found = codestreams.jpeg_2000(DEEP)
    assert (found.columns, found.rows, found.components, found.precision) == (64, 40, 3, 8)
    assert found.mixed is True
    assert found.signed is False
    assert codestreams.jpeg_2000(coded("JPEG2000", no_jp2=True, mct=0)).mixed is False


def test_what_is_cut_off_in_its_header_is_refused() -> None:
    for end in range(JPEG.index(b"\xff\xc0") + 10):
        with pytest.raises(ImageRejected):
            codestreams.jpeg(JPEG[:end])
    for end in range(DEEP.index(b"\xff\x52") + 14):
        with pytest.raises(ImageRejected):
            codestreams.jpeg_2000(DEEP[:end])


def test_tiles_have_a_limit() -> None:
    """A decoder keeps something for every one of them."""
    small = struct.pack(">4L", 0, 0, 1, 1)
    at = DEEP.index(b"\xff\x51") + 14
    data = DEEP[:at] + small + DEEP[at + 16 :]
    big = data.replace(struct.pack(">2L", 64, 40), struct.pack(">2L", 6400, 4000), 1)

    assert codestreams.jpeg_2000(data).columns == 64
    with pytest.raises(ImageRejected, match="tiles"):
        codestreams.jpeg_2000(big)


def test_a_header_without_end_is_refused() -> None:
    with pytest.raises(ImageRejected):
        codestreams.jpeg(b"\xff\xd8" + b"\xff\xe0\0\2" * 2000)
    with pytest.raises(ImageRejected):
        codestreams.jpeg_2000(b"\xff\x4f" + b"\xff\x64\0\2" * 2000)
