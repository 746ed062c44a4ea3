"""The overlay as a DICOM secondary capture, which every viewer shows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from highdicom import CoordinateSystemNames, PhotometricInterpretationValues
from highdicom.sc import SCImage
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset

from sonoflow.dicom_results import identity
from sonoflow.dicom_results.finding import Finding

_BAND = 20  # rows below the picture, for the notice: viewers need not show a tag


def make(finding: Finding, source: Dataset) -> SCImage:
    nothing: dict[str, Any] = dict.fromkeys(
        ("patient_id", "patient_name", "patient_sex", "accession_number", "study_id"), ""
    )
    spacing = identity.millimetres(finding)
    found = SCImage(
        with_notice(finding.shown),
        PhotometricInterpretationValues.RGB,
        bits_allocated=8,
        coordinate_system=CoordinateSystemNames.PATIENT,
        study_instance_uid=str(source.StudyInstanceUID),
        series_instance_uid=identity.of_result(finding, identity.SERIES, "sc"),
        series_number=2,
        sop_instance_uid=identity.of_result(finding, identity.INSTANCE, "sc"),
        instance_number=1,
        manufacturer=identity.MAKER,
        pixel_spacing=spacing,
        patient_orientation=("L", "P"),
        **nothing,
    )
    # highdicom asks for an orientation, and leaves out that a side may be unknown.
    found["PatientOrientation"].value = None
    found.add_new("Laterality", "CS", "")
    found.ImageComments = identity.NOTICE
    found.DerivationDescription = "The outline of lesions that software found, on the picture"
    found.BurnedInAnnotation = "NO"
    identity.sign(found, "overlay")
    return found


def with_notice(shown: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The picture, and below it a band that says what it is for."""
    height, width, _ = shown.shape
    image = Image.new("RGB", (width, height + _BAND))
    image.paste(Image.fromarray(shown))
    font = ImageFont.load_default(size=min(14.0, width / 13))
    ImageDraw.Draw(image).text((3, height + 2), identity.LABEL, fill=(255, 255, 255), font=font)
    return np.asarray(image)
