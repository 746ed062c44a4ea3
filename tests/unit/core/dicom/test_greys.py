from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from sonoflow.dicom import greys
from sonoflow.dicom.objects import DicomObject
from sonoflow.errors import ImageRejected
from tests.unit.core.dicom import samples

LEVELS = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
DEEP = (np.arange(4096, dtype=np.uint16)).reshape(1, 64, 64)


def shown(pixels: Any, **tags: Any) -> tuple[Any, tuple[str, ...]]:
    return DicomObject(samples.file(pixels, **tags), 1 << 20, 1).frame(0)


def lut(entries: list[int], first: int, bits: int) -> Sequence:
    item = Dataset()
    item.add_new(0x00283002, "US", [len(entries), first, bits])
    item.add_new(0x00283006, "OW", np.array(entries, dtype="<u2").tobytes())
    return Sequence([item])


def test_without_a_window_black_is_the_least_and_white_the_most_that_can_be() -> None:
    assert (shown(LEVELS)[0] == LEVELS[0]).all()
    assert (shown(DEEP, BitsStored=12)[0] == DEEP[0] >> 4).all()
    assert shown(DEEP)[0].dtype == np.uint16  # of sixteen bits it is not said how many are used
    six = (LEVELS // 4).astype(np.uint8)
    assert shown(six, BitsStored=6)[0].max() == 255


def test_a_sign_shifts_and_a_falling_slope_turns() -> None:
    signed = (DEEP[0].astype(int) - 2048).astype(np.int16)[np.newaxis]
    assert (shown(signed, BitsStored=12, PixelRepresentation=1)[0] == DEEP[0] >> 4).all()
    falling = shown(LEVELS, RescaleSlope="-2", RescaleIntercept="5")[0]
    assert (falling == 255 - LEVELS[0]).all()


@pytest.mark.parametrize(
    ("function", "value", "grey"),
    [
        (None, 99, 0),
        (None, 100, 0),
        (None, 150, 128),
        (None, 199, 255),
        ("LINEAR_EXACT", 150, 128),
        ("LINEAR_EXACT", 125, 64),
        ("SIGMOID", 150, 128),
        ("SIGMOID", 100, 30),
    ],
)
def test_windows_are_the_standards(function: str | None, value: int, grey: int) -> None:
    """C.11.2.1.2: of centre 150 and width 100, on values that are twice the pixels less ten."""
    tags = {"VOILUTFunction": function} if function else {}
    pixels = np.full((1, 16, 16), (value + 10) // 2, dtype=np.uint8)
    if (value + 10) % 2:
        tags, pixels = {**tags, "RescaleIntercept": "-9"}, np.full_like(pixels, (value + 9) // 2)
    tags = {"RescaleIntercept": "-10", **tags}

    found, flags = shown(
        pixels, WindowCenter=["150", "1"], WindowWidth=["100", "2"], RescaleSlope="2", **tags
    )

    assert abs(int(found[0, 0]) - grey) <= 1
    assert flags == ()


def test_the_usual_window_of_eight_bits_changes_nothing() -> None:
    assert (shown(LEVELS, WindowCenter="128", WindowWidth="256")[0] == LEVELS[0]).all()


def test_a_window_that_is_none_is_ignored_and_said() -> None:
    found, flags = shown(LEVELS, WindowCenter="128", WindowWidth="0")

    assert (found == LEVELS[0]).all()
    assert flags == (greys.WINDOW_IGNORED,)


def test_monochrome1_is_turned_round() -> None:
    found = shown(LEVELS, PhotometricInterpretation="MONOCHROME1")[0]

    assert (found == 255 - LEVELS[0]).all()


def test_look_up_tables_of_the_modality_and_of_the_window() -> None:
    falling = [4095 - 4095 * at // 255 for at in range(256)]
    tags = {"ModalityLUTSequence": lut(falling, 0, 12), "BitsStored": 8}
    assert shown(LEVELS, **tags)[0][0, 0] == 255
    assert shown(LEVELS, **tags)[0][-1, -1] == 0
    short = {"VOILUTSequence": lut([0, 100, 255], 10, 8)}
    found = shown(LEVELS, **short)[0].ravel()
    assert found[[0, 10, 11, 12, 255]].tolist() == [0, 0, 100, 255, 255]
    both = shown(LEVELS, WindowCenter="128", WindowWidth="256", **short)[0]
    assert (both == LEVELS[0]).all()


@pytest.mark.parametrize("bits", [8, 16])
def test_palettes_give_colours(bits: int) -> None:
    table = np.arange(256, dtype="<u2")
    tags = {"PhotometricInterpretation": "PALETTE COLOR"}
    found = samples.dataset(LEVELS, **tags)
    for at, name in enumerate(("Red", "Green", "Blue")):
        setattr(found, f"{name}PaletteColorLookupTableDescriptor", [256, 0, bits])
        entries = (table if at < 2 else 255 - table) << (bits - 8)
        setattr(found, f"{name}PaletteColorLookupTableData", entries.tobytes())

    shown_, _ = DicomObject(samples.encode(found), 1 << 20, 1).frame(0)

    assert (shown_[..., 0] == LEVELS[0]).all()
    assert (shown_[..., 2] == 255 - LEVELS[0]).all()


def test_colours_of_ybr_become_rgb() -> None:
    """Source: JFIF, of which a strong blue is (29, 255, 107)."""
    pixels = np.full((1, 16, 16, 3), (29, 255, 107), dtype=np.uint8)

    found = shown(pixels, PhotometricInterpretation="YBR_FULL")[0]

    assert abs(found[0, 0].astype(int) - (0, 0, 254)).max() <= 1


@pytest.mark.parametrize(
    "tags",
    [
        {"RescaleSlope": "0"},
        {"ModalityLUTSequence": lut([1, 2, 3], 0, 20)},
        {"VOILUTSequence": Sequence([Dataset()])},
        {"PhotometricInterpretation": "PALETTE COLOR"},
    ],
)
def test_tables_and_slopes_that_make_no_sense_are_refused(tags: dict[str, Any]) -> None:
    with pytest.raises(ImageRejected, match="dicom-damaged"):
        shown(LEVELS, **tags)
