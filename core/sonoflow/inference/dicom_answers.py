"""What an answer to a DICOM object says in DICOM: segmentation, capture of the overlay, report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sonoflow import dicom_names, keys
from sonoflow.dicom_results import writing
from sonoflow.dicom_results.finding import Algorithm, Finding, Source
from sonoflow.inference import overlays
from sonoflow.inference.answers import Answer
from sonoflow.inference.examinations import Examination
from sonoflow.inference.image_endpoints import Model

CONTENT_TYPE = "application/dicom"
_ENDINGS: Final = {
    writing.SEGMENTATION: dicom_names.SEGMENTATION,
    writing.CAPTURE: dicom_names.CAPTURE,
    writing.REPORT: dicom_names.REPORT,
}


def write(
    path: str, found: Examination, source: Source, sha256: str, answer: Answer
) -> dict[str, str]:
    """Their keys by what they are; nothing where there is no lesion. Raises Overtaken."""
    if not found.lesions.pixels or found.measurements is None:
        return {}
    label = found.classification.label
    finding = Finding(
        sha256=sha256,
        answer=answer.label(),
        source=source,
        mask=found.lesions.mask,
        shown=overlays.outlined(found.shown, found.lesions.mask),
        label=label,
        probability=found.classification.probabilities[label],
        measurements=found.measurements,
        classifier=_algorithm("classifier", found.classification.model),
        segmenter=_algorithm("segmenter", found.segmenter),
    )
    return dict(_written(path, writing.write(finding), answer))


def _written(path: str, files: dict[str, bytes], answer: Answer) -> Iterator[tuple[str, str]]:
    for kind, content in files.items():
        key = keys.dicom_results(path)[_ENDINGS[kind]]
        answer.write(key, content, CONTENT_TYPE)
        yield kind, key


def _algorithm(role: str, model: Model) -> Algorithm:
    """By its role: a model's own name is an operator's, and of any length."""
    return Algorithm(f"Sonoflow {role}", model.version[:64])
