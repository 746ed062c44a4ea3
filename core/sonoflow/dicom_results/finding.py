"""What an answer found in one frame of a DICOM object, as its DICOM results need it.

Nothing of it is of the object's patient, study or device: the object's own digest stands for all.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclasses.dataclass(frozen=True)
class Source:
    """The object that was answered, and its frame."""

    sop_class: str
    frame: int  # from 1
    frames: int
    clean: bool  # whether no text can be left in what is shown of it, as far as the object says


@dataclasses.dataclass(frozen=True)
class Algorithm:
    name: str
    version: str


@dataclasses.dataclass(frozen=True, eq=False)
class Finding:
    sha256: str  # of the object's bytes
    answer: str  # what tells this answer from any other
    source: Source
    mask: npt.NDArray[np.bool_]  # (height, width), of which some is true
    shown: npt.NDArray[np.uint8]  # (height, width, 3): the overlay
    label: str
    probability: float  # of the label
    measurements: Mapping[str, Any]  # of the prediction's document
    classifier: Algorithm
    segmenter: Algorithm
