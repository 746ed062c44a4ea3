"""What both models say of a DICOM object: of each of its frames, and of the one that is worst."""

from __future__ import annotations

import dataclasses
from typing import Any

from sonoflow.dicom import calibration, scope, selection
from sonoflow.dicom.objects import DicomObject
from sonoflow.dicom_results.finding import Source
from sonoflow.errors import ImageRejected
from sonoflow.images import dicom_frames
from sonoflow.images.classes import NORMAL
from sonoflow.inference import examinations
from sonoflow.inference.examinations import Examination
from sonoflow.settings import Predicting

MALIGNANT = "malignant"


def examine(data: bytes, settings: Predicting) -> Examination:
    """By the worst of its frames. Raises ImageRejected, for one bad frame too; errors of the
    endpoints escape."""
    source = dicom_frames.read(data)
    numbers = selection.spread(source.count, settings.dicom_frames_limit)
    told, worst, worst_number = [], None, 0
    timing: dict[str, float] = {}
    for number in numbers:
        found = _frame(source, number, settings)
        told.append(_summary(number, found))
        for name, spent in found.timing.items():
            timing[name] = round(timing.get(name, 0.0) + spent, 1)
        # Of equals the first one stays.
        if worst is None or badness(found) > badness(worst):
            worst, worst_number = found, number
    if worst is None:
        raise ImageRejected("no-pixels", "the DICOM file holds no frame")
    document = {
        "transfer_syntax": source.syntax,
        "frame": worst_number + 1,
        "frame_count": source.count,
        "frames": told,
    }
    return _finished(worst, source, timing, document)


def _frame(source: DicomObject, number: int, settings: Predicting) -> Examination:
    try:
        return examinations.examine(dicom_frames.decode(source, number), settings)
    except ImageRejected as error:
        raise ImageRejected(error.reason, f"frame {number + 1}: {error.detail}") from error


def badness(found: Examination) -> tuple[float, int]:
    """The greater, the worse: the probability of cancer, or of any lesion where no class is called
    so, and then the lesions' pixels."""
    probabilities = found.classification.probabilities
    if MALIGNANT in probabilities:
        return probabilities[MALIGNANT], found.lesions.pixels
    others = (chance for label, chance in probabilities.items() if label != NORMAL)
    return (sum(others) if NORMAL in probabilities else 0.0), found.lesions.pixels


def _summary(number: int, found: Examination) -> dict[str, Any]:
    """Frames count from 1, as DICOM has it."""
    return {
        "frame": number + 1,
        "label": found.classification.label,
        "probabilities": found.classification.probabilities,
        "lesion_pixels": found.lesions.pixels,
        **({"flags": list(found.flags)} if found.flags else {}),
    }


def _finished(
    worst: Examination, source: DicomObject, timing: dict[str, float], document: dict[str, Any]
) -> Examination:
    regions, box = source.attributes.regions, worst.lesions.bounding_box
    measurements = None
    if box is not None:
        millimetres, why = calibration.spacing(regions, box)
        measurements = examinations.measured(worst.lesions, millimetres, why)
    return dataclasses.replace(
        worst,
        shown=dicom_frames.blanked(worst.decoded.pixels, regions),
        flags=tuple(dict.fromkeys((*source.attributes.flags, *worst.flags))),
        timing=timing,
        measurements=measurements,
        dicom={**document, "blanked": bool(regions)},
        source=Source(
            sop_class=source.attributes.sop_class,
            frame=document["frame"],
            frames=source.count,
            clean=scope.BURNED_IN not in source.attributes.flags or _hides(worst, regions),
        ),
    )


def _hides(found: Examination, regions: tuple[calibration.Region, ...]) -> bool:
    """Whether anything is blanked: of a region as large as the picture nothing is."""
    shape = found.decoded.pixels.shape
    return bool(regions) and not dicom_frames.inside(shape, regions).all()
