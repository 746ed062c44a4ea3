"""What an answer found, as the results in DICOM are made of it."""

from __future__ import annotations

import dataclasses
import io
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from sonoflow.dicom_results.finding import Algorithm, Finding, Source

IMAGE, LOOP = "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.5.1.4.1.1.3.1"
PIXELS = {"longest_axis_pixels": 22.361, "perpendicular_pixels": 11.2}
FRAME = Source(LOOP, 3, 7, clean=True)
MILLIMETRES = {
    **PIXELS,
    "area_mm2": 4.0,
    "longest_axis_mm": 4.123,
    "perpendicular_mm": 1.94,
    "millimetres_per_pixel": [0.2, 0.1],
}


def finding(**given: Any) -> Finding:
    mask = np.zeros((50, 93), dtype=np.bool_)
    mask[10:20, 30:50] = True
    found = Finding(
        sha256="ab" * 32,
        answer="v1 0055 1",
        source=Source(IMAGE, 1, 1, clean=True),
        mask=mask,
        shown=np.arange(50 * 93 * 3, dtype=np.uint32).astype(np.uint8).reshape(50, 93, 3),
        label="malignant",
        probability=0.9312,
        measurements=MILLIMETRES,
        classifier=Algorithm("Sonoflow classifier", "0a1b2c3d4e5f-1"),
        segmenter=Algorithm("Sonoflow segmenter", "0a1b2c3d4e5f-2"),
    )
    return dataclasses.replace(found, **given)


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def referred(found: Dataset) -> list[tuple[str, str, int | None]]:
    """Class, instance and frame of each reference."""
    told = []

    def look(_: Dataset, element: pydicom.DataElement) -> None:
        if element.VR == "SQ":
            for item in element.value:
                if "ReferencedSOPInstanceUID" in item:
                    frame = item.get("ReferencedFrameNumber")
                    place = (item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID)
                    told.append((*place, None if frame is None else int(frame)))

    found.walk(look)
    return told
