"""One pass over a data set's index: what the report says of its images, and little more in memory.

An index of 100,000 images is read line by line; of a line only numbers stay, and the lines of the
few images that the report shows.
"""

from __future__ import annotations

import array
import collections
import dataclasses
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from sonoflow.images import pixels
from sonoflow.images.parts import Entry
from sonoflow.keys import SPLITS

SAMPLES_PER_CLASS = 6
SIZE_CELLS = 48  # along each side of the plot of sizes
# A lesion's share of its image: eight bins a decade, from a thousandth to all of it.
AREA_EDGES: tuple[float, ...] = tuple(float(edge) for edge in np.round(np.logspace(-3, 0, 25), 6))


@dataclasses.dataclass
class _Class:
    """What is kept of the images of one class."""

    splits: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    widths: array.array[int] = dataclasses.field(default_factory=lambda: array.array("L"))
    heights: array.array[int] = dataclasses.field(default_factory=lambda: array.array("L"))
    areas: array.array[float] = dataclasses.field(default_factory=lambda: array.array("d"))
    greys: npt.NDArray[np.float64] = dataclasses.field(
        default_factory=lambda: np.zeros(pixels.BINS)
    )
    measured: int = 0  # images whose histogram is known
    of_several: int = 0
    samples: list[Entry] = dataclasses.field(default_factory=list)

    def add(self, entry: Entry) -> None:
        width, height = entry["width"], entry["height"]
        self.splits[entry["split"]] += 1
        self.widths.append(width)
        self.heights.append(height)
        if entry["lesion_pixels"]:
            self.areas.append(entry["lesion_pixels"] / (width * height))
        self.of_several += len(entry["masks"]) > 1
        # Images that an earlier release staged have none.
        if histogram := entry.get("histogram"):
            self.greys += np.array(histogram) / (width * height)
            self.measured += 1
        if len(self.samples) < SAMPLES_PER_CLASS:
            # The first by id, which is as good as by chance.
            self.samples.append(entry)


class Survey:
    """The images of a data set, counted. `wanted` names those whose entries are kept."""

    def __init__(self, entries: Iterable[Entry], wanted: Collection[str] = ()) -> None:
        self.flags: collections.Counter[str] = collections.Counter()
        self.kept: dict[str, Entry] = {}
        found: dict[str, _Class] = {}
        for entry in entries:
            found.setdefault(entry["class"], _Class()).add(entry)
            self.flags.update(entry["flags"])
            if entry["id"] in wanted:
                self.kept[entry["id"]] = entry
        self._classes = dict(sorted(found.items()))

    def samples(self) -> list[Entry]:
        """A few images of each class."""
        return [entry for one in self._classes.values() for entry in one.samples]

    def facts(self) -> dict[str, Any]:
        """The report's part on the images."""
        classes = self._classes
        shares = balance({label: one.splits["train"] for label, one in classes.items()})
        return {
            "classes": list(classes),
            "images": {label: one.splits.total() for label, one in classes.items()},
            "splits": {
                split: {label: one.splits[split] for label, one in classes.items()}
                for split in SPLITS
            },
            "balance": shares,
            "imbalance": {
                "before": _imbalance(one["share"] for one in shares.values()),
                "after": _imbalance(one["drawn_share"] for one in shares.values()),
            },
            "width": _spread([width for one in classes.values() for width in one.widths]),
            "height": _spread([height for one in classes.values() for height in one.heights]),
            "sizes": self._sizes(),
            "masks": {
                "with_lesion": sum(len(one.areas) for one in classes.values()),
                "of_several": sum(one.of_several for one in classes.values()),
            },
            "lesion_area": {
                "edges": list(AREA_EDGES),
                "classes": {label: _areas(o.areas) for label, o in classes.items() if o.areas},
            },
            "intensities": {
                label: [round(float(share), 6) for share in one.greys / one.measured]
                for label, one in classes.items()
                if one.measured
            },
            "flags": dict(sorted(self.flags.items())),
        }

    def _sizes(self) -> dict[str, Any]:
        """Images by size: sizes are rounded to the cells of a grid of `step` pixels."""
        sides = [
            max(array_) for one in self._classes.values() for array_ in (one.widths, one.heights)
        ]
        step = max(1, -(-max(sides) // SIZE_CELLS))
        cells = {}
        for label, one in self._classes.items():
            rounded = np.column_stack([np.array(one.widths), np.array(one.heights)]) // step
            places, counts = np.unique(rounded, axis=0, return_counts=True)
            middles = (places * step + step // 2).tolist()
            cells[label] = [[*place, int(n)] for place, n in zip(middles, counts, strict=True)]
        return {"step": step, "cells": cells}


def balance(training: Mapping[str, int]) -> dict[str, dict[str, float]]:
    """What each class makes of the training split, and of what training sees in an epoch.

    Training draws every class that has images equally often; a class goes through all its images
    before one comes again, so `draws_per_image` is how often each of them is seen in an epoch.
    """
    whole = sum(training.values())
    present = sum(count > 0 for count in training.values())
    share = -(-whole // present) if present else 0
    return {
        label: {
            "images": count,
            "share": count / whole if whole else 0.0,
            "drawn_share": 1 / present if count else 0.0,
            "draws_per_image": share / count if count else 0.0,
        }
        for label, count in training.items()
    }


def _imbalance(shares: Iterable[float]) -> float:
    """How many times the smallest share the largest is; classes without any do not count."""
    present = [share for share in shares if share]
    return round(max(present) / min(present), 4) if present else 1.0


def _spread(values: Sequence[int]) -> dict[str, float]:
    return {"minimum": min(values), "median": statistics.median(values), "maximum": max(values)}


def _areas(areas: Sequence[float]) -> dict[str, Any]:
    shares = np.clip(np.array(areas), AREA_EDGES[0], AREA_EDGES[-1])
    low, middle, high = np.quantile(np.array(areas), [0.25, 0.5, 0.75])
    return {
        "images": len(areas),
        "lower_quartile": round(float(low), 6),
        "median": round(float(middle), 6),
        "upper_quartile": round(float(high), 6),
        "maximum": round(max(areas), 6),
        "counts": np.histogram(shares, AREA_EDGES)[0].tolist(),
    }
