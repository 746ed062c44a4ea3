"""Who and what a DICOM result is of: a stand-in for the object that was answered.

Of the object itself nothing is copied. Its UIDs are replaced by ones made of the SHA-256 of its
bytes, which the prediction names too: whoever has the object can make them, nobody else can tell
from them whose it is. Patient and study are empty.
"""

from __future__ import annotations

import hashlib
import uuid

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from sonoflow.dicom_results.finding import Finding

MAKER = "Sonoflow"
NOTICE = "Research use only. Found by software, looked at by nobody. Not for diagnosis."
LABEL = "RESEARCH USE ONLY"
STUDY, SERIES, INSTANCE = "study", "series", "instance"
_METHOD = "no attribute copied; UIDs from SHA-256 of the object"
_IMAGE = "1.2.840.10008.5.1.4.1.1.6.1"  # Ultrasound Image Storage
_EMPTY = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime"),
    *("StudyID", "AccessionNumber", "ReferringPhysicianName"),
)


def uid(*parts: str) -> str:
    """The same for the same parts; a UID of a UUID (PS3.5 B.2)."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}"


def of_source(finding: Finding, kind: str) -> str:
    """What stands for the source's UID of that kind."""
    return uid(kind, finding.sha256)


def of_result(finding: Finding, kind: str, result: str) -> str:
    """Of one result of one answer."""
    return uid(kind, finding.sha256, finding.answer, result)


def stand_in(finding: Finding) -> Dataset:
    """As highdicom wants a source: one frame, without pixels."""
    found = Dataset()
    for keyword in _EMPTY:
        setattr(found, keyword, "")
    found.StudyInstanceUID = of_source(finding, STUDY)
    found.SeriesInstanceUID = of_source(finding, SERIES)
    found.SOPInstanceUID = of_source(finding, INSTANCE)
    found.SOPClassUID, found.Modality = UID(_IMAGE), "US"
    found.Rows, found.Columns = finding.mask.shape
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = (
        UID(_IMAGE),
        found.SOPInstanceUID,
    )
    found.file_meta = meta
    return found


def millimetres(finding: Finding) -> tuple[float, float] | None:
    """Of a pixel, down and across as DICOM has it, where the object says it of the lesions."""
    known = finding.measurements.get("millimetres_per_pixel")
    return (round(known[1], 6), round(known[0], 6)) if known else None


def name_source(result: Dataset, finding: Finding) -> None:
    """Puts class and frame of the object that was answered where the stand-in is referred to."""
    instance = of_source(finding, INSTANCE)

    def named(_: Dataset, element: object) -> None:
        for item in _items(element):
            if item.get("ReferencedSOPInstanceUID") == instance:
                item.ReferencedSOPClassUID = UID(finding.source.sop_class)
                whole = "ReferencedFrameNumber" not in item and "SpatialLocationsPreserved" in item
                if whole and finding.source.frames > 1:
                    item.ReferencedFrameNumber = finding.source.frame

    result.walk(named)


def _items(element: object) -> list[Dataset]:
    value = getattr(element, "value", None)
    return list(value) if getattr(element, "VR", "") == "SQ" and value is not None else []


def sign(result: Dataset, description: str) -> None:
    """What every result says of itself."""
    result.SeriesDescription = f"{LABEL}: {description}"
    result.PatientIdentityRemoved = "YES"
    result.DeidentificationMethod = _METHOD
    result.LongitudinalTemporalInformationModified = "REMOVED"
