"""The image file formats that Sonoflow reads."""

from __future__ import annotations

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})

# Media type by Pillow's name of the format.
CONTENT_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",  # a JPEG of a phone that carries a second picture; the first one counts
    "BMP": "image/bmp",
    "TIFF": "image/tiff",
}

# One image of this many bytes is far beyond any scanner and within a function's memory.
FILE_BYTES_LIMIT = 64 * 1024 * 1024


def suffixes() -> str:
    """For messages."""
    return ", ".join(sorted(IMAGE_SUFFIXES))
