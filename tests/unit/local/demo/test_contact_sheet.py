from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from local.demo.contact_sheet import CAPTION, CELL, GAP, Sheet, draw_contact_sheet

BLUE, ORANGE = 2, 0  # the channel that leads where a true or a predicted mask is tinted


@pytest.fixture
def row(tmp_path: Path) -> Sheet:
    grey = Image.new("L", (80, 40), 100)
    grey.save(tmp_path / "image.png")
    mask = np.zeros((40, 80), np.uint8)
    mask[10:30, 20:60] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    return Sheet(
        image=tmp_path / "image.png",
        true_mask=Image.fromarray(mask),
        predicted_mask=tmp_path / "mask.png",
        label="benign",
        probability=0.93,
        true_label="benign",
        dice=1.0,
    )


def centre(sheet: Image.Image, picture: int) -> tuple[int, ...]:
    x = GAP + picture * (CELL + GAP) + CELL // 2
    pixel = sheet.getpixel((x, CAPTION + CELL // 2))
    assert isinstance(pixel, tuple)
    return tuple(int(channel) for channel in pixel)


def test_the_masks_are_laid_over_the_image_in_their_colours(row: Sheet, tmp_path: Path) -> None:
    draw_contact_sheet([row], tmp_path / "sheet.png", columns=1)

    with Image.open(tmp_path / "sheet.png") as sheet:
        assert centre(sheet, 0) == (100, 100, 100)
        assert np.argmax(centre(sheet, 1)) == BLUE
        assert np.argmax(centre(sheet, 2)) == ORANGE


def test_rows_fill_the_columns_one_after_the_other(row: Sheet, tmp_path: Path) -> None:
    draw_contact_sheet([row] * 3, tmp_path / "sheet.png", columns=2)

    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height == 2 * (CELL + CAPTION) + CAPTION
        assert sheet.width > 6 * CELL


def test_what_nobody_knows_is_left_out(row: Sheet, tmp_path: Path) -> None:
    unknown = Sheet(row.image, None, row.predicted_mask, "normal", 0.4)

    draw_contact_sheet([unknown], tmp_path / "sheet.png", columns=1)

    with Image.open(tmp_path / "sheet.png") as sheet:
        assert centre(sheet, 1) == (255, 255, 255)
