"""Pictures that look like ultrasound to a hash, and what archives do to copies of them."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Pixels = npt.NDArray[np.uint8]


def scan(seed: int, width: int = 400, height: int = 320) -> Pixels:
    """Tissue of several scales, darker with depth, and a dark lesion somewhere."""
    generator = np.random.default_rng(seed)
    tissue = np.zeros((height, width))
    for across, down, weight in ((4, 6, 50), (9, 16, 40), (20, 40, 25), (100, 160, 12)):
        grains = Image.fromarray(generator.normal(0, weight, (down, across)).astype(np.float32))
        tissue += np.asarray(grains.resize((width, height), Image.Resampling.BICUBIC))
    tissue += np.linspace(160, 40, height)[:, None]
    y, x = np.mgrid[:height, :width]
    middle = generator.uniform(0.25, 0.75, 2) * (height, width)
    radii = generator.uniform(0.06, 0.2, 2) * (height, width)
    lesion = ((y - middle[0]) / radii[0]) ** 2 + ((x - middle[1]) / radii[1]) ** 2
    tissue *= np.clip(lesion, 0.25, 1)
    return np.clip(tissue, 0, 255).astype(np.uint8)


def crop(pixels: Pixels) -> Pixels:
    height, width = pixels.shape
    return pixels[height // 50 : -height // 60, width // 60 : -width // 50]


def gamma(pixels: Pixels) -> Pixels:
    return np.rint(255 * (pixels / 255) ** 0.75).astype(np.uint8)


def smaller(pixels: Pixels) -> Pixels:
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((image.width * 2 // 3, image.height // 2)))


def jpeg(pixels: Pixels) -> Pixels:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="JPEG", quality=30)
    return np.asarray(Image.open(buffer))


def annotated(pixels: Pixels) -> Pixels:
    """Text and calipers, as burned in by the machine."""
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    draw.text((20, image.height - 40), "RT UOQ 10:00", fill=255, font_size=22)
    draw.line((90, 80, 210, 190), fill=255, width=2)
    draw.line((200, 90, 110, 180), fill=255, width=2)
    return np.asarray(image)


COPIES: tuple[Callable[[Pixels], Pixels], ...] = (crop, gamma, smaller, jpeg, annotated)
