"""The image file formats that Sonoflow reads."""

from __future__ import annotations

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})

# One image of this many bytes is far beyond any scanner and within a function's memory.
FILE_BYTES_LIMIT = 64 * 1024 * 1024


def suffixes() -> str:
    """For messages."""
    return ", ".join(sorted(IMAGE_SUFFIXES))
