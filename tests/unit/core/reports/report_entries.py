"""Lines of an index, as SplitDataset leaves them, for the tests of reports."""

from __future__ import annotations

from typing import Any


def entry(label: str, split: str, **changes: Any) -> dict[str, Any]:
    """A lesion of 10 pixels in 300 × 200, unless it is normal or `changes` say otherwise."""
    lesion = label != "normal"
    return {
        "id": "0123456789abcdef",
        "class": label,
        "source": f"{label}/x.png",
        "split": split,
        "width": 300,
        "height": 200,
        "image": f"images/{label}/x.png",
        "mask": f"masks/{label}/x.png" if lesion else None,
        "masks": ["x_mask.png"] if lesion else [],
        "lesion_pixels": 10 if lesion else 0,
        "histogram": [60_000, *[0] * 15],
        "flags": [],
    } | changes
