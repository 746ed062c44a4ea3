"""Small pictures and masks for generated archives: grain with a dark spot, stored in many ways."""

from __future__ import annotations

import functools
import io
import random
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]
HEIGHT, WIDTH = 40, 52
_KINDS = 48


@functools.cache
def scan(number: int) -> tuple[Grey, Grey]:
    """Grain, (40, 52), darker within an ellipse; and the ellipse, 0 and 255."""
    draw = np.random.default_rng(number)
    top, left = draw.integers(12, 26), draw.integers(16, 36)
    high, wide = draw.integers(4, 9), draw.integers(5, 11)
    rows, columns = np.ogrid[:HEIGHT, :WIDTH]
    inside = ((rows - top) / high) ** 2 + ((columns - left) / wide) ** 2 <= 1
    grain = np.clip(draw.gamma(3, 34, (HEIGHT, WIDTH)), 2, 255) * np.where(inside, 0.3, 1)
    return grain.astype(np.uint8), np.where(inside, 255, 0).astype(np.uint8)


def _stored(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    held = io.BytesIO()
    image.save(held, form, **options)
    return held.getvalue()


def _palette(mask: Grey, colours: list[int]) -> bytes:
    image = Image.fromarray((mask > 0).astype(np.uint8), "P")
    image.putpalette(colours + [0] * (768 - len(colours)))
    return _stored(image)


def _coloured(mask: Grey, colour: tuple[int, int, int]) -> bytes:
    return _stored(Image.fromarray((mask[..., None] > 0) * np.array(colour, np.uint8), "RGB"))


def _outline(mask: Grey) -> Grey:
    inner = mask.copy()
    for axis in (0, 1):
        inner &= np.roll(mask, 1, axis) & np.roll(mask, -1, axis)
    return mask & ~inner


def _alpha(mask: Grey) -> bytes:
    image = Image.new("RGBA", (mask.shape[1], mask.shape[0]))
    image.putalpha(Image.fromarray(mask))
    return _stored(image)


def _grey(form: str = "PNG", **options: Any) -> Callable[[Grey], bytes]:
    return lambda pixels: _stored(Image.fromarray(pixels), form, **options)


def _exif(pixels: Grey) -> bytes:
    exif = Image.Exif()
    exif[274] = 3
    return _stored(Image.fromarray(pixels), "JPEG", exif=exif.tobytes())


SCANS: dict[str, Callable[[Grey], bytes]] = {
    "png": _grey(),
    "rgb": lambda pixels: _stored(Image.fromarray(pixels).convert("RGB")),
    "jpeg": _grey("JPEG", quality=90),
    "bmp": _grey("BMP"),
    "tiff": _grey("TIFF"),
    "16 bit": lambda pixels: _stored(Image.fromarray(pixels.astype(np.uint16) * 257)),
    "12 of 16 bit": lambda pixels: _stored(Image.fromarray(pixels.astype(np.uint16) * 16)),
    "8 of 16 bit": lambda pixels: _stored(Image.fromarray(pixels.astype(np.uint16))),
    "palette": lambda pixels: _stored(Image.fromarray(pixels).convert("P")),
    "rgba": lambda pixels: _stored(Image.fromarray(pixels).convert("RGBA")),
    "cmyk": lambda pixels: _stored(Image.fromarray(pixels).convert("CMYK"), "JPEG"),
    "turned": _exif,
    "fractions": lambda pixels: _stored(Image.fromarray(pixels.astype(np.float32) / 255), "TIFF"),
}
MASKS: dict[str, Callable[[Grey], bytes]] = {
    "0 and 255": _grey(),
    "0 and 1": lambda mask: _stored(Image.fromarray(mask // 255)),
    "0 and 2": lambda mask: _stored(Image.fromarray(mask // 127)),
    "0 and 127": lambda mask: _stored(Image.fromarray(mask // 2)),
    "black on white": lambda mask: _stored(Image.fromarray(255 - mask)),
    "1 bit": lambda mask: _stored(Image.fromarray(mask).convert("1")),
    "rgb": lambda mask: _stored(Image.fromarray(mask).convert("RGB")),
    "red": lambda mask: _coloured(mask, (255, 0, 0)),
    "dim": lambda mask: _coloured(mask, (0, 60, 0)),
    "palette": lambda mask: _palette(mask, [0, 0, 0, 128, 0, 0]),
    "palette of black": lambda mask: _palette(mask, [0] * 6),
    "alpha": _alpha,
    "jpeg": _grey("JPEG", quality=70),
    "outline": lambda mask: _stored(Image.fromarray(_outline(mask))),
    "three values": lambda mask: _stored(Image.fromarray(mask // 255 + np.roll(mask, 5, 1) // 128)),
    "white": lambda mask: _stored(Image.fromarray(np.full_like(mask, 255))),
    "black": lambda mask: _stored(Image.fromarray(np.zeros_like(mask))),
    "half size": lambda mask: _stored(Image.fromarray(mask[::2, ::2].copy())),
    "turned": lambda mask: _stored(Image.fromarray(mask.T.copy())),
    "16 bit": lambda mask: _stored(Image.fromarray(mask.astype(np.uint16) * 257)),
    "fractions": lambda mask: _stored(Image.fromarray(mask.astype(np.float32) / 255), "TIFF"),
    "grain": lambda mask: _stored(Image.fromarray(scan(7)[0])),
}
_SUFFIXES = {"jpeg": ".jpg", "cmyk": ".jpg", "turned": ".jpeg", "bmp": ".bmp", "fractions": ".tif"}


@functools.lru_cache(maxsize=4096)
def _scan_as(kind: str, number: int) -> bytes:
    return SCANS[kind](scan(number)[0])


@functools.lru_cache(maxsize=4096)
def _mask_as(kind: str, number: int) -> bytes:
    return MASKS[kind](scan(number)[1])


class Maker:
    """Pictures of one data set: as a rule all are stored alike, as are all masks."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        usual = draw.random() < 0.5
        self._scans = "png" if usual else draw.choice(sorted(SCANS))
        self._masks = "0 and 255" if usual else draw.choice(sorted(MASKS))
        self._mixed = draw.choice((0.0, 0.0, 0.0, 0.1, 0.5))
        self.masked = draw.choice((1.0, 1.0, 0.9, 0.5, 0.0))
        self._next = draw.randrange(_KINDS)
        self.suffix = _SUFFIXES.get(self._scans, ".tiff" if self._scans == "tiff" else ".png")
        self.mask_suffix = {"jpeg": ".jpg", "fractions": ".tif"}.get(self._masks, ".png")
        if draw.random() < 0.05:
            self.suffix = draw.choice((".png", ".PNG", ".jpg", ".tif"))

    def pair(self, lesion: bool = True) -> tuple[bytes, bytes]:
        """The next picture and its mask."""
        self._next = (self._next + 1) % _KINDS
        scans = self._draw.choice(sorted(SCANS)) if self._mixes() else self._scans
        masks = self._draw.choice(sorted(MASKS)) if self._mixes() else self._masks
        picture = _scan_as(scans, self._next)
        if self._draw.random() < 0.02:
            picture = self.odd()
        return picture, _mask_as(masks if lesion else "black", self._next)

    def _mixes(self) -> bool:
        return self._draw.random() < self._mixed

    def odd(self) -> bytes:
        """A file that is no good picture, or hardly one."""
        whole = _scan_as("png", self._next)
        draw = self._draw
        damaged = bytearray(whole)
        for _ in range(4):
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        flat = Image.new("L", (WIDTH, HEIGHT), draw.choice((0, 90, 255)))
        frames = [Image.fromarray(scan(n)[0]) for n in (1, 2)]
        return draw.choice((
            b"", b"\x89PNG\r\n\x1a\n", whole[: draw.randrange(len(whole))], bytes(damaged),
            draw.randbytes(200), bytes(400), whole + bytes(30), _stored(flat),
            _stored(Image.new("L", (1, 1), 7)), _stored(Image.new("L", (900, 2), 7)),
            _stored(frames[0], "GIF", save_all=True, append_images=frames[1:]),
            _stored(frames[0], "TIFF", save_all=True, append_images=frames[1:]),
            _stored(frames[0], "PNG", save_all=True, append_images=frames[1:]),
            _stored(frames[0], "WEBP"), bytes(128) + b"DICM" + bytes(90), b"<svg/>",
            b"P5 2 2 255 abcd",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08" + bytes(44),
            _scan_as("jpeg", self._next)[:-40],
        ))  # fmt: skip
