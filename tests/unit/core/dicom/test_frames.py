from __future__ import annotations

import io
from typing import Any

import jpeg_ls
import numpy as np
import pytest
from PIL import Image
from pydicom import uid

from sonoflow.dicom import frames
from sonoflow.dicom.objects import DicomObject
from sonoflow.errors import ImageRejected
from tests.unit.core.dicom import samples
from tests.unit.core.dicom.lossless_encoder import encode

GREY = samples.ramp(40, 64, 2)
COLOURS = np.stack([GREY, GREY // 2, 255 - GREY], axis=3)
LIKE = {"PhotometricInterpretation": "YBR_FULL_422"}


def pictures(data: bytes) -> list[Any]:
    found = DicomObject(data, 1 << 20, 1)
    return [found.frame(number)[0] for number in range(found.count)]


def assert_same(data: bytes, expected: Any) -> None:
    found = pictures(data)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.dtype == np.uint8
        assert (one == other).all()


@pytest.mark.parametrize(
    "syntax", [samples.LITTLE, samples.IMPLICIT, samples.BIG, samples.DEFLATED]
)
def test_uncompressed_pixels_are_as_they_were(syntax: str) -> None:
    assert_same(samples.file(GREY, syntax), GREY)
    assert_same(samples.file(COLOURS, syntax), COLOURS)
    by_plane = np.ascontiguousarray(np.moveaxis(COLOURS, 3, 1))
    found = samples.dataset(COLOURS, PlanarConfiguration=1)
    found.PixelData = by_plane.tobytes()
    assert_same(samples.encode(found, syntax), COLOURS)


@pytest.mark.parametrize("columns", [64, 63])
def test_bytes_that_were_written_as_words_are_turned(columns: int) -> None:
    grey = samples.ramp(39, columns, 2)
    found = samples.dataset(grey)
    data = grey.tobytes()
    data += bytes(len(data) % 2)
    found.PixelData = np.frombuffer(data, "<u2").astype(">u2").tobytes()
    found["PixelData"].VR = "OW"

    assert_same(samples.encode(found, samples.BIG), grey)


@pytest.mark.parametrize(("syntax", "order"), [(samples.LITTLE, "<"), (samples.BIG, ">")])
def test_twelve_bits_are_scaled_by_what_the_data_set_says(syntax: str, order: str) -> None:
    deep = GREY.astype(np.uint16) << 4
    high = (deep << 4).astype(f"{order}u2")

    assert_same(samples.file(deep.astype(f"{order}u2"), syntax, BitsStored=12), GREY)
    assert_same(samples.file(high, syntax, BitsStored=12, HighBit=15), GREY)


def test_a_colour_that_two_pixels_share() -> None:
    luma = GREY[:, :, :, np.newaxis]
    halves = np.full((2, 40, 32, 2), 128, dtype=np.uint8)
    pairs = np.concatenate([luma.reshape(2, 40, 32, 2), halves], axis=3)
    found = samples.dataset(COLOURS, **LIKE)
    found.PixelData = pairs.tobytes()

    assert_same(samples.encode(found), np.repeat(luma, 3, axis=3))


def coded(picture: Any, kind: str, **how: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, kind, **how)
    return buffer.getvalue()


def ls(picture: Any) -> bytes:
    mode = 0 if picture.ndim == 2 else 1
    return bytes(jpeg_ls.encode_array(np.ascontiguousarray(picture), interleave_mode=mode))


def lossless(picture: Any) -> bytes:
    planes = picture[np.newaxis] if picture.ndim == 2 else np.moveaxis(picture, 2, 0)
    return encode(planes.astype(np.uint16), 8)


@pytest.mark.parametrize(
    ("syntax", "encoder"),
    [
        (uid.JPEGLosslessSV1, lossless),
        (uid.JPEGLossless, lossless),
        (uid.JPEGLSLossless, ls),
        (uid.JPEG2000Lossless, lambda picture: coded(picture, "JPEG2000", no_jp2=True)),
    ],
)
def test_lossless_frames_come_back(syntax: str, encoder: Any) -> None:
    assert_same(samples.packed([encoder(one) for one in GREY], GREY, syntax), GREY)
    assert_same(samples.packed([encoder(one) for one in COLOURS], COLOURS, syntax), COLOURS)


def test_baseline_frames_come_back_as_pillow_shows_them() -> None:
    smooth = np.stack([np.add.outer(np.arange(40), np.arange(64)).astype(np.uint8)] * 2)
    frames_ = [coded(one, "JPEG", quality=95) for one in smooth]
    expected = [np.asarray(Image.open(io.BytesIO(one))) for one in frames_]
    assert_same(samples.packed(frames_, smooth, uid.JPEGBaseline8Bit), expected)

    colours = np.stack([smooth, smooth // 2, 255 - smooth], axis=3)
    frames_ = [coded(one, "JPEG", quality=95) for one in colours]
    data = samples.packed(frames_, colours, uid.JPEGBaseline8Bit, **LIKE)
    for one, frame in zip(pictures(data), frames_, strict=True):
        # Pillow's own JPEG conversion and its conversion of arrays round differently by one.
        shown = np.asarray(Image.open(io.BytesIO(frame))).astype(int)
        assert abs(one.astype(int) - shown).max() <= 2

    # JFIF's frames are never RGB, whatever the data set says.
    contrary = DicomObject(samples.packed(frames_, colours, uid.JPEGBaseline8Bit), 1 << 20, 1)
    assert contrary.frame(0)[1] == (frames.COLOUR_MODEL_ASSUMED,)
    assert (contrary.frame(0)[0] == pictures(data)[0]).all()


@pytest.mark.parametrize(
    ("encoder", "syntax", "reason"),
    [
        (lambda one: coded(one[:30], "JPEG"), uid.JPEGBaseline8Bit, "dicom-damaged"),
        (lambda one: coded(one, "JPEG")[:-300], uid.JPEGBaseline8Bit, "truncated"),
        (lambda one: coded(one, "JPEG", progressive=True), uid.JPEGBaseline8Bit, "unsupported"),
        (lambda one: coded(one, "JPEG"), uid.JPEGLossless, "unsupported"),
        (lambda one: coded(one, "PNG"), uid.JPEGBaseline8Bit, "dicom-damaged"),
        (lambda one: ls(one)[:200], uid.JPEGLSLossless, "truncated"),
        (lambda one: ls(one[:, :60]), uid.JPEGLSLossless, "dicom-damaged"),
        (lambda one: lossless(one[:20]), uid.JPEGLossless, "dicom-damaged"),
        (lambda one: coded(one, "JPEG2000", no_jp2=True)[:100], uid.JPEG2000, "truncated|damaged"),
        (lambda one: coded(one.T, "JPEG2000", no_jp2=True), uid.JPEG2000, "dicom-damaged"),
    ],
)
def test_frames_that_are_not_what_the_data_set_says_are_refused(
    encoder: Any, syntax: str, reason: str
) -> None:
    data = samples.packed([encoder(one) for one in GREY], GREY, syntax)

    with pytest.raises(ImageRejected, match=reason):
        pictures(data)


def test_pixels_that_are_fewer_than_announced_are_refused() -> None:
    with pytest.raises(ImageRejected, match="truncated"):
        pictures(samples.file(GREY, NumberOfFrames=3))
    with pytest.raises(ImageRejected, match="transfer syntax"):
        pictures(samples.file(GREY).replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"))
