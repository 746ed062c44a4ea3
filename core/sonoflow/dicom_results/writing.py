"""A finding as files of DICOM: the room's door. It takes half a second to open."""

from __future__ import annotations

import io

from pydicom.dataset import Dataset

from sonoflow.dicom_results import capture, identity, report, segmentation
from sonoflow.dicom_results.finding import Finding

SEGMENTATION, CAPTURE, REPORT = "segmentation", "capture", "report"


def write(finding: Finding) -> dict[str, bytes]:
    """The files by what they are. No capture of a picture that may show a name."""
    source = identity.stand_in(finding)
    lesions = segmentation.make(finding, source)
    found: dict[str, Dataset] = {SEGMENTATION: lesions}
    if finding.source.clean:
        found[CAPTURE] = capture.make(finding, source)
    found[REPORT] = report.make(finding, source, lesions)
    return {kind: _file(result) for kind, result in found.items()}


def _file(result: Dataset) -> bytes:
    buffer = io.BytesIO()
    result.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()
