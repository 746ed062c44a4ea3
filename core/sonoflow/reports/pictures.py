"""Staged images as the small pictures of a report."""

from __future__ import annotations

import base64
import concurrent.futures
import dataclasses
import io
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from sonoflow.aws import objects
from sonoflow.images import outlines, pixels
from sonoflow.keys import Dataset

SIDE = 300  # pixels, the longer side: sharp at half of a phone's width
_LINE = 2  # pixels, the width of an outline
_EDGE = 128  # half of white: scaling makes the edges of a mask grey
_QUALITY = 72
_READS_AT_ONCE = 16


@dataclasses.dataclass(frozen=True)
class Picture:
    """A picture within the page."""

    uri: str  # of its data
    width: int
    height: int
    text: str  # what it shows, for those who do not see it


def read(bucket: str, dataset: Dataset, entries: Iterable[Mapping[str, Any]]) -> dict[str, Picture]:
    """The pictures of images, by id; of each only one is in memory at full size per reader."""
    once = {entry["id"]: entry for entry in entries}
    with concurrent.futures.ThreadPoolExecutor(max_workers=_READS_AT_ONCE) as pool:
        made = pool.map(lambda entry: _read(bucket, dataset, entry), once.values())
        return dict(zip(once, made, strict=True))


def _read(bucket: str, dataset: Dataset, entry: Mapping[str, Any]) -> Picture:
    mask = objects.read(bucket, dataset.prefix + entry["mask"]) if entry["mask"] else None
    return picture(entry, objects.read(bucket, dataset.prefix + entry["image"]), mask)


def picture(entry: Mapping[str, Any], image: bytes, mask: bytes | None) -> Picture:
    """A staged image made small, its lesions outlined as the given mask has them."""
    small = Image.fromarray(pixels.decode(image).pixels)
    small.thumbnail((SIDE, SIDE))
    if mask is not None:
        # Scaled before it is drawn: a line of one pixel would not survive the scaling.
        lesions = Image.fromarray(pixels.decode(mask).pixels).resize(small.size)
        coloured = np.array(small.convert("RGB"))
        line = outlines.outline(np.asarray(lesions) >= _EDGE, _LINE)
        coloured[line] = outlines.COLOUR
        small = Image.fromarray(coloured)
    buffer = io.BytesIO()
    # Colour at full size: halved, as JPEG does by itself, the thin outline would fade.
    small.save(buffer, format="JPEG", quality=_QUALITY, subsampling=0, optimize=True)
    uri = f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
    return Picture(uri, *small.size, _described(entry))


def _described(entry: Mapping[str, Any]) -> str:
    if not entry["lesion_pixels"]:
        return f"Ultrasound image of class {entry['class']}, no lesion marked"
    share = entry["lesion_pixels"] / (entry["width"] * entry["height"])
    return f"Ultrasound image of class {entry['class']}, the lesion outlined: {share:.1%} of it"
