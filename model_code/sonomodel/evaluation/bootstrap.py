"""Confidence intervals by resampling groups of images.

Images of one group look alike, or come from one patient, and succeed or fail together; resampling
them singly would make the intervals too narrow (Field and Welsh, 2007, on the cluster bootstrap).
"""

from __future__ import annotations

import collections
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonomodel.errors import ChannelError

RESAMPLES = 1000
LEVEL = 95.0  # per cent
INDEX = "index.jsonl"
Picks = NDArray[np.int64]  # places of images, some several times
Figures = Mapping[str, float | None]


def intervals(
    figures: Callable[[Picks], Figures], groups: Sequence[str], seed: int = 0
) -> dict[str, list[float] | None]:
    """[low, high] of every figure: the percentiles of its values on resampled groups.

    `groups` names each image's group. None for a figure that is undefined on most resamples, and
    for all where there is a single group.
    """
    members: dict[str, list[int]] = collections.defaultdict(list)
    for place, group in enumerate(groups):
        members[group].append(place)
    blocks = [np.array(places) for places in members.values()]
    if len(blocks) < 2:
        return dict.fromkeys(figures(np.arange(len(groups))))
    draws = np.random.default_rng(seed).integers(len(blocks), size=(RESAMPLES, len(blocks)))
    values: dict[str, list[float]] = collections.defaultdict(list)
    for draw in draws:
        for name, value in figures(np.concatenate([blocks[block] for block in draw])).items():
            values[name] += [] if value is None else [value]
    return {name: _percentiles(defined) for name, defined in values.items()}


def _percentiles(values: Sequence[float]) -> list[float] | None:
    if len(values) < RESAMPLES / 2:
        return None
    tail = (100 - LEVEL) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return [round(float(low), 6), round(float(high), 6)]


def read_groups(index: Path) -> dict[str, str]:
    """Image id -> group, from a data set's index.jsonl or the folder that holds it.

    Raises ChannelError for a file that is missing or has other lines.
    """
    path = index / INDEX if index.is_dir() else index
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines if line.strip()]
        return {str(entry["id"]): str(entry["group"]) for entry in entries}
    except OSError as error:
        raise ChannelError(f"{path} cannot be read: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ChannelError(
            f"{path} is no index of images: a line lacks id or group, or is no JSON ({error!r})"
        ) from error
