"""The frames of a DICOM object that a data set trains from, and what they belong to.

One frame is a picture. Of a loop a few are used, or the one that the mapping names (reading.py).
What lies outside of the ultrasound regions is black, as scanners write names there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from sonoflow import keys
from sonoflow.dicom import selection
from sonoflow.dicom.objects import DicomObject
from sonoflow.errors import ImageRejected
from sonoflow.images import dicom_frames, parts
from sonoflow.images.classes import OF_LOOP
from sonoflow.images.masks import MaskUnion
from sonoflow.images.pixels import Decoded
from sonoflow.images.reading import FIRST, Reading

_OUTSIDE_SHARE = 0.01  # of a lesion, that may lie outside of the regions: its border


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    source: DicomObject
    number: int  # from 0
    reading: Reading

    @property
    def count(self) -> int:
        """Of the object it is one of."""
        return self.source.count

    def decode(self) -> Decoded:
        """Raises ImageRejected."""
        found = dicom_frames.decode(self.source, self.number, self.reading.bits)
        attributes = self.source.attributes
        flags = (*attributes.flags, *found.flags, *((OF_LOOP,) * (self.count > 1)))
        shown = dicom_frames.blanked(found.pixels, attributes.regions)
        return Decoded(shown, flags=tuple(dict.fromkeys(flags)))

    def name(self, source: str) -> str:
        """What its id is made of: no file can be called so."""
        return source if self.count == 1 else f"{source}\0{self.number + 1}"

    def facts(self, source: str) -> dict[str, Any]:
        """What its line of a part says beside that of other pictures."""
        belonging = self.source.belonging if self.reading.patients else None
        return {
            **({"frame": self.number + 1, "frames": self.count} if self.count > 1 else {}),
            **({parts.OBJECT_HINT: keys.image_id(source)} if self.count > 1 else {}),
            **({parts.PATIENT_HINT: belonging.patient} if belonging and belonging.patient else {}),
            **({parts.STUDY_HINT: belonging.study} if belonging and belonging.study else {}),
        }


def read(data: bytes, reading: Reading, key: bytes, masked: bool) -> Iterator[Frame]:
    """Raises ImageRejected where nothing is to be used of an object."""
    source = dicom_frames.read(data, key)
    if source.count == 1 or reading.frames == FIRST:
        yield Frame(source, 0, reading)
        return
    if masked and reading.frames > 1:
        detail = f"the mask is that of one frame, and the object has {source.count}: say of which "
        detail += 'one: {"pictures": {"frames": "first"}} or "middle"'
        raise ImageRejected("mask-frame-unclear", detail)
    for number in selection.spread(source.count, reading.frames):
        yield Frame(source, number, reading)


def check_masked(frame: Frame, lesions: MaskUnion | None) -> None:
    """Raises ImageRejected where a lesion was drawn on what is blanked."""
    if lesions is None or not frame.source.attributes.regions:
        return
    inside = dicom_frames.inside(lesions.mask.shape, frame.source.attributes.regions)
    whole, outside = np.count_nonzero(lesions.mask), np.count_nonzero(lesions.mask & ~inside)
    if outside > _OUTSIDE_SHARE * whole:
        detail = f"{outside} of {whole} pixels of its lesion lie outside of the ultrasound regions "
        detail += "that the object names; what is there is not used"
        raise ImageRejected("mask-outside-regions", detail)
