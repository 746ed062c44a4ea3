"""Puts a patient's name back into the results in DICOM, where the object is that they answer.

    python -m operations identify scan.dcm scan.dcm.seg.dcm scan.dcm.sr.dcm --out identified/

In the results bucket nothing names the patient, and other UIDs stand in the place of the object's
(docs/dicom.md). This asks nothing of AWS and sends nothing anywhere: it reads the files that it is
given and writes into a folder, never over a file. What it writes names the patient.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
from pathlib import Path

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from sonoflow.dicom_results import identity

# Of the patient and study, PS3.3 C.7.1.1 and C.7.2.1; what they are written in comes first.
_COPIED = (
    *("SpecificCharacterSet", "PatientName", "PatientID", "IssuerOfPatientID"),
    *("PatientBirthDate", "PatientSex", "PatientAge", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName", "StudyDescription"),
)
_UNTRUE_THEN = (
    *("PatientIdentityRemoved", "DeidentificationMethod"),
    "LongitudinalTemporalInformationModified",
)
_UIDS = {
    identity.STUDY: "StudyInstanceUID",
    identity.SERIES: "SeriesInstanceUID",
    identity.INSTANCE: "SOPInstanceUID",
}


class NotIdentified(Exception):
    """Says which file, and why."""


def identified(source: bytes, result: bytes) -> bytes:
    """The result with the object's patient, study and UIDs. Raises NotIdentified."""
    whole = _read(source, "the object")
    digest = hashlib.sha256(source).hexdigest()
    uids = {}
    for kind, keyword in _UIDS.items():
        if not whole.get(keyword):
            raise NotIdentified(f"the object has no {keyword}")
        uids[identity.uid(kind, digest)] = str(whole[keyword].value)
    found = _read(result, "the result")
    if found.get("StudyInstanceUID") != identity.uid(identity.STUDY, digest):
        raise NotIdentified("it is no answer to this object, or to another copy of it")

    def renamed(_: Dataset, element: pydicom.DataElement) -> None:
        if element.VR == "UI" and str(element.value) in uids:
            element.value = uids[str(element.value)]

    found.walk(renamed)
    for keyword in _COPIED:
        if keyword in whole:
            found[keyword] = whole[keyword]
    for keyword in _UNTRUE_THEN:
        if keyword in found:
            delattr(found, keyword)
    buffer = io.BytesIO()
    found.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _read(data: bytes, what: str) -> Dataset:
    try:
        return pydicom.dcmread(io.BytesIO(data))
    except InvalidDicomError as error:
        raise NotIdentified(f"{what} is no DICOM file") from error


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m operations identify", description=__doc__)
    parser.add_argument("source", type=Path, help="the object that was dropped into the inbox")
    parser.add_argument("results", type=Path, nargs="+", help="files from dicom/ that answer it")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to")
    arguments = parser.parse_args(argv)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for path in arguments.results:
        target = arguments.out / path.name
        try:
            content = identified(arguments.source.read_bytes(), path.read_bytes())
            with target.open("xb") as file:
                file.write(content)
        except (NotIdentified, OSError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
        print(target)
    return 0


if __name__ == "__main__":
    sys.exit(main())
