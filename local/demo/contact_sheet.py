"""One picture of what came back: image, true mask, predicted mask, label and probability."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

CELL = 160  # pixels, side of one picture
GAP = 8
CAPTION = 34
_INK, _PAPER, _FAINT = (32, 38, 46), (255, 255, 255), (110, 118, 129)
_GOOD, _BAD = (17, 122, 101), (192, 57, 43)
_TRUE, _PREDICTED = (64, 196, 255), (255, 171, 64)
HEADINGS = ("image", "true mask", "predicted mask")


@dataclasses.dataclass(frozen=True)
class Sheet:
    """One row's pictures and words; `true_mask` is None where nobody knows it."""

    image: Path
    true_mask: Image.Image | None
    predicted_mask: Path
    label: str
    probability: float
    true_label: str | None = None
    dice: float | None = None


def draw_contact_sheet(rows: Sequence[Sheet], path: Path, columns: int = 2) -> None:
    """Write the rows side by side, `columns` rows to a line, as a PNG."""
    width, height = 3 * (CELL + GAP) + GAP, CELL + CAPTION
    lines = -(-len(rows) // columns)
    canvas = Image.new("RGB", (columns * width + GAP, lines * height + CAPTION), _PAPER)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(size=13)
    for column in range(min(columns, len(rows))):
        for number, heading in enumerate(HEADINGS):
            at = (GAP + column * width + number * (CELL + GAP), 10)
            draw.text(at, heading, fill=_FAINT, font=font)
    for number, row in enumerate(rows):
        left = GAP + (number % columns) * width
        top = CAPTION + (number // columns) * height
        _draw_row(canvas, draw, row, left, top, font)
    canvas.save(path)


def _draw_row(
    canvas: Image.Image,
    draw: ImageDraw.ImageDraw,
    row: Sheet,
    left: int,
    top: int,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    with Image.open(row.image) as source, Image.open(row.predicted_mask) as mask:
        image = source.convert("L")
        pictures = [
            image.convert("RGB"),
            _tint(image, row.true_mask, _TRUE) if row.true_mask else None,
            _tint(image, mask, _PREDICTED),
        ]
    for number, picture in enumerate(pictures):
        at = (left + number * (CELL + GAP), top)
        if picture is None:
            draw.rectangle((*at, at[0] + CELL, at[1] + CELL), outline=_FAINT)
            draw.text((at[0] + 10, at[1] + 10), "not known", fill=_FAINT, font=font)
        else:
            canvas.paste(_square(picture), at)
    verdict = _INK if row.true_label is None else _GOOD if row.label == row.true_label else _BAD
    words = f"{row.label} {row.probability:.0%}"
    draw.text((left, top + CELL + 4), words, fill=verdict, font=font)
    truth = "" if row.true_label is None else f"truth: {row.true_label}"
    dice = "" if row.dice is None else f"Dice {row.dice:.2f}"
    draw.text((left + CELL + GAP, top + CELL + 4), truth, fill=_FAINT, font=font)
    draw.text((left + 2 * (CELL + GAP), top + CELL + 4), dice, fill=_FAINT, font=font)


def _tint(image: Image.Image, mask: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    """The grey image with the mask's area laid over it in a colour, half transparent."""
    grey = np.asarray(image.convert("RGB"), dtype=np.float32)
    inside = np.asarray(mask.convert("L").resize(image.size, Image.Resampling.NEAREST)) > 127
    tinted = np.where(inside[..., None], 0.5 * grey + 0.5 * np.array(colour, np.float32), grey)
    return Image.fromarray(tinted.astype(np.uint8))


def _square(picture: Image.Image) -> Image.Image:
    """Fitted into a CELL by CELL square without distortion."""
    fitted = picture.copy()
    fitted.thumbnail((CELL, CELL))
    square = Image.new("RGB", (CELL, CELL), (0, 0, 0))
    square.paste(fitted, ((CELL - fitted.width) // 2, (CELL - fitted.height) // 2))
    return square
