"""Small pictures and archives to test with, in the layout of BUSI."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

ROOT = "Dataset_BUSI_with_GT"
WIDTH, HEIGHT = 96, 64


def scan(seed: int = 0, width: int = WIDTH, height: int = HEIGHT) -> Image.Image:
    """Grey noise: no two seeds look the same."""
    generator = np.random.default_rng(seed)
    return Image.fromarray(generator.integers(0, 255, (height, width), dtype=np.uint8))


def lesion(left: int, top: int, right: int, bottom: int) -> Image.Image:
    """A mask with one rectangle of 255."""
    mask = Image.new("L", (WIDTH, HEIGHT), 0)
    mask.paste(255, (left, top, right, bottom))
    return mask


def encode(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def png(seed: int = 0) -> bytes:
    return encode(scan(seed))


def archive(files: Mapping[str, bytes]) -> bytes:
    """A zip of files, the same bytes each time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


def busi(images_per_class: int = 4) -> dict[str, bytes]:
    """Three classes as BUSI has them; the first benign image has two masks."""
    files: dict[str, bytes] = {}
    for offset, label in enumerate(("benign", "malignant", "normal")):
        for number in range(1, images_per_class + 1):
            stem = f"{ROOT}/{label}/{label} ({number})"
            files[f"{stem}.png"] = png(1000 * offset + number)
            mask = lesion(0, 0, 0, 0) if label == "normal" else lesion(10, 10, 30, 20)
            files[f"{stem}_mask.png"] = encode(mask)
    files[f"{ROOT}/benign/benign (1)_mask_1.png"] = encode(lesion(50, 30, 60, 40).convert("1"))
    return files


def encrypted(data: bytes) -> bytes:
    """The archive with every member marked as encrypted, in both of zip's headers."""
    marked = bytearray(data)
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = marked.find(signature)
        while at >= 0:
            marked[at + flags] |= 1
            at = marked.find(signature, at + 4)
    return bytes(marked)
