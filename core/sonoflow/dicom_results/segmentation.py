"""The lesions as a DICOM segmentation (SEG): one segment, of the frame that was answered."""

from __future__ import annotations

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.seg import (
    SegmentAlgorithmTypeValues,
    SegmentationTypeValues,
    SegmentDescription,
)
from highdicom.seg import Segmentation as Document
from highdicom.sr.coding import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from sonoflow.dicom_results import identity
from sonoflow.dicom_results.finding import Finding

LESION = CodedConcept("52988006", "SCT", "Lesion")
_DESCRIPTION = "lesions"


def make(finding: Finding, source: Dataset) -> Document:
    """All lesions are one segment, as in the mask."""
    algorithm = finding.segmenter
    lesions = SegmentDescription(
        segment_number=1,
        segment_label="lesion",
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=LESION,
        algorithm_type=SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=AlgorithmIdentificationSequence(
            algorithm.name, codes.DCM.ArtificialIntelligence, algorithm.version
        ),
    )
    found = Document(
        [source],
        np.ascontiguousarray(finding.mask),
        SegmentationTypeValues.BINARY,
        [lesions],
        series_instance_uid=identity.of_result(finding, identity.SERIES, "seg"),
        series_number=1,
        sop_instance_uid=identity.of_result(finding, identity.INSTANCE, "seg"),
        instance_number=1,
        manufacturer=identity.MAKER,
        manufacturer_model_name=algorithm.name,
        software_versions=algorithm.version,
        device_serial_number=algorithm.version,
        content_description=f"{identity.LABEL}: {_DESCRIPTION}",
        content_label="LESIONS",
    )
    _dimensions(found, identity.uid("dimensions", str(found.SOPInstanceUID)))
    found.PatientOrientation = None  # of what a hand holds nothing is known
    identity.name_source(found, finding)
    identity.sign(found, _DESCRIPTION)
    return found


def _dimensions(found: Dataset, uid: str) -> None:
    """Drawn at random otherwise: the same answer is to be the same object."""
    for item in (*found.DimensionOrganizationSequence, *found.DimensionIndexSequence):
        item.DimensionOrganizationUID = uid
