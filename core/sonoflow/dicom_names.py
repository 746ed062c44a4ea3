"""What files of DICOM are called: those that come, and those that an answer consists of."""

from __future__ import annotations

from pathlib import PurePosixPath

SUFFIXES = frozenset({".dcm", ".dicom"})
# Ends of the results' names: segmentation, secondary capture, structured report.
SEGMENTATION, CAPTURE, REPORT = "seg", "sc", "sr"
RESULTS = (SEGMENTATION, CAPTURE, REPORT)


def has_suffix(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in SUFFIXES


def may_be(path: str) -> bool:
    """By its extension, or because it has none: scanners name files by numbers with dots."""
    suffix = PurePosixPath(path).suffix
    return suffix.lower() in SUFFIXES or not suffix.lstrip(".") or suffix[1:].isdigit()
